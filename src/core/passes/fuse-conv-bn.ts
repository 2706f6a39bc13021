import { english } from '../english.ts';
import { floatAttribute } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { type Affine, applyAffine, isInference, linearBefore, replaceByLinear } from './linear-node.ts';
import type { Pass } from './pass.ts';
import { readFloats } from './tensors.ts';
import { passGraphs } from './visit.ts';

/**
 * `a = Conv(x, W, b); y = BatchNormalization(a, γ, β, μ, σ²)`
 * becomes `y = Conv(x, W·γ/√(σ²+ε), (b−μ)·γ/√(σ²+ε)+β)`; also after ConvTranspose, Gemm,
 * MatMul of rank 2, and another BatchNormalization.
 */
export const fuseConvBn: Pass = {
  name: 'fuse-conv-bn',
  title: english`Fold BatchNormalization into weights`,
  summary: english`Scales the weights of a convolution or Gemm by the batch normalization that follows it alone.`,
  exactness: 'rounding',
  async run(draft, { facts }) {
    for (const graph of passGraphs(draft)) {
      for (const { id, opType, domain } of graph.nodes()) {
        const node = domain === '' && opType === 'BatchNormalization' ? graph.node(id) : undefined;
        if (node) await fuse(graph, facts, node);
      }
    }
  },
};

async function fuse(graph: GraphDraft, facts: Facts, node: Node): Promise<void> {
  const linear = linearBefore(graph, facts, node, node.inputs[0]!);
  // BatchNormalization normalizes axis 1; a MatMul of higher rank has its channels last.
  if (linear?.channelAxis !== 1 || !isInference(graph, node)) return;
  const affine = await affineOf(graph, node);
  if (affine?.scale?.length !== linear.channels) return;
  const made = await applyAffine(graph, linear, affine);
  if (made)
    replaceByLinear(
      graph,
      linear,
      node,
      made,
      english`Inference scales each channel by a constant, as ${linear.node.opType} can.`,
    );
}

/** A BatchNormalization as factor and offset of each channel. */
async function affineOf(graph: GraphDraft, node: Node): Promise<Affine | undefined> {
  const constants = node.inputs.slice(1, 5).map((name) => graph.constant(name));
  const [gamma, beta, mean, variance] = await Promise.all(
    constants.map((constant) => (constant ? readFloats(constant) : undefined)),
  );
  if (!gamma || !beta || !mean || !variance) return undefined;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const scale = gamma.map((factor, channel) => factor / Math.sqrt(variance[channel]! + epsilon));
  return { scale, shift: beta.map((offset, channel) => offset - mean[channel]! * scale[channel]!) };
}
