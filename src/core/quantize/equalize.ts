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
import type { Model, Node, NodeId } from '../graph/model.ts';
import { float32Tensor } from '../passes/tensors.ts';
import { createFacts } from '../shapes/infer.ts';
import { chooseTargets, type Target } from './targets.ts';
import { readWeight } from './weights.ts';

/** Operators that treat every channel alone and give twice as much for twice as much: what may stand between layers. */
const scalesWithInput: ReadonlySet<string> = new Set([
  'Relu',
  'LeakyRelu',
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
]);
/** Scales of a sweep this close to 1 end the work. */
const settled = 0.01;
const mostSweeps = 40;

interface Layer {
  readonly target: Target;
  readonly weight: Float32Array;
  readonly bias: Float32Array | undefined;
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
  const { targets } = chooseTargets(graph, createFacts(draft), { operators: new Set(['Conv']) });
  const byId = new Map(targets.filter((each) => isOwn(graph, each)).map((each) => [each.node.id, each]));
  const layers = new Map<NodeId, Promise<Layer>>();
  const layerOf = (target: Target): Promise<Layer> => {
    const layer = layers.get(target.node.id) ?? readLayer(target);
    layers.set(target.node.id, layer);
    return layer;
  };
  const pairs: Pair[] = [];
  for (const target of byId.values()) {
    const next = nextLayer(graph, target.node, byId);
    if (!next || channelsRead(next) !== target.weight.dims[0]) continue;
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
function isOwn(graph: GraphDraft, { weight, bias }: Target): boolean {
  const initializers = [weight, ...(bias ? [bias] : [])];
  return initializers.every(({ name }) => graph.initializer(name) && graph.consumers(name).length === 1);
}

async function readLayer(target: Target): Promise<Layer> {
  const weight = Float32Array.from(await readWeight(target.weight));
  return { target, weight, bias: target.bias && Float32Array.from(await readWeight(target.bias)) };
}

/** The layer that alone reads what a node gives, with nothing in between that equalizing would change. */
function nextLayer(graph: GraphDraft, node: Node, layers: ReadonlyMap<NodeId, Target>): Target | undefined {
  let [value] = node.outputs;
  for (;;) {
    if (value === undefined || graph.isOutput(value)) return undefined;
    const [reader, ...others] = graph.consumers(value);
    if (!reader || others.length > 0 || reader.inputs.filter((input) => input === value).length !== 1) return undefined;
    if (reader.inputs[0] !== value) return undefined;
    const layer = layers.get(reader.id);
    if (layer) return layer;
    const passes = reader.domain === '' && scalesWithInput.has(reader.opType) && reader.outputs.length === 1;
    if (!passes) return undefined;
    [value] = reader.outputs;
  }
}

const channelsRead = ({ node, weight }: Target): number => weight.dims[1]! * intAttribute(node, 'group', 1);

/** Makes the largest weights of each channel equal on both sides; gives the largest change, as a logarithm. */
function equalize({ first, second }: Pair): number {
  const channels = first.target.weight.dims[0]!;
  const perOutput = first.weight.length / channels;
  let most = 0;
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * perOutput;
    const given = largest(first.weight, start, start + perOutput);
    let read = 0;
    for (const [from, to] of readersOf(second, channel)) read = Math.max(read, largest(second.weight, from, to));
    if (given === 0 || read === 0) continue;
    const scale = Math.sqrt(given / read);
    if (!Number.isFinite(scale) || scale === 0) continue;
    for (let at = start; at < start + perOutput; at++) first.weight[at]! /= scale;
    if (first.bias) first.bias[channel]! /= scale;
    for (const [from, to] of readersOf(second, channel)) for (let at = from; at < to; at++) second.weight[at]! *= scale;
    most = Math.max(most, Math.abs(Math.log(scale)));
  }
  return most;
}

/** Where in a weight the factors of one input channel lie: a stretch for each output of its group. */
function* readersOf({ target: { node, weight } }: Layer, channel: number): Generator<readonly [number, number]> {
  const [outputs, inputsPerGroup, ...kernel] = weight.dims as [number, number, ...number[]];
  const area = kernel.reduce((product, size) => product * size, 1);
  const outputsPerGroup = outputs / intAttribute(node, 'group', 1);
  const group = Math.floor(channel / inputsPerGroup);
  for (let output = group * outputsPerGroup; output < (group + 1) * outputsPerGroup; output++) {
    const from = (output * inputsPerGroup + (channel % inputsPerGroup)) * area;
    yield [from, from + area];
  }
}

function largest(values: Float32Array, from: number, to: number): number {
  let found = 0;
  for (let at = from; at < to; at++) found = Math.max(found, Math.abs(values[at]!));
  return found;
}

function writeLayer(graph: GraphDraft, { target: { node, weight, bias }, weight: values, bias: shifts }: Layer): void {
  graph.rewrite(node, english`Its channels are scaled so that they are of like size.`, (edit) => {
    edit.setInitializer(float32Tensor(weight.name, weight.dims, values));
    if (bias && shifts) edit.setInitializer(float32Tensor(bias.name, bias.dims, shifts));
  });
}
