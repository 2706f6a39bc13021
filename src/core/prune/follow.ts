import { intAttribute, intsAttribute } from '../graph/attribute.ts';
import { elementCount } from '../graph/data-type.ts';
import type { Node, Tensor } from '../graph/model.ts';
import { constantNumbers } from '../passes/tensors.ts';
import type { Channels, Dependencies } from './dependencies.ts';

type Follow = (dependencies: Dependencies, node: Node) => void;

/** Follows channels through one node. What is not known here keeps all channels that it reads. */
export function followNode(dependencies: Dependencies, node: Node): void {
  const follow = node.domain === '' ? operators.get(node.opType) : undefined;
  if (follow) follow(dependencies, node);
  else keepInputs(dependencies, node);
}

function keepInputs(dependencies: Dependencies, node: Node): void {
  for (const input of node.inputs) dependencies.pinValue(input);
  for (const body of dependencies.graph.bodies(node)) for (const name of body.captures()) dependencies.pinValue(name);
}

/** Every channel alone, at the same place. */
const sameChannels: Follow = (dependencies, { inputs, outputs }) => {
  const channels = dependencies.of(inputs[0]);
  for (const input of inputs.slice(1)) dependencies.pinValue(input);
  if (channels) dependencies.set(outputs[0]!, channels);
};

/** As `sameChannels`, for operators whose further outputs are no channels. */
const firstOutputOnly: Follow = (dependencies, node) => {
  if (node.outputs.slice(1).some((output) => output !== '')) keepInputs(dependencies, node);
  else sameChannels(dependencies, node);
};

const convolution: Follow = (dependencies, node) => {
  const [x, w] = node.inputs;
  const weight = dependencies.weight(w);
  const read = dependencies.of(x);
  const group = intAttribute(node, 'group', 1);
  if (!weight || weight.dims.length < 3) return keepInputs(dependencies, node);
  const transposed = node.opType === 'ConvTranspose';
  const [outAxis, inAxis] = transposed ? [1, 0] : [0, 1];
  if (group === 1) {
    cutInput(dependencies, node, weight, inAxis, read, 1);
    return makeChannels(dependencies, node, { weight, axis: outAxis, valueAxis: 1 });
  }
  const depthwise = !transposed && group === weight.dims[0] && weight.dims[1] === 1;
  if (!depthwise || !read || read.axis !== 1 || read.ids.length !== group) return keepInputs(dependencies, node);
  dependencies.cuts.push({ node, input: 1, axis: 0, ids: read.ids });
  dependencies.counts.push({ node, kind: 'group', ids: read.ids });
  if (!cutVector(dependencies, node, 2, read.ids)) dependencies.pin(read.ids);
  dependencies.set(node.outputs[0]!, read);
};

const gemm: Follow = (dependencies, node) => {
  const [a, b] = node.inputs;
  const weight = dependencies.weight(b);
  if (weight?.dims.length !== 2 || intAttribute(node, 'transA', 0) !== 0) return keepInputs(dependencies, node);
  const inAxis = intAttribute(node, 'transB', 0) === 0 ? 0 : 1;
  cutInput(dependencies, node, weight, inAxis, dependencies.of(a), 1);
  makeChannels(dependencies, node, { weight, axis: 1 - inAxis, valueAxis: 1 });
};

const matMul: Follow = (dependencies, node) => {
  const [a, b] = node.inputs;
  const weight = dependencies.weight(b);
  const rank = dependencies.dims(a)?.length;
  if (weight?.dims.length !== 2 || rank === undefined || rank < 2) return keepInputs(dependencies, node);
  cutInput(dependencies, node, weight, 0, dependencies.of(a), rank - 1);
  makeChannels(dependencies, node, { weight, axis: 1, valueAxis: rank - 1 });
};

/** The axis of a weight along which a node sums over the channels that it reads. */
function cutInput(
  dependencies: Dependencies,
  node: Node,
  weight: Tensor,
  axis: number,
  read: Channels | undefined,
  valueAxis: number,
): void {
  if (!read) return;
  if (read.axis === valueAxis && read.ids.length === weight.dims[axis])
    dependencies.cuts.push({ node, input: 1, axis, ids: read.ids });
  else dependencies.pin(read.ids);
}

/** New channels, one for each filter of a layer, and one element each of its bias. */
function makeChannels(
  dependencies: Dependencies,
  node: Node,
  { weight, axis, valueAxis }: { readonly weight: Tensor; readonly axis: number; readonly valueAxis: number },
): void {
  const ids = dependencies.fresh(weight.dims[axis]!);
  dependencies.sources.push({ node: node.id, tensor: weight, axis, ids });
  dependencies.cuts.push({ node, input: 1, axis, ids });
  if (!cutVector(dependencies, node, 2, ids)) {
    dependencies.pin(ids);
    dependencies.pinValue(node.inputs[2]);
  }
  dependencies.set(node.outputs[0]!, { axis: valueAxis, ids });
}

/**
 * A bias or the like: one element a channel along the last axis, or one for all, or none. False when it cannot be cut.
 */
function cutVector(dependencies: Dependencies, node: Node, input: number, ids: Int32Array): boolean {
  const value = node.inputs[input];
  if (!value) return true;
  const constant = dependencies.graph.constant(value);
  if (constant && elementCount(constant.dims) === 1 && ids.length > 1) return true;
  const tensor = dependencies.weight(value);
  const axis = (tensor?.dims.length ?? 0) - 1;
  if (!tensor || axis < 0 || tensor.dims[axis] !== ids.length || elementCount(tensor.dims) !== ids.length) return false;
  dependencies.cuts.push({ node, input, axis, ids });
  return true;
}

/** Scales and offsets with one element a channel. */
const normalization: Follow = (dependencies, node) => {
  const read = dependencies.of(node.inputs[0]);
  const inference = intAttribute(node, 'training_mode', 0) === 0 && !node.outputs.slice(1).some(Boolean);
  if (!read) return;
  if (read.axis !== 1 || !inference) return keepInputs(dependencies, node);
  const cut = node.inputs.slice(1).map((_, index) => cutVector(dependencies, node, index + 1, read.ids));
  if (!cut.every(Boolean)) dependencies.pin(read.ids);
  dependencies.set(node.outputs[0]!, read);
};

/** Sums, products and the like: channels at the same place belong together. */
const elementwise: Follow = (dependencies, node) => {
  const { graph } = dependencies;
  const [output] = node.outputs;
  const rank = dependencies.dims(output)?.length;
  const tracked = node.inputs.filter((input) => dependencies.of(input));
  const [first] = tracked;
  if (first === undefined) return;
  const alignedAxis = (value: string, axis: number): number | undefined => {
    const own = dependencies.dims(value)?.length ?? graph.constant(value)?.dims.length;
    return own === undefined || rank === undefined ? undefined : axis + rank - own;
  };
  const { axis: firstAxis, ids } = dependencies.of(first)!;
  const axis = alignedAxis(first, firstAxis);
  const fits = node.inputs.every((input, index) => {
    if (input === '') return true;
    const channels = dependencies.of(input);
    if (channels) return alignedAxis(input, channels.axis) === axis && channels.ids.length === ids.length;
    return axis !== undefined && rank !== undefined && spreadsOver(dependencies, node, index, axis - rank, ids);
  });
  if (!fits || axis === undefined) return keepInputs(dependencies, node);
  for (const input of tracked) dependencies.join(ids, dependencies.of(input)!.ids);
  dependencies.set(output!, { axis, ids });
};

/** Whether an operand without channels of its own is the same for all, or a constant that can be cut; `axis` from the end. */
function spreadsOver(dependencies: Dependencies, node: Node, input: number, axis: number, ids: Int32Array): boolean {
  const value = node.inputs[input]!;
  const dims = dependencies.graph.constant(value)?.dims ?? dependencies.dims(value);
  if (!dims) return false;
  const at = dims.length + axis;
  if (at < 0 || dims[at] === 1) return true;
  if (dependencies.weight(value)?.dims[at] !== ids.length) return false;
  dependencies.cuts.push({ node, input, axis: at, ids });
  return true;
}

const concat: Follow = (dependencies, node) => {
  const rank = dependencies.dims(node.outputs[0])?.length;
  if (rank === undefined) return keepInputs(dependencies, node);
  const axis = normalized(intAttribute(node, 'axis', 1), rank);
  if (!node.inputs.some((input) => dependencies.of(input))) return;
  const parts: Int32Array[] = [];
  for (const input of node.inputs) {
    const channels = dependencies.of(input);
    const size = dependencies.dims(input)?.[axis];
    if (channels ? channels.axis !== axis : typeof size !== 'number') return keepInputs(dependencies, node);
    if (channels) parts.push(channels.ids);
    else {
      // Channels from elsewhere: they keep their places.
      const ids = dependencies.fresh(size as number);
      dependencies.pin(ids);
      parts.push(ids);
    }
  }
  dependencies.set(node.outputs[0]!, { axis, ids: Int32Array.from(parts.flatMap((ids) => [...ids])) });
};

const transpose: Follow = (dependencies, node) => {
  const read = dependencies.of(node.inputs[0]);
  const rank = dependencies.dims(node.inputs[0])?.length;
  if (!read) return;
  if (rank === undefined) return keepInputs(dependencies, node);
  const order = intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, index) => rank - 1 - index);
  dependencies.set(node.outputs[0]!, { axis: order.indexOf(read.axis), ids: read.ids });
};

/** Axes that a node reduces, adds or takes away: an attribute, or a constant input; undefined when unknown. */
function axesOf(dependencies: Dependencies, node: Node): readonly number[] | undefined {
  const attribute = intsAttribute(node, 'axes');
  if (attribute) return attribute;
  return node.inputs[1] ? constantNumbers(dependencies.graph, node.inputs[1]) : undefined;
}

const reduction: Follow = (dependencies, node) => {
  const read = dependencies.of(node.inputs[0]);
  const rank = dependencies.dims(node.inputs[0])?.length;
  const axes = axesOf(dependencies, node);
  if (!read) return;
  if (rank === undefined || !axes) return keepInputs(dependencies, node);
  const reduced = axes.map((axis) => normalized(axis, rank));
  if (reduced.includes(read.axis)) return keepInputs(dependencies, node);
  const gone = intAttribute(node, 'keepdims', 1) === 1 ? 0 : reduced.filter((axis) => axis < read.axis).length;
  dependencies.set(node.outputs[0]!, { axis: read.axis - gone, ids: read.ids });
};

const squeeze: Follow = (dependencies, node) => {
  const read = dependencies.of(node.inputs[0]);
  const rank = dependencies.dims(node.inputs[0])?.length;
  const axes = axesOf(dependencies, node);
  if (!read) return;
  const gone = rank === undefined ? undefined : axes?.map((axis) => normalized(axis, rank));
  if (!gone || gone.includes(read.axis)) return keepInputs(dependencies, node);
  dependencies.set(node.outputs[0]!, { ...read, axis: read.axis - gone.filter((axis) => axis < read.axis).length });
};

const unsqueeze: Follow = (dependencies, node) => {
  const read = dependencies.of(node.inputs[0]);
  const rank = dependencies.dims(node.outputs[0])?.length;
  const axes = axesOf(dependencies, node);
  if (!read) return;
  if (rank === undefined || !axes) return keepInputs(dependencies, node);
  const added = new Set(axes.map((axis) => normalized(axis, rank)));
  const places = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !added.has(axis));
  dependencies.set(node.outputs[0]!, { axis: places[read.axis]!, ids: read.ids });
};

/** Channels and everything behind them become one axis. */
const flatten: Follow = (dependencies, node) => {
  const read = dependencies.of(node.inputs[0]);
  if (!read) return;
  const behind = dependencies.dims(node.inputs[0])?.slice(2);
  const known = behind?.every((size): size is number => size !== null) ? (behind as readonly number[]) : undefined;
  const shape = node.opType === 'Reshape' ? constantNumbers(dependencies.graph, node.inputs[1]) : undefined;
  const flat =
    node.opType === 'Reshape'
      ? shape?.length === 2 && intAttribute(node, 'allowzero', 0) === 0
      : intAttribute(node, 'axis', 1) === 1;
  if (!known || !flat || read.axis !== 1) return keepInputs(dependencies, node);
  const inner = elementCount(known);
  const ids = Int32Array.from({ length: read.ids.length * inner }, (_, index) => read.ids[Math.floor(index / inner)]!);
  if (shape) {
    const [batch] = dependencies.dims(node.inputs[0])!;
    const sameBatch = shape[0] === 0 || shape[0] === batch || (shape[0] === -1 && shape[1] === ids.length);
    if (!sameBatch) return keepInputs(dependencies, node);
    dependencies.counts.push({ node, kind: 'shape', ids });
  }
  dependencies.set(node.outputs[0]!, { axis: 1, ids });
};

/** Sizes in space change, those of channels do not. */
const resize: Follow = (dependencies, node) => {
  const read = dependencies.of(node.inputs[0]);
  if (!read) return;
  const scales = constantNumbers(dependencies.graph, node.inputs[node.opType === 'Resize' ? 2 : 1]);
  if (node.inputs[3] || scales?.[read.axis] !== 1) return keepInputs(dependencies, node);
  dependencies.set(node.outputs[0]!, read);
};

const pad: Follow = (dependencies, node) => {
  const read = dependencies.of(node.inputs[0]);
  if (!read) return;
  const pads = intsAttribute(node, 'pads') ?? constantNumbers(dependencies.graph, node.inputs[1]);
  const rank = pads && pads.length / 2;
  if (!pads || node.inputs[3] || pads[read.axis] !== 0 || pads[read.axis + rank!] !== 0)
    return keepInputs(dependencies, node);
  dependencies.set(node.outputs[0]!, read);
};

const normalized = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

const named = (follow: Follow, names: string): [string, Follow][] => names.split(' ').map((name) => [name, follow]);

const operators: ReadonlyMap<string, Follow> = new Map([
  ...named(convolution, 'Conv ConvTranspose'),
  ...named(gemm, 'Gemm'),
  ...named(matMul, 'MatMul'),
  ...named(normalization, 'BatchNormalization InstanceNormalization'),
  ...named(elementwise, 'Add Sub Mul Div Max Min Pow Sum Mean Where PRelu Less Greater Equal And Or Xor'),
  ...named(concat, 'Concat'),
  ...named(transpose, 'Transpose'),
  ...named(reduction, 'ReduceMean ReduceSum ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceSumSquare'),
  ...named(squeeze, 'Squeeze'),
  ...named(unsqueeze, 'Unsqueeze'),
  ...named(flatten, 'Flatten Reshape'),
  ...named(resize, 'Resize Upsample'),
  ...named(pad, 'Pad'),
  ...named(firstOutputOnly, 'MaxPool Dropout'),
  ...named(
    sameChannels,
    'AveragePool GlobalAveragePool GlobalMaxPool LpPool Relu LeakyRelu Sigmoid Tanh Elu Selu Celu HardSigmoid HardSwish Softplus Softsign ThresholdedRelu Erf Gelu Mish Swish Identity Clip Exp Log Sqrt Abs Neg Reciprocal Floor Ceil Round Sign Not Cast',
  ),
]);
