/** How far values of a quantized model are from those of the float model, and which nodes make the difference. */

import { english } from '../english.ts';
import { Draft } from '../graph/draft.ts';
import type { Model, Node, NodeId } from '../graph/model.ts';
import type { Overlay } from '../overlay.ts';
import { createFacts } from '../shapes/infer.ts';
import { toFloat32 } from '../tensor/convert.ts';
import { type CalibrationContext, type Samples, withOutputs } from './calibration.ts';
import { addElement, cosine, decibels, type GrowingError, noError, type RoundingError } from './rounding-error.ts';
import type { WeightError } from './write-qdq.ts';

/** Values fetched in one run, so that few activations are in memory at a time. */
const valuesPerRun = 24;
/** More values than that are fetched at a time where there are very many: TFBert has 72 times 24. */
const mostRuns = 16;

/**
 * The error of every float value that both models have under one name. Each sample runs once for every 24 values, and
 * at most 16 times; a few samples suffice.
 */
export async function valueErrors(
  reference: Model,
  quantized: Model,
  samples: Samples,
  context: CalibrationContext,
): Promise<ReadonlyMap<string, RoundingError>> {
  const values = sharedValues(reference, quantized);
  const errors = new Map<string, GrowingError>();
  const size = Math.max(valuesPerRun, Math.ceil(values.length / mostRuns));
  // One session a model, whatever is fetched: of large graphs a session takes longer than the runs.
  const models = [withOutputs(reference, values), withOutputs(quantized, values)] as const;
  let done = 0;
  for await (const feeds of samples.feeds()) {
    for (let from = 0; from < values.length; from += size) {
      context.signal?.throwIfAborted();
      const names = values.slice(from, from + size);
      const run = async (model: Model) => {
        const asked = { model, feeds: [feeds], outputs: names, level: 'all', signal: context.signal } as const;
        return (await context.evaluator.run(asked))[0]!;
      };
      const [a, b] = [await run(models[0]), await run(models[1])];
      for (const name of names) {
        const x = a.get(name);
        const y = b.get(name);
        if (x && y) addError(errors, name, toFloat32(x.dtype, x.bytes), toFloat32(y.dtype, y.bytes));
      }
      context.onProgress?.((done + Math.min(1, (from + size) / values.length)) / samples.count);
    }
    done++;
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

function addError(errors: Map<string, GrowingError>, name: string, x: Float32Array, y: Float32Array): void {
  if (x.length !== y.length) return;
  const error = errors.get(name) ?? noError();
  errors.set(name, error);
  for (let index = 0; index < x.length; index++) addElement(error, x[index]!, y[index]!);
}

/** What quantizing changed at a node of the float model. */
export interface NodeError {
  readonly node: Node;
  /** Of what the node gives, all that comes in included. */
  readonly output?: RoundingError;
  /** Signal to noise, in dB, of the part that the node itself adds to what comes in: an estimate. */
  readonly madeDb?: number;
  readonly weight?: RoundingError;
}

/** The errors of each node that has any. `reference` is the model that was quantized. */
export function nodeErrors(
  reference: Model,
  errors: ReadonlyMap<string, RoundingError>,
  weights: readonly WeightError[],
): readonly NodeError[] {
  const weightOf = new Map(weights.map((error) => [error.node, error]));
  const clampOf = absorbedClamps(reference, errors);
  const absorbed = new Set(clampOf.values());
  return reference.graph.nodes.flatMap((node) => {
    if (absorbed.has(node)) return [];
    const given = clampOf.get(node) ?? node;
    const output = given.outputs.map((name) => errors.get(name)).find((each) => each);
    const weight = weightOf.get(node.id);
    if (!output && !weight) return [];
    return [
      {
        node,
        ...(output ? { output, madeDb: madeAt(node, output, errors) } : {}),
        ...(weight ? { weight } : {}),
      },
    ];
  });
}

/** Nodes whose Relu or Clip became the end of a range: what that gives is what they give now. */
function absorbedClamps({ graph }: Model, errors: ReadonlyMap<string, RoundingError>): ReadonlyMap<Node, Node> {
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const clamps = graph.nodes.filter(({ opType, inputs, outputs }) => {
    return (opType === 'Relu' || opType === 'Clip') && !errors.has(inputs[0]!) && errors.has(outputs[0]!);
  });
  return new Map(
    clamps.flatMap((clamp) => {
      const made = producer.get(clamp.inputs[0]!);
      return made ? [[made, clamp] as const] : [];
    }),
  );
}

/** Noise relative to signal that comes in passes through; what is above it was made here. */
function madeAt(node: Node, output: RoundingError, errors: ReadonlyMap<string, RoundingError>): number {
  const ratios = node.inputs
    .map((name) => errors.get(name))
    .map((each) => (each?.signal ? each.noise / each.signal : 0));
  const carried = Math.max(0, ...ratios);
  const here = output.signal === 0 ? 0 : Math.max(0, output.noise / output.signal - carried);
  return decibels({ signal: 1, noise: here });
}

/** Errors as overlays on the quantized model. `origins`: node of the quantized model → nodes of the float one. */
export function errorOverlays(
  quantized: Model,
  origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>,
  errors: readonly NodeError[],
): readonly Overlay[] {
  const overlay = (
    id: string,
    title: string,
    { unit, scale }: Pick<Overlay, 'unit' | 'scale'>,
    figureOf: (error: NodeError) => number | undefined,
    basis: string,
  ): Overlay => {
    const values = new Map(errors.map((error) => [error.node.id, figureOf(error)]));
    return { id, title, unit, scale, values: onQuantized(quantized, origins, values, scale === 'inverse'), basis };
  };
  const decibel = { unit: 'dB', scale: 'inverse' } as const;
  const angle = { unit: '', scale: 'inverse' } as const;
  const most = { unit: '', scale: 'linear' } as const;
  const of = <From>(from: From | undefined, figure: (from: From) => number) => from && figure(from);
  const compared = english`float against quantized`;
  const exact = english`exact`;
  return [
    overlay('error', english`Signal to noise`, decibel, ({ output }) => of(output, decibels), compared),
    overlay(
      'error-made',
      english`Signal to noise of the error made here`,
      decibel,
      ({ madeDb }) => madeDb,
      english`estimate`,
    ),
    overlay('error-cosine', english`Cosine of outputs`, angle, ({ output }) => of(output, cosine), compared),
    overlay('error-max', english`Largest error of outputs`, most, ({ output }) => output?.maxAbs, compared),
    overlay('weight-error', english`Signal to noise of weights`, decibel, ({ weight }) => of(weight, decibels), exact),
    overlay('weight-cosine', english`Cosine of weights`, angle, ({ weight }) => of(weight, cosine), exact),
    overlay('weight-max', english`Largest error of weights`, most, ({ weight }) => weight?.maxAbs, exact),
  ];
}

/** Leave-one-out sensitivity as an overlay: dB that the outputs gain when a node alone stays float. */
export function sensitivityOverlay(
  quantized: Model,
  origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>,
  gains: ReadonlyMap<NodeId, number>,
): Overlay {
  return {
    id: 'sensitivity',
    title: english`Gain of the outputs when it alone stays float`,
    unit: 'dB',
    scale: 'linear',
    values: onQuantized(quantized, origins, gains, false),
    basis: english`one node left out at a time`,
  };
}

/** A figure of nodes of the float model on those of the quantized one: the lowest or highest where several became one. */
function onQuantized(
  quantized: Model,
  origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>,
  byNode: ReadonlyMap<NodeId, number | undefined>,
  lowest: boolean,
): Float32Array {
  const values = new Float32Array(quantized.nextNodeId).fill(Number.NaN);
  for (const [id, from] of origins) {
    const found = [...from].map((source) => byNode.get(source)).filter((value) => value !== undefined);
    if (found.length > 0) values[id] = lowest ? Math.min(...found) : Math.max(...found);
  }
  return values;
}
