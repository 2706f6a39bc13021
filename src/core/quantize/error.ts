/** How far values of a quantized model are from those of the float model, and which nodes make the difference. */

import { english } from '../english.ts';
import { Draft } from '../graph/draft.ts';
import type { Model, NodeId } from '../graph/model.ts';
import type { Overlay } from '../overlay.ts';
import { createFacts } from '../shapes/infer.ts';
import { toFloat32 } from '../tensor/convert.ts';
import { type CalibrationContext, type Samples, withOutputs } from './calibration.ts';

/** Sums over all elements of a value in all runs. */
export interface ValueError {
  signal: number;
  noise: number;
  maxAbs: number;
}

/** Values looked at in one run, so that few activations are in memory at a time. */
const valuesPerRun = 24;

/**
 * The error of every float value that both models have under one name. `samples` is gone through once for every 24
 * values; a few samples suffice.
 */
export async function valueErrors(
  reference: Model,
  quantized: Model,
  samples: Samples,
  context: CalibrationContext,
): Promise<ReadonlyMap<string, ValueError>> {
  const values = sharedValues(reference, quantized);
  const errors = new Map<string, ValueError>();
  const groups = Math.ceil(values.length / valuesPerRun);
  for (let group = 0; group < groups; group++) {
    const names = values.slice(group * valuesPerRun, (group + 1) * valuesPerRun);
    const models = [withOutputs(reference, names), withOutputs(quantized, names)] as const;
    for await (const feeds of samples.feeds()) {
      context.signal?.throwIfAborted();
      const run = async (model: Model) => {
        const [outputs] = await context.evaluator.run({
          model,
          feeds: [feeds],
          level: 'all',
          signal: context.signal,
        });
        return outputs!;
      };
      const [a, b] = [await run(models[0]), await run(models[1])];
      for (const name of names) {
        const x = a.get(name);
        const y = b.get(name);
        if (x && y) addError(errors, name, toFloat32(x.dtype, x.bytes), toFloat32(y.dtype, y.bytes));
      }
    }
    context.onProgress?.((group + 1) / groups);
  }
  return errors;
}

function sharedValues(reference: Model, quantized: Model): string[] {
  const draft = new Draft(reference);
  const facts = createFacts(draft);
  const made = new Set(quantized.graph.nodes.flatMap(({ outputs }) => outputs));
  return draft.main
    .nodes()
    .flatMap(({ outputs }) => outputs)
    .filter((name) => name !== '' && made.has(name) && facts.of(draft.main, name).dtype === 'float32');
}

function addError(errors: Map<string, ValueError>, name: string, x: Float32Array, y: Float32Array): void {
  if (x.length !== y.length) return;
  const error = errors.get(name) ?? { signal: 0, noise: 0, maxAbs: 0 };
  errors.set(name, error);
  for (let index = 0; index < x.length; index++) {
    const difference = x[index]! - y[index]!;
    error.signal += x[index]! * x[index]!;
    error.noise += difference * difference;
    error.maxAbs = Math.max(error.maxAbs, Math.abs(difference));
  }
}

/** Signal to noise in decibels; what is exact counts as 140 dB, beyond what 32-bit floats can tell. */
export function decibels({ signal, noise }: Pick<ValueError, 'signal' | 'noise'>): number {
  if (signal === 0) return noise === 0 ? 140 : 0;
  return noise === 0 ? 140 : Math.min(140, 10 * Math.log10(signal / noise));
}

/**
 * Error as overlays on the quantized model: at each node's output, and the part of it that the node itself adds to what
 * comes in. `origins`: node of the quantized model → nodes of the reference.
 */
export function errorOverlays(
  reference: Model,
  quantized: Model,
  origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>,
  errors: ReadonlyMap<string, ValueError>,
  weights: readonly { readonly node: NodeId; readonly signal: number; readonly noise: number }[],
): readonly Overlay[] {
  const total = new Map<NodeId, number>();
  const made = new Map<NodeId, number>();
  for (const node of reference.graph.nodes) {
    const error = node.outputs.map((name) => errors.get(name)).find((each) => each);
    if (!error) continue;
    total.set(node.id, decibels(error));
    // Noise relative to signal that comes in passes through; what is above it was made here.
    const carried = Math.max(
      0,
      ...node.inputs.map((name) => errors.get(name)).map((each) => (each?.signal ? each.noise / each.signal : 0)),
    );
    const here = error.signal === 0 ? 0 : Math.max(0, error.noise / error.signal - carried);
    made.set(node.id, decibels({ signal: 1, noise: here }));
  }
  const weight = new Map(weights.map(({ node, ...error }) => [node, decibels(error)]));
  const overlay = (id: string, title: string, byNode: ReadonlyMap<NodeId, number>, basis: string): Overlay => {
    const values = new Float32Array(quantized.nextNodeId).fill(Number.NaN);
    for (const [id, from] of origins) {
      const found = [...from].map((source) => byNode.get(source)).filter((value) => value !== undefined);
      if (found.length > 0) values[id] = Math.min(...found);
    }
    return { id, title, unit: 'dB', scale: 'inverse', values, basis };
  };
  return [
    overlay('error', english`Signal to noise`, total, english`float against quantized`),
    overlay('error-made', english`Signal to noise of the error made here`, made, english`estimate`),
    overlay('weight-error', english`Signal to noise of weights`, weight, english`exact`),
  ];
}
