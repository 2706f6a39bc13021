/**
 * SmoothQuant, after Xiao et al., "SmoothQuant: Accurate and Efficient Post-Training Quantization for Large Language
 * Models" (2023), section 4: activations with a few channels far larger than the rest lose the rest to rounding. What a
 * product reads is divided by a factor a channel, and its weights are multiplied by it: the result is the same.
 */
import { english } from '../english.ts';
import { intAttribute } from '../graph/attribute.ts';
import { Draft } from '../graph/draft.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Model, Node, NodeId, Tensor } from '../graph/model.ts';
import { float32Tensor, int64Tensor } from '../passes/tensors.ts';
import { createFacts } from '../shapes/infer.ts';
import { type CalibrationContext, reduced, type Samples } from './calibration.ts';
import { type Reduction, reductionOver, withReductions } from './reductions.ts';
import { chooseTargets, type Target } from './targets.ts';
import { readWeight } from './weights.ts';

/** Factors stay within these, whatever the data: beyond them rounding would be all that is left. */
const smallestFactor = 1e-5;
const largestFactor = 1e5;

/** The products of a model with constant weights, by the value that they read. */
export function smoothable(draft: Draft, exclude?: ReadonlySet<NodeId>): ReadonlyMap<string, readonly Target[]> {
  const graph = draft.main;
  const { targets } = chooseTargets(graph, createFacts(draft), { operators: new Set(['Gemm', 'MatMul']), exclude });
  const groups = new Map<string, Target[]>();
  for (const target of targets) {
    const [value] = target.node.inputs as [string];
    groups.set(value, [...(groups.get(value) ?? []), target]);
  }
  return groups;
}

/** The largest absolute number in each channel, the last axis, of what products read, over all samples. */
export async function channelMaxima(
  model: Model,
  samples: Samples,
  context: CalibrationContext,
): Promise<ReadonlyMap<string, Float32Array>> {
  const groups = smoothable(new Draft(model));
  const maxima = new Map(Array.from(groups, ([value, [first]]) => [value, new Float32Array(inputsOf(first!))]));
  if (maxima.size === 0) return maxima;
  for await (const numbers of reduced(withMaxima(model, maxima), samples, context)) {
    let at = 0;
    for (const largest of maxima.values()) {
      for (let channel = 0; channel < largest.length; channel++) {
        const number = numbers[at++]!;
        if (number > largest[channel]! && Number.isFinite(number)) largest[channel] = number;
      }
    }
  }
  return maxima;
}

function withMaxima(model: Model, values: ReadonlyMap<string, Float32Array>): Model {
  const largest = reductionOver(model, 'ReduceMax', [0]);
  const reductions = Array.from(
    values,
    ([value, { length }]): Reduction => ({
      value,
      add: (edit, name) => {
        edit.setInitializer(int64Tensor(`${name}_shape`, [-1, length]));
        edit.add({ opType: 'Abs', inputs: [value], outputs: [`${name}_abs`] }, []);
        edit.add({ opType: 'Reshape', inputs: [`${name}_abs`, `${name}_shape`], outputs: [`${name}_rows`] }, []);
        largest(edit, `${name}_rows`, name);
      },
    }),
  );
  return withReductions(model, reductions, english`Calibration reads maxima, not values.`);
}

export interface SmoothOptions {
  /** How much of the difficulty weights take over: 0 none, 1 all. 0.5 in the paper. */
  readonly alpha: number;
  readonly maxima: ReadonlyMap<string, Float32Array>;
  readonly exclude?: ReadonlySet<NodeId>;
  readonly signal?: AbortSignal;
}

export interface SmoothedModel {
  readonly model: Model;
  /** Values whose factors went into the operator that makes them, and those that are multiplied at run time. */
  readonly folded: number;
  readonly multiplied: number;
  /** Node of the result → nodes of the model given. */
  readonly origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>;
}

/** Smooths what products with constant weights read. The function computed stays the same, to rounding. */
export async function smoothLayers(model: Model, options: SmoothOptions): Promise<SmoothedModel> {
  const draft = new Draft(model);
  draft.currentPass = 'smooth-layers';
  const graph = draft.main;
  let folded = 0;
  let multiplied = 0;
  for (const [value, targets] of smoothable(draft, options.exclude)) {
    options.signal?.throwIfAborted();
    const maxima = options.maxima.get(value);
    if (!maxima || targets.some((target) => inputsOf(target) !== maxima.length)) continue;
    const weights = await Promise.all(targets.map(({ weight }) => readWeight(weight)));
    const factors = factorsFor(targets, weights, maxima, options.alpha);
    if (factors.every((factor) => factor === 1)) continue;
    const source = await foldable(graph, value, targets, maxima.length);
    if (source) folded++;
    else multiplied++;
    const data = source ? value : graph.freshName(`${value}_smoothed`);
    graph.rewrite(
      targets[0]!.node,
      english`Channels far larger than the rest hand their size to the weights.`,
      (edit) => {
        if (source) {
          for (const [tensor, numbers] of source) {
            const divided = numbers.map((number, channel) => number / factors[channel]!);
            edit.setInitializer(float32Tensor(tensor.name, tensor.dims, divided));
          }
        } else {
          const name = graph.freshName(`${value}_smoothing`);
          edit.setInitializer(
            float32Tensor(
              name,
              [maxima.length],
              factors.map((factor) => 1 / factor),
            ),
          );
          const readers = targets.map(({ node }) => node);
          edit.add({ opType: 'Mul', inputs: [value, name], outputs: [data] }, readers);
        }
        for (const [index, target] of targets.entries()) {
          const name = graph.freshName(`${target.weight.name}_smoothed`);
          edit.setInitializer(float32Tensor(name, target.weight.dims, multiply(target, weights[index]!, factors)));
          const [, , ...rest] = target.node.inputs;
          edit.change(graph.node(target.node.id)!, { inputs: [data, name, ...rest] });
        }
      },
    );
  }
  const unread = [...graph.initializers()].filter(({ name }) => wasWeight(draft, model, name));
  if (unread.length > 0) {
    graph.rewrite(unread[0]!.name, english`Weights that were smoothed need no second copy.`, (edit) => {
      for (const { name } of unread) edit.removeInitializer(name);
      edit.setInputs(graph.inputs.filter(({ name }) => !unread.some((each) => each.name === name)));
    });
  }
  const result = folded + multiplied === 0 ? model : draft.finish();
  return { model: result, folded, multiplied, origins: new Map(graph.nodes().map(({ id }) => [id, draft.origin(id)])) };
}

/** Whether an initializer had readers and has none now. */
function wasWeight({ main }: Draft, model: Model, name: string): boolean {
  if (main.consumers(name).length > 0 || main.isOutput(name)) return false;
  return model.graph.nodes.some(({ inputs }) => inputs.includes(name));
}

const isTransposed = ({ node }: Target): boolean => node.opType === 'Gemm' && intAttribute(node, 'transB', 0) !== 0;

const inputsOf = (target: Target): number => target.weight.dims[isTransposed(target) ? 1 : 0]!;

/** max|X|^α / max|W|^(1−α) by channel, the weights of all readers taken together. */
function factorsFor(
  targets: readonly Target[],
  weights: readonly Float32Array[],
  maxima: Float32Array,
  alpha: number,
): Float64Array {
  const largest = new Float64Array(maxima.length);
  for (const [index, target] of targets.entries()) {
    eachWeight(target, weights[index]!, (number, channel) => {
      largest[channel] = Math.max(largest[channel]!, Math.abs(number));
    });
  }
  return Float64Array.from(maxima, (maximum, channel) => {
    const weight = largest[channel]!;
    // A channel that is always 0, or that nobody weighs, has nothing to hand over.
    if (maximum === 0 || weight === 0) return 1;
    return Math.min(largestFactor, Math.max(smallestFactor, maximum ** alpha / weight ** (1 - alpha)));
  });
}

function eachWeight(target: Target, weights: Float32Array, visit: (number: number, channel: number) => void): void {
  const [rows, columns] = target.weight.dims as [number, number];
  const transposed = isTransposed(target);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, at++) visit(weights[at]!, transposed ? column : row);
}

function multiply(target: Target, weights: Float32Array, factors: Float64Array): Float32Array {
  const products = new Float32Array(weights.length);
  let at = 0;
  eachWeight(target, weights, (number, channel) => {
    products[at++] = number * factors[channel]!;
  });
  return products;
}

/**
 * The constants, and their numbers, of the operator that makes a value, if dividing them divides the value by channel
 * and nobody but these targets would notice: scale and bias of a LayerNormalization, or one factor of a Mul.
 */
async function foldable(
  graph: GraphDraft,
  value: string,
  targets: readonly Target[],
  channels: number,
): Promise<readonly (readonly [Tensor, Float64Array])[] | undefined> {
  const readers = new Set(targets.map(({ node }) => node.id));
  if (graph.isOutput(value) || !graph.consumers(value).every(({ id }) => readers.has(id))) return undefined;
  // A node that also reads the value as its weight or bias would see it changed.
  if (targets.some(({ node }) => node.inputs.lastIndexOf(value) > 0)) return undefined;
  const producer = graph.producer(value);
  const names = producer && factorNames(graph, producer);
  if (!names) return undefined;
  const tensors = names.map((name) => graph.initializer(name));
  const own = (tensor: Tensor | undefined): tensor is Tensor =>
    tensor !== undefined &&
    tensor.dtype === 'float32' &&
    tensor.dims.length === 1 &&
    tensor.dims[0] === channels &&
    !(graph.isInput(tensor.name) && graph.model.irVersion >= 4) &&
    graph.consumers(tensor.name).length === 1;
  if (!tensors.every(own)) return undefined;
  return Promise.all(tensors.map(async (tensor) => [tensor, Float64Array.from(await readWeight(tensor))] as const));
}

function factorNames(
  graph: GraphDraft,
  { opType, domain, inputs, outputs, attributes: values }: Node,
): string[] | undefined {
  if (domain !== '' || outputs.filter((name) => name !== '').length !== 1) return undefined;
  if (opType === 'LayerNormalization') {
    const axis = values.get('axis');
    const isLast = axis === undefined || (axis.type === 'int' && axis.value === -1n);
    return isLast ? inputs.slice(1).filter((name) => name !== '') : undefined;
  }
  if (opType !== 'Mul') return undefined;
  const constants = inputs.filter((name) => graph.initializer(name));
  return constants.length === 1 ? constants : undefined;
}
