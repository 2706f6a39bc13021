/**
 * Magnitude pruning: the smallest weights become 0, after Han et al., "Learning both Weights and Connections for
 * Efficient Neural Networks" (2015), without the training that follows there. Kernels of ONNX Runtime multiply zeros
 * like any number: a pruned model is no faster, and smaller only once it is compressed.
 */
import { english } from '../english.ts';
import { Draft } from '../graph/draft.ts';
import type { Model, NodeId } from '../graph/model.ts';
import { float32Tensor } from '../passes/tensors.ts';
import { chooseTargets, type Target } from '../quantize/targets.ts';
import { readWeight } from '../quantize/weights.ts';
import { createFacts } from '../shapes/infer.ts';

/** The share of each weight's elements that become 0, or two of every four along the axis that is summed over. */
export type Pruning = number | '2:4';

export interface PrunedModel {
  readonly model: Model;
  /** Elements of the weights taken, and how many of them are 0 now. */
  readonly elements: number;
  readonly zeros: number;
  /** `2:4`: elements that stay because no whole four is there along the axis that is summed over. */
  readonly outside: number;
}

const operators: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** Prunes each constant weight of the main graph by itself. Biases stay. */
export async function pruneWeights(
  model: Model,
  pruning: Pruning,
  {
    exclude,
    signal,
  }: { readonly exclude?: ReadonlySet<NodeId> | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<PrunedModel> {
  const draft = new Draft(model);
  draft.currentPass = 'prune-weights';
  const graph = draft.main;
  const { targets } = chooseTargets(graph, createFacts(draft), { operators, exclude });
  const done = new Set<string>();
  let elements = 0;
  let zeros = 0;
  let outside = 0;
  for (const target of targets) {
    const { node, weight } = target;
    // A weight that another node reads in another way, or that a caller may replace, is not ours to change.
    if (done.has(weight.name) || !graph.initializer(weight.name) || graph.consumers(weight.name).length > 1) continue;
    signal?.throwIfAborted();
    done.add(weight.name);
    const values = Float32Array.from(await readWeight(weight));
    if (pruning === '2:4') outside += pruneTwoOfFour(values, target);
    else pruneShare(values, pruning);
    elements += values.length;
    zeros += values.reduce((count, value) => count + (value === 0 ? 1 : 0), 0);
    graph.rewrite(node, english`Its smallest weights are 0 now.`, (edit) =>
      edit.setInitializer(float32Tensor(weight.name, weight.dims, values)),
    );
  }
  return { model: done.size === 0 ? model : draft.finish(), elements, zeros, outside };
}

/** Sets the `share` of the elements that are smallest to 0; of equal ones the first. */
export function pruneShare(values: Float32Array, share: number): void {
  const order = Uint32Array.from(values.keys()).sort((a, b) => Math.abs(values[a]!) - Math.abs(values[b]!) || a - b);
  for (const at of order.subarray(0, Math.floor(values.length * share))) values[at] = 0;
}

/**
 * Of every four elements that a product sums over one after the other, the two smallest become 0. Gives how many
 * elements are in no such four: all of a depthwise convolution's.
 */
function pruneTwoOfFour(values: Float32Array, { node, weight: { dims }, channelAxis }: Target): number {
  // Convolutions sum over input channels, products of matrices over the axis that is not the output's.
  const summed = node.opType === 'Conv' ? 1 : node.opType === 'ConvTranspose' ? 0 : 1 - channelAxis;
  const stride = dims.slice(summed + 1).reduce((product, size) => product * size, 1);
  const length = dims[summed]!;
  for (let start = 0; start < values.length; start += length * stride) {
    for (let offset = 0; offset < stride; offset++) {
      for (let index = 0; index + 4 <= length; index += 4) {
        const four = [0, 1, 2, 3].map((each) => start + offset + (index + each) * stride);
        four.sort((a, b) => Math.abs(values[a]!) - Math.abs(values[b]!) || a - b);
        values[four[0]!] = 0;
        values[four[1]!] = 0;
      }
    }
  }
  return (length % 4) * (values.length / length);
}
