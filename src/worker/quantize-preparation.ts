import { english } from '../core/english.ts';
import type { Evaluator } from '../core/evaluator.ts';
import { Draft, type Rewrite } from '../core/graph/draft.ts';
import type { Model, NodeId } from '../core/graph/model.ts';
import { catalog } from '../core/passes/catalog.ts';
import { presetPasses } from '../core/passes/presets.ts';
import { runPasses } from '../core/passes/runner.ts';
import { type Pruning, pruneWeights } from '../core/prune/weights.ts';
import { equalizeLayers } from '../core/quantize/equalize.ts';
import { writePlainGemms } from '../core/quantize/plain-gemm.ts';
import { type QuantizedModel, quantizeGraph, type Recipe } from '../core/quantize/quantize-model.ts';
import { type SmoothOptions, smoothLayers } from '../core/quantize/smooth.ts';
import type { ExplainedRewrite } from '../core/report/report.ts';
import { createFacts } from '../core/shapes/infer.ts';
import type { Progress } from '../protocol/rpc.ts';
import type { Calibrator } from './calibrator.ts';
import type { Spill } from './spill.ts';

/** A model made ready: constants folded, BatchNorms in their Convs, its operator set new enough. */
export interface Prepared {
  readonly model: Model;
  /** Nodes of the prepared model → nodes of the one given. */
  readonly origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>;
  readonly rewrites: readonly ExplainedRewrite[];
  /** Nodes of the prepared model that stand for any of these. */
  ids(original: readonly NodeId[]): ReadonlySet<NodeId>;
  quantize(
    recipe: Recipe,
    calibrator: Calibrator | undefined,
    signal: AbortSignal | undefined,
  ): Promise<QuantizedModel>;
}

/** No node could be quantized, or the request makes no sense; the message says why and what to do. */
export class QuantizeError extends Error {
  override readonly name = 'QuantizeError';
}

/** Scales for each channel need an axis, which QuantizeLinear has from here on. */
const perChannelOpset = 13;
/** Below this, graph inputs double as initializers. */
const initializersApart = 4;

/**
 * Simplifies a model and raises its operator set where a scheme needs it. The model given is not changed. Values keep
 * their names, so that errors can be compared value by value.
 */
export async function prepareForQuantization(
  model: Model,
  context: {
    readonly evaluator: Evaluator;
    /** Where the weights that passes make go; without one they stay in memory. */
    readonly spill?: Spill;
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((progress: Progress) => void) | undefined;
  },
): Promise<Prepared> {
  const { evaluator, spill, signal, onProgress } = context;
  const opset = model.opsets.get('') ?? 0;
  const raise = opset > 0 && opset < perChannelOpset ? catalog.filter(({ name }) => name === 'raise-opset') : [];
  const { model: result, draft } = await runPasses(model, [...raise, ...presetPasses('default')], {
    factsOf: (each) => createFacts(each),
    evaluator,
    options: { targetOpset: Math.max(opset, perChannelOpset) },
    onPass: ({ title }) => onProgress?.({ message: title }),
    signal,
  });
  const plain = new Draft({ ...result, irVersion: Math.max(result.irVersion, initializersApart) });
  await writePlainGemms(plain, signal);
  const rewrites = [...draft.rewrites, ...plain.rewrites].map(explained);
  const finished = plain.finish();
  const prepared = spill ? await spill.spilled(finished) : finished;
  return preparedFrom(prepared, composed(originsOf(plain), originsOf(draft)), rewrites);
}

/** The prepared model with its layers equalized, so that one scale loses less. */
export async function equalized(prepared: Prepared, signal: AbortSignal | undefined): Promise<Prepared> {
  const { model } = await equalizeLayers(prepared.model, signal);
  return preparedFrom(model, prepared.origins, prepared.rewrites);
}

/** The prepared model with its smallest weights set to 0. */
export async function pruned(
  prepared: Prepared,
  pruning: Pruning,
  context: { readonly exclude?: ReadonlySet<NodeId> | undefined; readonly signal?: AbortSignal | undefined },
): Promise<Prepared> {
  const { model } = await pruneWeights(prepared.model, pruning, context);
  return preparedFrom(model, prepared.origins, prepared.rewrites);
}

/** The prepared model with channels far larger than the rest handed over to the weights. */
export async function smoothed(prepared: Prepared, options: SmoothOptions): Promise<Prepared> {
  const { model, origins } = await smoothLayers(prepared.model, options);
  return preparedFrom(model, composed(origins, prepared.origins), prepared.rewrites);
}

/** Where nodes come from over two steps. */
export function composed(later: Prepared['origins'], earlier: Prepared['origins']): Prepared['origins'] {
  return new Map(
    Array.from(later, ([id, from]) => [id, new Set([...from].flatMap((each) => [...(earlier.get(each) ?? [each])]))]),
  );
}

function preparedFrom(model: Model, origins: Prepared['origins'], rewrites: Prepared['rewrites']): Prepared {
  return {
    model,
    origins,
    rewrites,
    ids: (original) => {
      const wanted = new Set(original);
      return new Set([...origins].filter(([, from]) => [...from].some((id) => wanted.has(id))).map(([id]) => id));
    },
    quantize: (recipe, calibrator, signal) =>
      quantizeGraph(model, suitable(recipe, model), {
        observe: calibrator?.observe,
        moments: calibrator?.moments,
        signal,
      }),
  };
}

/** A rewrite as reports show it. */
export function explained({ pass, why, removed, added }: Rewrite): ExplainedRewrite {
  const label = ({ id, opType, name }: { id: NodeId; opType: string; name: string }) => ({
    id,
    label: name === '' ? opType : `${opType} ${name}`,
  });
  return { pass, why, removed: removed.map(label), added: added.map(label) };
}

/** One scale a tensor where the operator set knows no axis. Throws `QuantizeError` where it is too old altogether. */
export function suitable(recipe: Recipe, { opsets }: Model): Recipe {
  const opset = opsets.get('') ?? 0;
  if (recipe.scheme === 'static-int8' && opset < 10)
    throw new QuantizeError(
      english`The model's operator set ${opset} has no QuantizeLinear. Convert it to opset 13 or newer.`,
    );
  if (recipe.scheme === 'dynamic-int8' && opset < 11)
    throw new QuantizeError(
      english`The model's operator set ${opset} has no DynamicQuantizeLinear. Convert it to opset 13 or newer.`,
    );
  return recipe.scheme === 'static-int8' && opset < perChannelOpset ? { ...recipe, perChannel: false } : recipe;
}

function originsOf(draft: Draft): Map<NodeId, ReadonlySet<NodeId>> {
  return new Map(draft.graphs().flatMap((graph) => graph.nodes().map(({ id }) => [id, draft.origin(id)] as const)));
}
