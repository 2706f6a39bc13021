import { english } from '../core/english.ts';
import { RuntimeError } from '../core/evaluator.ts';
import type { Model, Node, NodeId } from '../core/graph/model.ts';
import type { Overlay } from '../core/overlay.ts';
import { errorOverlays, type NodeError, nodeErrors, sensitivityOverlay, valueErrors } from '../core/quantize/error.ts';
import type { QuantizedModel, Recipe } from '../core/quantize/quantize-model.ts';
import { decibels } from '../core/quantize/rounding-error.ts';
import type { Calibrator } from './calibrator.ts';
import { outputError, type ReferenceRuns, type RunContext } from './quantize-error.ts';
import type { Prepared } from './quantize-preparation.ts';
import type { QuantizeWork } from './quantize-work.ts';

/** Each node costs a quantized model and a session: no more than this many, those that add most noise of their own. */
export const mostLeftOut = 60;
/** Inputs that each is run on. */
const runs = 2;

export interface Sensitivity {
  /** Node of the prepared model → lowest signal to noise of the outputs, in dB, when it alone stays float. */
  readonly withoutDb: ReadonlyMap<NodeId, number>;
  /** The same with every node quantized, on the same inputs. */
  readonly baseDb: number;
  /** Quantized nodes that could be left out. */
  readonly of: number;
}

/** Leave-one-out: what the outputs gain when one quantized node at a time stays float. */
export async function leaveOneOut(
  { prepared, calibrator, reference, errors }: LeaveOneOutWork,
  { recipe, quantized }: { readonly recipe: Recipe; readonly quantized: QuantizedModel },
  { evaluator, signal, say }: RunContext & { readonly say: (message: string, fraction?: number) => void },
): Promise<Sensitivity> {
  const few = fewer(reference);
  const noiseOf = async ({ model }: QuantizedModel) =>
    (await outputError(model, few, { evaluator, signal })).sqnrDb ?? Number.POSITIVE_INFINITY;
  const baseDb = await noiseOf(quantized);
  const withoutDb = new Map<NodeId, number>();
  const chosen = noisiest(quantized.nodes, errors).slice(0, mostLeftOut);
  for (const [index, { id }] of chosen.entries()) {
    signal?.throwIfAborted();
    say(english`Leaving one node float at a time`, index / chosen.length);
    const exclude = new Set([...(recipe.exclude ?? []), id]);
    try {
      withoutDb.set(id, await noiseOf(await prepared.quantize({ ...recipe, exclude }, calibrator, signal)));
    } catch (error) {
      // A model that the runtime refuses says nothing about the node.
      if (!(error instanceof RuntimeError)) throw error;
    }
  }
  return { withoutDb, baseDb, of: quantized.nodes.length };
}

export interface LeaveOneOutWork {
  readonly prepared: Prepared;
  readonly calibrator: Calibrator | undefined;
  readonly reference: ReferenceRuns;
  readonly errors: readonly NodeError[];
}

/** The nodes that add most noise of their own first; those without a figure last. */
function noisiest(nodes: readonly Node[], errors: readonly NodeError[]): readonly Node[] {
  const own = new Map(
    errors.map(({ node, madeDb = Number.POSITIVE_INFINITY, weight }) => {
      return [node.id, Math.min(madeDb, weight ? decibels(weight) : Number.POSITIVE_INFINITY)];
    }),
  );
  const noiseOf = ({ id }: Node) => own.get(id) ?? Number.POSITIVE_INFINITY;
  return nodes.toSorted((a, b) => noiseOf(a) - noiseOf(b) || 0);
}

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
 * One-in: weighted nodes by how much noise each alone brings to the outputs, the noisiest first; all others stay float.
 * Those that are tried are found by the error that each makes of its own in the model where all are quantized.
 */
export async function oneIn(work: QuantizeWork, whole: Quantized): Promise<readonly NodeId[]> {
  const { evaluator, context, say } = work;
  const { prepared, calibrator, recipe, quantized } = whole;
  const { signal } = context;
  const few = fewer(work.reference);
  const nodes = quantized.nodes.filter(({ opType }) => weighted.has(opType));
  const probed =
    nodes.length <= mostLeftOut ? nodes : noisiest(nodes, await errorsOf(work, whole)).slice(0, mostLeftOut);
  const noise: { readonly id: NodeId; readonly sqnrDb: number }[] = [];
  for (const [index, { id }] of probed.entries()) {
    say(english`Finding sensitive nodes`, index / probed.length);
    const exclude = new Set([...(recipe.exclude ?? []), ...nodes.flatMap((node) => (node.id === id ? [] : [node.id]))]);
    try {
      const alone = await prepared.quantize({ ...recipe, exclude, density: 'lean' }, calibrator, signal);
      const { sqnrDb } = await outputError(alone.model, few, { evaluator, signal });
      noise.push({ id, sqnrDb: sqnrDb ?? Number.POSITIVE_INFINITY });
    } catch (error) {
      // A model that the runtime refuses says nothing about the node.
      if (!(error instanceof RuntimeError)) throw error;
    }
  }
  return noise.sort((a, b) => a.sqnrDb - b.sqnrDb).map(({ id }) => id);
}

/** What quantizing changed at each node, on a few inputs. */
export async function errorsOf(
  { evaluator, reference, context, say }: Pick<QuantizeWork, 'evaluator' | 'reference' | 'context' | 'say'>,
  { prepared, model, quantized }: Pick<Quantized, 'prepared' | 'model' | 'quantized'>,
): Promise<readonly NodeError[]> {
  const { feeds } = fewer(reference);
  const samples = {
    count: feeds.length,
    feeds: async function* () {
      yield* feeds;
    },
  };
  const errors = await valueErrors(prepared.model, quantized.named ?? model, samples, {
    evaluator,
    signal: context.signal,
    onProgress: (fraction) => say(english`Comparing values inside`, fraction),
  });
  return nodeErrors(prepared.model, errors, quantized.weightErrors);
}

const fewer = (reference: ReferenceRuns): ReferenceRuns => ({
  ...reference,
  feeds: reference.feeds.slice(0, runs),
  results: reference.results.slice(0, runs),
});

/** Errors at each node, and what each alone costs, as colours of the graph. */
export function overlaysOf(
  { model, origins }: QuantizedModel,
  errors: readonly NodeError[],
  sensitivity: Sensitivity | undefined,
): readonly Overlay[] {
  const overlays = errorOverlays(model, origins, errors);
  if (!sensitivity) return overlays;
  const gains = new Map(Array.from(sensitivity.withoutDb, ([id, without]) => [id, without - sensitivity.baseDb]));
  return [...overlays, sensitivityOverlay(model, origins, gains)];
}
