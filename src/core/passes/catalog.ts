import { eliminateDeadCode } from './eliminate-dead-code.ts';
import { eliminateDuplicates } from './eliminate-duplicates.ts';
import { eliminateIdentity } from './eliminate-identity.ts';
import { eliminateNeutral } from './eliminate-neutral.ts';
import { eliminateNoOp } from './eliminate-no-op.ts';
import { foldConstants } from './fold-constants.ts';
import { foldShapes } from './fold-shapes.ts';
import { freezeInitializers } from './freeze-initializers.ts';
import { fuseBiasScale } from './fuse-bias-scale.ts';
import { fuseConvBn } from './fuse-conv-bn.ts';
import { fuseReciprocal } from './fuse-reciprocal.ts';
import { hoistConstants } from './hoist-constants.ts';
import { mergeCasts } from './merge-casts.ts';
import { mergeConcats } from './merge-concats.ts';
import { mergeInitializers } from './merge-initializers.ts';
import { mergeSlices } from './merge-slices.ts';
import { mergeSqueezes } from './merge-squeezes.ts';
import { mergeTransposes } from './merge-transposes.ts';
import type { Pass } from './pass.ts';
import { shareShapes } from './share-shapes.ts';
import { simplifyReshape } from './simplify-reshape.ts';

/** Every pass there is, in the order in which they run. */
export const catalog: readonly Pass[] = [
  freezeInitializers,
  hoistConstants,
  eliminateIdentity,
  eliminateDeadCode,
  foldShapes,
  simplifyReshape,
  shareShapes,
  eliminateNoOp,
  eliminateNeutral,
  mergeCasts,
  mergeTransposes,
  mergeSqueezes,
  mergeSlices,
  mergeConcats,
  foldConstants,
  mergeInitializers,
  eliminateDuplicates,
  fuseConvBn,
  fuseBiasScale,
  fuseReciprocal,
];
