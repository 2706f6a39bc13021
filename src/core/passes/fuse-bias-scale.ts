import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { type Affine, applyAffine, type Linear, linearBefore, perChannel, replaceByLinear } from './linear-node.ts';
import type { Pass } from './pass.ts';
import { floatTensor } from './tensors.ts';
import { broadcastsFromTheBack, passGraphs, producerOf, soleConsumer } from './visit.ts';

/** The operators whose constant operand is a factor or an offset, and how an operand becomes one. */
const operators: Readonly<Record<string, (operand: Float64Array) => Affine>> = {
  Add: (shift) => ({ shift }),
  Sub: (operand) => ({ shift: operand.map((each) => -each) }),
  Mul: (scale) => ({ scale }),
  Div: (operand) => ({ scale: operand.map((each) => 1 / each) }),
};

/**
 * `a = Conv(x, W); y = Add(a, c)` with `c` one number a channel
 * becomes `y = Conv(x, W, c)`; likewise Sub, Mul and Div, after ConvTranspose, Gemm, MatMul and
 * BatchNormalization, whose weights may be there where those of a convolution before it are not.
 */
export const fuseBiasScale: Pass = {
  name: 'fuse-bias-scale',
  title: english`Fold constant offsets and factors into weights`,
  summary: english`Adds or multiplies a constant per channel into the weights and bias of the convolution, Gemm or normalization before it.`,
  exactness: 'rounding',
  async run(draft, { facts }) {
    for (const graph of passGraphs(draft)) {
      if (!broadcastsFromTheBack(graph)) continue;
      for (const { id, opType, domain } of graph.nodes()) {
        const node = domain === '' && opType in operators ? graph.node(id) : undefined;
        if (node) await fuse(graph, facts, node);
      }
    }
  },
};

/** `y = Mul(Add(MatMul(x, W), b), s)` becomes `Add(MatMul(x, s·W), s·b)`, where a Gemm cannot hold `b`. */
async function scaleProductAndBias(graph: GraphDraft, facts: Facts, node: Node, place: number): Promise<boolean> {
  const sum = producerOf(graph, node.inputs[place], 'Add');
  const operand = graph.constant(node.inputs[1 - place]!);
  if (!sum || !operand || soleConsumer(graph, node.inputs[place]!) !== node) return false;
  for (const side of [0, 1]) {
    const linear = linearBefore(graph, facts, sum, sum.inputs[side]!);
    const bias = graph.constant(sum.inputs[1 - side]!);
    if (linear?.node.opType !== 'MatMul' || !bias) continue;
    const values = await perChannel(linear, operand);
    const shift = await perChannel(linear, bias);
    const affine = values && operators[node.opType]!(values);
    if (!affine?.scale || !shift || !isSafe(linear, affine)) continue;
    const made = await applyAffine(graph, linear, affine);
    if (!made) continue;
    const name = graph.freshName(bias.name);
    const scaled = floatTensor(
      name,
      bias.dtype,
      [linear.channels],
      shift.map((each, channel) => each * affine.scale![channel]!),
    );
    return graph.rewrite(node, english`${linear.node.opType} can do it with its own weights.`, (edit) => {
      const product = graph.freshName(linear.node.outputs[0]!);
      edit.setInitializer(made.weight);
      edit.setInitializer(scaled);
      edit.change(linear.node, { inputs: [linear.node.inputs[0]!, made.weight.name], outputs: [product] });
      edit.remove(sum);
      edit.remove(node);
      edit.add({ opType: 'Add', name: sum.name, inputs: [product, name], outputs: node.outputs }, [sum, node]);
    });
  }
  return false;
}

async function fuse(graph: GraphDraft, facts: Facts, node: Node): Promise<void> {
  const commutes = node.opType === 'Add' || node.opType === 'Mul';
  for (const place of commutes ? [0, 1] : [0]) {
    const isScale = node.opType === 'Mul' || node.opType === 'Div';
    if (isScale && (await scaleProductAndBias(graph, facts, node, place))) return;
    const linear = linearBefore(graph, facts, node, node.inputs[place]!);
    const operand = graph.constant(node.inputs[1 - place]!);
    if (!linear || !operand) continue;
    const values = await perChannel(linear, operand);
    const affine = values && operators[node.opType]!(values);
    if (!affine || !isSafe(linear, affine)) continue;
    const made = await applyAffine(graph, linear, affine);
    if (!made) continue;
    replaceByLinear(graph, linear, node, made, english`${linear.node.opType} can do it with its own weights.`);
    return;
  }
}

/** MatMul has no bias, and a factor that is not finite would change what 0 times the weight is. */
function isSafe({ node, rank }: Linear, { scale, shift }: Affine): boolean {
  if (scale && !scale.every((each) => Number.isFinite(each))) return false;
  return node.opType !== 'MatMul' || !shift || rank === 2;
}
