/**
 * Cross-layer equalization, after Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias
 * Correction" (2019), section 4.1: what a layer gives in one channel may be made smaller when the next layer multiplies
 * it by more. Channels whose weights are of very different sizes then share one scale with less loss. The function that
 * the model computes stays the same, to rounding.
 */
import { english } from '../english.ts';
import { intAttribute } from '../graph/attribute.ts';
import { Draft } from '../graph/draft.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Model, Node, NodeId, Tensor } from '../graph/model.ts';
import { constantScalar, float32Tensor } from '../passes/tensors.ts';
import { createFacts } from '../shapes/infer.ts';
import { addedBias, chooseTargets, type Target } from './targets.ts';
import { readWeight } from './weights.ts';

/** Operators that give twice as much for twice as much, element by element: what may stand between layers. */
const scalesWithInput: ReadonlySet<string> = new Set(['Relu', 'LeakyRelu']);
/** The same, channel by channel where the channels are the second axis. */
const pools: ReadonlySet<string> = new Set(['MaxPool', 'AveragePool', 'GlobalAveragePool']);
/** Scales of a sweep this close to 1 end the work. */
const settled = 0.01;
const mostSweeps = 40;

interface Layer {
  readonly target: Target;
  readonly weight: Float32Array;
  /** Its own, or what is added to a MatMul. */
  readonly bias: Tensor | undefined;
  readonly shifts: Float32Array | undefined;
}

/** Elements of a weight that belong together. */
interface Stretch {
  readonly from: number;
  readonly count: number;
  readonly step: number;
}

interface Pair {
  readonly first: Layer;
  readonly second: Layer;
}

/** The model with its layers equalized, and how many pairs there were. Only initializers differ. */
export async function equalizeLayers(
  model: Model,
  signal?: AbortSignal,
): Promise<{ readonly model: Model; readonly pairs: number }> {
  const draft = new Draft(model);
  draft.currentPass = 'equalize-layers';
  const graph = draft.main;
  const { targets } = chooseTargets(graph, createFacts(draft), { operators: new Set(['Conv', 'Gemm', 'MatMul']) });
  const byId = new Map(targets.filter((each) => isOwn(graph, each)).map((each) => [each.node.id, each]));
  const layers = new Map<NodeId, Promise<Layer>>();
  const layerOf = (target: Target): Promise<Layer> => {
    const layer = layers.get(target.node.id) ?? readLayer(graph, target);
    layers.set(target.node.id, layer);
    return layer;
  };
  const pairs: Pair[] = [];
  for (const target of byId.values()) {
    const next = nextLayer(graph, target, byId);
    if (!next || channelsRead(next) !== channelsGiven(target)) continue;
    pairs.push({ first: await layerOf(target), second: await layerOf(next) });
  }
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    signal?.throwIfAborted();
    let most = 0;
    for (const pair of pairs) most = Math.max(most, equalize(pair));
    if (most < settled) break;
  }
  for (const layer of layers.values()) writeLayer(graph, await layer);
  return { model: pairs.length === 0 ? model : draft.finish(), pairs: pairs.length };
}

/** Whether nobody else reads the weights, and none of them is an input that could be overridden. */
function isOwn(graph: GraphDraft, target: Target): boolean {
  const bias = biasOf(graph, target);
  const initializers = [target.weight, ...(bias ? [bias] : [])];
  return initializers.every(
    ({ name }) => graph.initializer(name) && graph.consumers(name).length === 1 && !graph.isOutput(name),
  );
}

const biasOf = (graph: GraphDraft, target: Target): Tensor | undefined => target.bias ?? addedBias(graph, target)?.bias;

async function readLayer(graph: GraphDraft, target: Target): Promise<Layer> {
  const weight = Float32Array.from(await readWeight(target.weight));
  const bias = biasOf(graph, target);
  return { target, weight, bias, shifts: bias && Float32Array.from(await readWeight(bias)) };
}

/** The layer of the same kind that alone reads what a layer gives, with nothing in between that equalizing would change. */
function nextLayer(graph: GraphDraft, from: Target, layers: ReadonlyMap<NodeId, Target>): Target | undefined {
  const isConv = from.node.opType === 'Conv';
  const add = addedBias(graph, from)?.add;
  let [value] = from.node.outputs;
  for (;;) {
    if (value === undefined || graph.isOutput(value)) return undefined;
    const [reader, ...others] = graph.consumers(value);
    if (!reader || others.length > 0 || reader.inputs.filter((input) => input === value).length !== 1) return undefined;
    if (reader.id !== add?.id && reader.inputs[0] !== value) return undefined;
    const layer = layers.get(reader.id);
    if (layer) return (layer.node.opType === 'Conv') === isConv ? layer : undefined;
    if (reader.id !== add?.id && !keepsScale(graph, reader, isConv)) return undefined;
    [value] = reader.outputs;
  }
}

function keepsScale(graph: GraphDraft, { domain, opType, inputs, outputs }: Node, isConv: boolean): boolean {
  if (domain !== '' || outputs.length !== 1) return false;
  if (scalesWithInput.has(opType)) return true;
  // An upper bound would have to be another for each channel, and Clip has one for all.
  if (opType === 'Clip') return constantScalar(graph, inputs[1]) === 0 && !inputs[2];
  return isConv && pools.has(opType);
}

const isProduct = ({ node }: Target): boolean => node.opType !== 'Conv';
const channelsGiven = ({ weight, channelAxis }: Target): number => weight.dims[channelAxis]!;
const channelsRead = (target: Target): number =>
  isProduct(target)
    ? target.weight.dims[1 - target.channelAxis]!
    : target.weight.dims[1]! * intAttribute(target.node, 'group', 1);

/** Makes the largest weights of each channel equal on both sides; gives the largest change, as a logarithm. */
function equalize({ first, second }: Pair): number {
  const channels = channelsGiven(first.target);
  let most = 0;
  for (let channel = 0; channel < channels; channel++) {
    const giving = givenBy(first.target, channel);
    const reading = [...readBy(second.target, channel)];
    const given = largest(first.weight, giving);
    const read = reading.reduce((found, stretch) => Math.max(found, largest(second.weight, stretch)), 0);
    if (given === 0 || read === 0) continue;
    const scale = Math.sqrt(given / read);
    if (!Number.isFinite(scale) || scale === 0) continue;
    multiply(first.weight, giving, 1 / scale);
    if (first.shifts) first.shifts[channel]! /= scale;
    for (const stretch of reading) multiply(second.weight, stretch, scale);
    most = Math.max(most, Math.abs(Math.log(scale)));
  }
  return most;
}

/** Where in a weight the factors of one output channel lie. */
function givenBy({ weight, channelAxis }: Target, channel: number): Stretch {
  const { dims } = weight;
  if (channelAxis === 1) return { from: channel, count: dims[0]!, step: dims[1]! };
  const count = dims.slice(1).reduce((product, size) => product * size, 1);
  return { from: channel * count, count, step: 1 };
}

/** Where in a weight the factors of one input channel lie: of a convolution, a stretch for each output of its group. */
function* readBy(target: Target, channel: number): Generator<Stretch> {
  const { node, weight, channelAxis } = target;
  if (isProduct(target)) {
    const [rows, columns] = weight.dims as [number, number];
    yield channelAxis === 0
      ? { from: channel, count: rows, step: columns }
      : { from: channel * columns, count: columns, step: 1 };
    return;
  }
  const [outputs, inputsPerGroup, ...kernel] = weight.dims as [number, number, ...number[]];
  const count = kernel.reduce((product, size) => product * size, 1);
  const outputsPerGroup = outputs / intAttribute(node, 'group', 1);
  const group = Math.floor(channel / inputsPerGroup);
  for (let output = group * outputsPerGroup; output < (group + 1) * outputsPerGroup; output++)
    yield { from: (output * inputsPerGroup + (channel % inputsPerGroup)) * count, count, step: 1 };
}

function largest(values: Float32Array, { from, count, step }: Stretch): number {
  let found = 0;
  for (let index = 0, at = from; index < count; index++, at += step) found = Math.max(found, Math.abs(values[at]!));
  return found;
}

function multiply(values: Float32Array, { from, count, step }: Stretch, factor: number): void {
  for (let index = 0, at = from; index < count; index++, at += step) values[at]! *= factor;
}

function writeLayer(graph: GraphDraft, { target: { node, weight }, bias, weight: values, shifts }: Layer): void {
  graph.rewrite(node, english`Its channels are scaled so that they are of like size.`, (edit) => {
    edit.setInitializer(float32Tensor(weight.name, weight.dims, values));
    if (bias && shifts) edit.setInitializer(float32Tensor(bias.name, bias.dims, shifts));
  });
}
