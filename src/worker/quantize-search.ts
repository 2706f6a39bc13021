import { english } from '../core/english.ts';
import { RuntimeError } from '../core/evaluator.ts';
import type { Node, NodeId } from '../core/graph/model.ts';
import { encodeModel, piecesLength } from '../core/onnx/encode-model.ts';
import type { CalibrationMethod, QuantizedModel, Recipe } from '../core/quantize/quantize-model.ts';
import type { QuantizeCandidate } from '../core/report/report.ts';
import { compareLatency } from './compare-latency.ts';
import { accuracy } from './labelled-data.ts';
import type { QuantizeWork } from './quantize.ts';
import { outputError } from './quantize-error.ts';

export interface SearchResult {
  readonly recipe: Recipe;
  /** How the values' ranges were found, when not as asked for. */
  readonly method?: CalibrationMethod;
  readonly quantized: QuantizedModel;
  readonly candidates: readonly QuantizeCandidate[];
  /** Nothing tried is faster within the error allowed: what is given is the best of them all the same. */
  readonly keepFloat: boolean;
}

interface Tried {
  readonly label: string;
  readonly recipe: Recipe;
  readonly method?: CalibrationMethod;
  readonly quantized: QuantizedModel;
  readonly sqnrDb: number | null;
  readonly bytes: number;
  readonly metric?: number;
}

interface Measured extends Tried {
  readonly ratio: number;
  readonly interval95: readonly [number, number];
  readonly verdict: QuantizeCandidate['verdict'];
}

/** Signal to noise that `auto` asks for unless told otherwise, in dB; the metric, when there are labels, by half a point. */
const wantedSqnr = 20;
const allowedDrop = 0.005;
/** Shares of the nodes that stay float, the most sensitive first. */
const excludedShares = [0.05, 0.12, 0.25];
/** Sensitivity is measured on at most this many nodes, those of most weights. */
const mostProbed = 60;
/** Candidates whose latency is measured. */
const mostMeasured = 7;
/** A more exact candidate may seem this much slower than the fastest, however wide the intervals are. */
const mostSlowdown = 1.05;
/** Seconds for one latency measurement. */
const measuringTime = 6;

/**
 * Tries schemes, calibration methods, how densely to quantize, and leaving the most sensitive nodes float; measures the
 * most promising on this machine; gives the fastest within the error allowed.
 */
export async function findRecipe(work: QuantizeWork, base: Recipe): Promise<SearchResult> {
  const tried: Tried[] = [];
  const attempt = async (label: string, recipe: Recipe, method?: CalibrationMethod) => {
    work.say(english`Trying ${label}`);
    const result = await tryRecipe(work, label, recipe, method);
    if (result) tried.push(result);
    return result;
  };
  if (work.calibrator) {
    const first = await attempt('static-int8', { ...base, scheme: 'static-int8', density: 'full' });
    await attempt('static-int8, percentile', { ...base, scheme: 'static-int8', density: 'full' }, 'percentile');
    await attempt('static-int8, mse', { ...base, scheme: 'static-int8', density: 'full' }, 'mse');
    await attempt('static-int8, lean', { ...base, scheme: 'static-int8', density: 'lean' });
    if (first) {
      const order = await sensitivity(work, first);
      for (const share of excludedShares) {
        const count = Math.max(1, Math.round(order.length * share));
        const exclude = new Set([...(base.exclude ?? []), ...order.slice(0, count)]);
        await attempt(english`static-int8, ${count} nodes float`, {
          ...base,
          scheme: 'static-int8',
          density: 'full',
          exclude,
        });
        await attempt(english`static-int8, lean, ${count} nodes float`, {
          ...base,
          scheme: 'static-int8',
          density: 'lean',
          exclude,
        });
      }
    }
  }
  for (const scheme of ['dynamic-int8', 'int8-weights', 'int4-weights'] as const)
    await attempt(scheme, { ...base, scheme });
  if (tried.length === 0) {
    const quantized = await work.prepared.quantize({ ...base, scheme: 'dynamic-int8' }, undefined, work.context.signal);
    return { recipe: { ...base, scheme: 'dynamic-int8' }, quantized, candidates: [], keepFloat: true };
  }
  const allowed = tried.filter((each) => isAllowed(each, work));
  const measured = await measure(work, shortlist(allowed.length > 0 ? allowed : tried));
  const faster = measured.filter((each) => each.verdict === 'faster' && isAllowed(each, work));
  const best = (faster.length > 0 ? faster : measured).toSorted((a, b) => a.ratio - b.ratio)[0]!;
  // Of those that are as fast as can be told, the most exact.
  const chosen = (faster.length > 0 ? faster : measured)
    .filter(({ ratio }) => ratio <= Math.min(best.interval95[1], best.ratio * mostSlowdown))
    .toSorted((a, b) => errorRank(b) - errorRank(a))[0]!;
  const latencies = new Map(measured.map((each) => [each.label, each]));
  return {
    recipe: chosen.recipe,
    ...(chosen.method ? { method: chosen.method } : {}),
    quantized: chosen.quantized,
    keepFloat: faster.length === 0,
    candidates: tried.map(({ label, sqnrDb, bytes, metric }) => {
      const latency = latencies.get(label);
      return {
        label,
        sqnrDb,
        bytes,
        ...(metric === undefined ? {} : { metric }),
        ...(latency ? { ratio: latency.ratio, interval95: latency.interval95, verdict: latency.verdict } : {}),
        chosen: label === chosen.label,
      };
    }),
  };
}

async function tryRecipe(
  work: QuantizeWork,
  label: string,
  recipe: Recipe,
  method: CalibrationMethod | undefined,
): Promise<Tried | undefined> {
  const { prepared, calibrator, reference, evaluator, context, labelled } = work;
  const { signal } = context;
  const calibrated = method ? calibrator?.with(method) : calibrator;
  const quantized = await prepared.quantize(recipe, calibrated, signal);
  if (quantized.nodes.length === 0) return undefined;
  const { sqnrDb, verdict } = await outputError(quantized.model, reference, { evaluator, signal });
  if (verdict.status === 'different') return undefined;
  const share = labelled && (await accuracy(quantized.model, labelled, { evaluator, signal })).share;
  const bytes = piecesLength(encodeModel(quantized.model, { placement: () => 'inline' }));
  return {
    label,
    recipe,
    ...(method ? { method } : {}),
    quantized,
    sqnrDb,
    bytes,
    ...(share === undefined ? {} : { metric: share }),
  };
}

function isAllowed({ sqnrDb, metric }: Tried, { options: { minSqnr }, floatMetric }: QuantizeWork): boolean {
  if (metric !== undefined && floatMetric !== undefined) return metric >= floatMetric - allowedDrop;
  return sqnrDb === null || sqnrDb >= (minSqnr ?? wantedSqnr);
}

/** The most exact of each kind, those with fewest float nodes first: they are likely the fastest, and only measuring tells. */
function shortlist(tried: readonly Tried[]): readonly Tried[] {
  const floatNodes = ({ recipe }: Tried) => recipe.exclude?.size ?? 0;
  const bySqnr = tried.toSorted((a, b) => errorRank(b) - errorRank(a));
  const kinds = new Set<string>();
  const results = new Set<string>();
  const best = bySqnr.filter((each) => {
    const { recipe, sqnrDb } = each;
    const kind = `${recipe.scheme} ${recipe.density} ${floatNodes(each)}`;
    const result = `${recipe.scheme} ${floatNodes(each)} ${sqnrDb}`;
    if (kinds.has(kind) || results.has(result)) return false;
    kinds.add(kind);
    results.add(result);
    return true;
  });
  return best.toSorted((a, b) => floatNodes(a) - floatNodes(b)).slice(0, mostMeasured);
}

const errorRank = ({ sqnrDb }: Pick<Tried, 'sqnrDb'>): number => sqnrDb ?? Number.POSITIVE_INFINITY;

async function measure({ target, options, context, say }: QuantizeWork, tried: readonly Tried[]): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const each of tried) {
    say(english`Measuring ${each.label}`);
    const candidate = { model: each.quantized.model, identity: { ...target.identity, bytes: each.bytes } };
    const settings = { ...options.settings, timeLimit: Math.min(measuringTime, options.settings.timeLimit) };
    const { ratio, interval95, verdict } = await compareLatency(
      target,
      candidate,
      { settings, level: 'all' },
      { ...context, onProgress: undefined },
    );
    measured.push({ ...each, ratio, interval95, verdict });
  }
  return measured;
}

/** Nodes by how much noise each alone brings to the outputs, the noisiest first: all others stay float. */
export async function sensitivity(
  work: QuantizeWork,
  { recipe, quantized }: Pick<Tried, 'recipe' | 'quantized'>,
): Promise<readonly NodeId[]> {
  const { prepared, calibrator, reference, evaluator, context, say } = work;
  const weighted = quantized.nodes.filter(
    ({ opType }) => opType === 'Conv' || opType === 'Gemm' || opType === 'MatMul',
  );
  const probed = largest(weighted, prepared.model.graph.initializers).slice(0, mostProbed);
  const noise: { readonly id: NodeId; readonly sqnrDb: number }[] = [];
  const few = { ...reference, feeds: reference.feeds.slice(0, 2), results: reference.results.slice(0, 2) };
  for (const [index, { id }] of probed.entries()) {
    say(english`Finding sensitive nodes`, index / probed.length);
    const exclude = new Set([
      ...(recipe.exclude ?? []),
      ...weighted.filter((node) => node.id !== id).map((node) => node.id),
    ]);
    try {
      const alone = await prepared.quantize({ ...recipe, exclude, density: 'lean' }, calibrator, context.signal);
      const { sqnrDb } = await outputError(alone.model, few, { evaluator, signal: context.signal });
      noise.push({ id, sqnrDb: sqnrDb ?? Number.POSITIVE_INFINITY });
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
    }
  }
  return noise.sort((a, b) => a.sqnrDb - b.sqnrDb).map(({ id }) => id);
}

function largest(
  nodes: readonly Node[],
  weights: ReadonlyMap<string, { readonly data: { readonly byteLength: number } }>,
): Node[] {
  const sizeOf = (node: Node) => weights.get(node.inputs[1] ?? '')?.data.byteLength ?? 0;
  return nodes.length <= mostProbed ? [...nodes] : nodes.toSorted((a, b) => sizeOf(b) - sizeOf(a));
}
