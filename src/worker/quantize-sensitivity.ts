import { english } from '../core/english.ts';
import { RuntimeError } from '../core/evaluator.ts';
import type { Node, NodeId } from '../core/graph/model.ts';
import type { NodeError } from '../core/quantize/error.ts';
import type { QuantizedModel, Recipe } from '../core/quantize/quantize-model.ts';
import type { Calibrator } from './calibrator.ts';
import { outputError, type ReferenceRuns, type RunContext } from './quantize-error.ts';
import type { Prepared } from './quantize-preparation.ts';

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
  const few = { ...reference, feeds: reference.feeds.slice(0, runs), results: reference.results.slice(0, runs) };
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

function noisiest(nodes: readonly Node[], errors: readonly NodeError[]): readonly Node[] {
  const made = new Map(errors.map(({ node, madeDb }) => [node.id, madeDb]));
  const noiseOf = ({ id }: Node) => made.get(id) ?? Number.POSITIVE_INFINITY;
  return nodes.toSorted((a, b) => noiseOf(a) - noiseOf(b) || 0);
}
