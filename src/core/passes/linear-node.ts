/**
 * Nodes that are linear in their input with constant weights, and what a factor and an offset per output channel do to
 * their weights: `s·(W·x + b) + t = (s·W)·x + (s·b + t)`. Computed in float64 and rounded once.
 */
import { floatAttribute, intAttribute } from '../graph/attribute.ts';
import { elementCount, isFloat } from '../graph/data-type.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node, Tensor } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { rankOf } from './shape-facts.ts';
import { floatTensor, ownFloats, readFloats } from './tensors.ts';
import { defaultOpset, hasInput, soleConsumer } from './visit.ts';

export const linearOperators: ReadonlySet<string> = new Set([
  'BatchNormalization',
  'Conv',
  'ConvTranspose',
  'Gemm',
  'MatMul',
]);

/** A factor and an offset for each output channel. */
export interface Affine {
  readonly scale?: Float64Array;
  readonly shift?: Float64Array;
}

/** A linear node with what is needed to scale its weights. */
export interface Linear {
  readonly node: Node;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly channels: number;
  /** Rank of its output. */
  readonly rank: number;
  /** Axis of the output that the channels are. */
  readonly channelAxis: number;
  /** Elements of the weight in a row that belong to one output channel: a block. */
  readonly block: number;
  /** Output channel of the block at this place of the weight. */
  readonly channelOf: (block: number) => number;
}

/** The node as a linear one; undefined when its weights are not constants of its own, or its form is another. */
export function linearOf(graph: GraphDraft, facts: Facts, node: Node): Linear | undefined {
  const weight = graph.constant(node.inputs[1] ?? '');
  const bias = hasInput(node, 2) ? graph.constant(node.inputs[2]!) : undefined;
  if (!weight || !isFloat(weight.dtype) || (hasInput(node, 2) && !bias)) return undefined;
  // Weights that others read, too, would be stored twice.
  const shared =
    graph.consumers(weight.name).length > 1 || graph.isOutput(weight.name) || node.inputs[0] === weight.name;
  if (shared && weight.data.byteLength > 4096) return undefined;
  const form = formOf(graph, facts, node, weight);
  if (!form) return undefined;
  if (bias && (bias.dtype !== weight.dtype || !isPerChannel(bias, form.channels, node.opType === 'Gemm')))
    return undefined;
  return { node, weight, bias, ...form };
}

type Form = Pick<Linear, 'channels' | 'rank' | 'channelAxis' | 'block' | 'channelOf'>;

function formOf(graph: GraphDraft, facts: Facts, node: Node, weight: Tensor): Form | undefined {
  const { dims } = weight;
  const rank = dims.length;
  switch (node.opType) {
    case 'Conv': {
      if (rank < 3) return undefined;
      const block = elementCount(dims.slice(1));
      return { channels: dims[0]!, rank, channelAxis: 1, block, channelOf: (index) => index };
    }
    case 'ConvTranspose': {
      // Weights are (inputs, outputs of a group, …): the inputs of group g make the outputs of group g.
      const groups = intAttribute(node, 'group', 1);
      const inputs = dims[0]! / groups;
      const outputs = dims[1]!;
      const block = elementCount(dims.slice(2));
      if (rank < 3 || !Number.isInteger(inputs)) return undefined;
      const channelOf = (index: number) => Math.floor(index / outputs / inputs) * outputs + (index % outputs);
      return { channels: outputs * groups, rank, channelAxis: 1, block, channelOf };
    }
    case 'Gemm': {
      if (rank !== 2 || floatAttribute(node, 'beta', 1) !== 1) return undefined;
      const transposed = intAttribute(node, 'transB', 0) !== 0;
      const [rows, columns] = [dims[0]!, dims[1]!];
      return transposed
        ? { channels: rows, rank, channelAxis: 1, block: columns, channelOf: (index) => index }
        : { channels: columns, rank, channelAxis: 1, block: 1, channelOf: (index) => index % columns };
    }
    case 'MatMul': {
      const inputRank = rankOf(facts, graph, node.inputs[0]);
      if (rank !== 2 || inputRank === undefined || inputRank < 2) return undefined;
      const columns = dims[1]!;
      return {
        channels: columns,
        rank: inputRank,
        channelAxis: inputRank - 1,
        block: 1,
        channelOf: (index) => index % columns,
      };
    }
    case 'BatchNormalization': {
      // Its factors are the weights: one a channel.
      const inputRank = rankOf(facts, graph, node.inputs[0]);
      if (rank !== 1 || inputRank === undefined || inputRank < 2 || !isInference(graph, node)) return undefined;
      return { channels: dims[0]!, rank: inputRank, channelAxis: 1, block: 1, channelOf: (index) => index };
    }
    default:
      return undefined;
  }
}

/** Whether a BatchNormalization only normalizes by its constants, over all positions, with no other output read. */
export function isInference(graph: GraphDraft, node: Node): boolean {
  const opset = defaultOpset(graph);
  if (opset < 7 || intAttribute(node, 'training_mode', 0) !== 0) return false;
  if (opset < 9 && intAttribute(node, 'spatial', 1) === 0) return false;
  return node.outputs
    .slice(1)
    .every((output) => output === '' || (!graph.isOutput(output) && graph.consumers(output).length === 0));
}

function isPerChannel({ dims }: Tensor, channels: number, broadcasts: boolean): boolean {
  if (dims.length === 1) return dims[0] === channels;
  return broadcasts && (elementCount(dims) === 1 || (dims.length === 2 && dims[0] === 1 && dims[1] === channels));
}

/**
 * The factors or offsets that a constant operand means for the channels of a linear node; undefined when it broadcasts
 * over another axis, or not at all.
 */
export async function perChannel(linear: Linear, constant: Tensor): Promise<Float64Array | undefined> {
  const { dims } = constant;
  const offset = linear.rank - dims.length;
  if (offset < 0 || constant.dtype !== linear.weight.dtype) return undefined;
  const size = dims[linear.channelAxis - offset] ?? 1;
  if (elementCount(dims) !== size || (size !== 1 && size !== linear.channels)) return undefined;
  const values = await readFloats(constant);
  return values && (size === 1 ? new Float64Array(linear.channels).fill(values[0]!) : values);
}

/** New weights and bias after an affine step, under new names. */
export async function applyAffine(
  graph: GraphDraft,
  linear: Linear,
  { scale, shift }: Affine,
): Promise<{ weight: Tensor; bias: Tensor | undefined } | undefined> {
  const { weight, bias, channels } = linear;
  const scaled = scale ? await scaleWeight(graph, linear, scale) : weight;
  if (!scaled) return undefined;
  if (!bias && !shift) return { weight: scaled, bias: undefined };
  const given = bias ? await readFloats(bias) : new Float64Array(channels);
  if (!given) return undefined;
  const offsets = given.length === channels ? given : new Float64Array(channels).fill(given[0]!);
  for (let channel = 0; channel < channels; channel++) {
    offsets[channel] = offsets[channel]! * (scale?.[channel] ?? 1) + (shift?.[channel] ?? 0);
  }
  const base = bias?.name ?? `${weight.name}_bias`;
  return { weight: scaled, bias: floatTensor(graph.freshName(base), weight.dtype, [channels], offsets) };
}

/** The weight times a factor for each output channel. Each product is computed in float64 and rounded once. */
async function scaleWeight(
  graph: GraphDraft,
  { weight, block, channelOf }: Linear,
  scale: Float64Array,
): Promise<Tensor | undefined> {
  const values = await ownFloats(weight);
  if (!values) return undefined;
  for (let start = 0, index = 0; start < values.length; start += block, index++) {
    const factor = scale[channelOf(index)]!;
    for (let element = start; element < start + block; element++) values[element]! *= factor;
  }
  return floatTensor(graph.freshName(weight.name), weight.dtype, weight.dims, values);
}

/** The linear node whose only reader is `node`, through its input `value`. */
export function linearBefore(graph: GraphDraft, facts: Facts, node: Node, value: string): Linear | undefined {
  const producer = graph.producer(value);
  if (producer?.domain !== '' || !linearOperators.has(producer.opType)) return undefined;
  return soleConsumer(graph, value) === node ? linearOf(graph, facts, producer) : undefined;
}

/** Puts the linear node with its new weights in the place of itself and the affine node after it. */
export function replaceByLinear(
  graph: GraphDraft,
  linear: Linear,
  after: Node,
  made: { readonly weight: Tensor; readonly bias: Tensor | undefined },
  why: string,
): void {
  const { node, weight } = linear;
  graph.rewrite(after, why, (edit) => {
    edit.remove(after);
    if (made.weight !== weight) edit.setInitializer(made.weight);
    if (made.bias) edit.setInitializer(made.bias);
    // What a BatchNormalization normalizes by stays.
    const inputs = [node.inputs[0]!, made.weight.name, ...(made.bias ? [made.bias.name] : []), ...node.inputs.slice(3)];
    // A MatMul with a bias is a Gemm; callers made sure that its input has rank 2.
    const opType = made.bias && node.opType === 'MatMul' ? 'Gemm' : node.opType;
    edit.remove(node);
    edit.add({ opType, name: node.name, inputs, outputs: [after.outputs[0]!], attributes: node.attributes }, [
      node,
      after,
    ]);
  });
}
