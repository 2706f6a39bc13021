import { english } from '../core/english.ts';
import { RuntimeError } from '../core/evaluator.ts';
import type { Model, NodeId } from '../core/graph/model.ts';
import { errorOverlays, valueErrors } from '../core/quantize/error.ts';
import type { QuantizedModel, Recipe } from '../core/quantize/quantize-model.ts';
import type { Calibrator } from './calibrator.ts';
import type { QuantizeWork } from './quantize.ts';
import { outputError, type ReferenceRuns } from './quantize-error.ts';
import type { Prepared } from './quantize-preparation.ts';

/** At most this many nodes are tried one by one: those that make most noise of their own. */
const mostProbed = 60;
/** Inputs that a node is judged on. */
const probedRuns = 2;

const weighted = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** A quantized model, how it was made, and what of. */
export interface Quantized {
  readonly prepared: Prepared;
  readonly calibrator: Calibrator | undefined;
  readonly recipe: Recipe;
  readonly model: Model;
  readonly quantized: Omit<QuantizedModel, 'model'>;
}

/**
 * Weighted nodes by how much noise each alone brings to the outputs, the noisiest first: all others stay float. Those
 * that are tried are found by the error that each makes of its own in the model where all are quantized.
 */
export async function sensitivity(work: QuantizeWork, whole: Quantized): Promise<readonly NodeId[]> {
  const { reference, evaluator, context, say } = work;
  const { prepared, calibrator, recipe, quantized } = whole;
  const { signal } = context;
  const few = {
    ...reference,
    feeds: reference.feeds.slice(0, probedRuns),
    results: reference.results.slice(0, probedRuns),
  };
  const nodes = quantized.nodes.filter(({ opType }) => weighted.has(opType)).map(({ id }) => id);
  const probed = await noisiest(work, whole, few, nodes);
  const noise: { readonly id: NodeId; readonly sqnrDb: number }[] = [];
  for (const [index, id] of probed.entries()) {
    say(english`Finding sensitive nodes`, index / probed.length);
    const exclude = new Set([...(recipe.exclude ?? []), ...nodes.filter((node) => node !== id)]);
    try {
      const alone = await prepared.quantize({ ...recipe, exclude, density: 'lean' }, calibrator, signal);
      const { sqnrDb } = await outputError(alone.model, few, { evaluator, signal });
      noise.push({ id, sqnrDb: sqnrDb ?? Number.POSITIVE_INFINITY });
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
    }
  }
  return noise.sort((a, b) => a.sqnrDb - b.sqnrDb).map(({ id }) => id);
}

/** The nodes that make most noise of their own, with their weights' rounding; all when they are few. */
async function noisiest(
  { evaluator, context: { signal } }: QuantizeWork,
  { prepared, model, quantized: { origins, weightErrors } }: Quantized,
  { feeds }: ReferenceRuns,
  nodes: readonly NodeId[],
): Promise<readonly NodeId[]> {
  if (nodes.length <= mostProbed) return nodes;
  const samples = {
    count: feeds.length,
    feeds: async function* () {
      yield* feeds;
    },
  };
  const errors = await valueErrors(prepared.model, model, samples, { evaluator, signal });
  const made = errorOverlays(prepared.model, model, origins, errors, weightErrors).filter(({ id }) =>
    ['error-made', 'weight-error'].includes(id),
  );
  const own = new Map<NodeId, number>();
  for (const [id, from] of origins) {
    const decibels = Math.min(...made.map(({ values }) => values[id]!).filter((value) => !Number.isNaN(value)));
    for (const source of from) own.set(source, Math.min(own.get(source) ?? Number.POSITIVE_INFINITY, decibels));
  }
  const noiseOf = (id: NodeId) => own.get(id) ?? Number.POSITIVE_INFINITY;
  return nodes.toSorted((a, b) => noiseOf(a) - noiseOf(b)).slice(0, mostProbed);
}
