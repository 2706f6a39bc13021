import { bypassBeforeShape } from './bypass-before-shape.ts';
import { einsumToMatmul } from './einsum-to-matmul.ts';
import { eliminateDeadCode } from './eliminate-dead-code.ts';
import { eliminateDuplicates } from './eliminate-duplicates.ts';
import { eliminateExpand } from './eliminate-expand.ts';
import { eliminateIdempotent } from './eliminate-idempotent.ts';
import { eliminateIdentity } from './eliminate-identity.ts';
import { eliminateInvolution } from './eliminate-involution.ts';
import { eliminateNeutral, eliminateZeroBias } from './eliminate-neutral.ts';
import { eliminateNoOp } from './eliminate-no-op.ts';
import { eliminateSplitConcat } from './eliminate-split-concat.ts';
import { eliminateWhere } from './eliminate-where.ts';
import { foldConstants } from './fold-constants.ts';
import { foldShapes } from './fold-shapes.ts';
import { freezeInitializers } from './freeze-initializers.ts';
import { fuseBiasScale } from './fuse-bias-scale.ts';
import { fuseConvBn } from './fuse-conv-bn.ts';
import { fuseGelu } from './fuse-gelu.ts';
import { fuseLayerNormalization } from './fuse-layer-normalization.ts';
import { fuseMatmulAdd } from './fuse-matmul-add.ts';
import { fusePad } from './fuse-pad.ts';
import { fuseReciprocal } from './fuse-reciprocal.ts';
import { fuseReduceSqueeze } from './fuse-reduce-squeeze.ts';
import { fuseReduceUnsqueeze } from './fuse-reduce-unsqueeze.ts';
import { fuseRmsNormalization } from './fuse-rms-normalization.ts';
import { fuseSpaceToDepth } from './fuse-space-to-depth.ts';
import { fuseTanhGelu } from './fuse-tanh-gelu.ts';
import { fuseTransposeGemm } from './fuse-transpose-gemm.ts';
import { fuseWhereNot } from './fuse-where-not.ts';
import { hoistConstants } from './hoist-constants.ts';
import { inlineFunctions } from './inline-functions.ts';
import { inlineIf } from './inline-if.ts';
import { mergeCasts } from './merge-casts.ts';
import { mergeClips } from './merge-clips.ts';
import { mergeConcats } from './merge-concats.ts';
import { mergeConstantOperands } from './merge-constant-operands.ts';
import { mergeInitializers } from './merge-initializers.ts';
import { mergeSiblingMatmul } from './merge-sibling-matmul.ts';
import { mergeSlices } from './merge-slices.ts';
import { mergeSqueezes } from './merge-squeezes.ts';
import { mergeTransposes } from './merge-transposes.ts';
import type { Pass } from './pass.ts';
import { pushTransposes, pushTransposesFurther } from './push-transposes.ts';
import { raiseOpset } from './raise-opset.ts';
import { shareShapes } from './share-shapes.ts';
import { simplifyReshape } from './simplify-reshape.ts';
import { slicesToSplit } from './slices-to-split.ts';
import { sortNodes } from './sort-nodes.ts';
import { transposeToReshape } from './transpose-to-reshape.ts';

/** Every pass there is, in the order in which they run. */
export const catalog: readonly Pass[] = [
  sortNodes,
  freezeInitializers,
  raiseOpset,
  inlineFunctions,
  inlineIf,
  hoistConstants,
  eliminateIdentity,
  eliminateDeadCode,
  foldShapes,
  simplifyReshape,
  bypassBeforeShape,
  shareShapes,
  eliminateNoOp,
  eliminateExpand,
  eliminateNeutral,
  eliminateZeroBias,
  eliminateIdempotent,
  eliminateInvolution,
  eliminateWhere,
  fuseWhereNot,
  fuseReduceUnsqueeze,
  fuseReduceSqueeze,
  mergeCasts,
  mergeClips,
  mergeTransposes,
  pushTransposes,
  pushTransposesFurther,
  transposeToReshape,
  mergeSqueezes,
  mergeSlices,
  fuseSpaceToDepth,
  slicesToSplit,
  mergeConcats,
  eliminateSplitConcat,
  foldConstants,
  mergeInitializers,
  eliminateDuplicates,
  einsumToMatmul,
  fuseLayerNormalization,
  fuseGelu,
  fuseTanhGelu,
  fusePad,
  fuseConvBn,
  fuseBiasScale,
  mergeConstantOperands,
  mergeSiblingMatmul,
  fuseMatmulAdd,
  fuseTransposeGemm,
  fuseReciprocal,
  fuseRmsNormalization,
];
