import { english } from '../core/english.ts';
import type { QuantizedModel, Recipe } from '../core/quantize/quantize-model.ts';
import type { QuantizeCandidate } from '../core/report/report.ts';
import { compareLatency } from './compare-latency.ts';
import { makeTemporaryFolder } from './model-source.ts';
import { front, isWithin, limitsOf } from './quantize-budget.ts';
import { makeCandidates, quality, type Tried } from './quantize-candidates.ts';
import type { QuantizeWork } from './quantize-work.ts';

export interface SearchResult
  extends Pick<Tried, 'recipe' | 'calibrator' | 'method' | 'prepared' | 'equalize' | 'smooth' | 'sqnrDb'> {
  readonly quantized: QuantizedModel;
  readonly candidates: readonly QuantizeCandidate[];
  /** As `candidates`, with what was made. Their models can be read only when they were kept. */
  readonly tried: readonly Measured[];
  /** Why the float model is best; what is given is the best of the others all the same. */
  readonly keepFloat?: string;
}

export interface Measured extends Tried {
  readonly within: boolean;
  readonly latency?: Awaited<ReturnType<typeof compareLatency>>;
}

/** Candidates beyond the budget that are measured when none keeps it. */
const mostBeyond = 3;
/** A more exact candidate may be this much slower than the fastest: no one would miss it. */
const unnoticed = 1.02;
/** And may seem this much slower, however wide the intervals are. */
const mostSlowdown = 1.05;
/** Seconds for one latency measurement. */
const measuringTime = 6;

/**
 * Makes candidates, measures all that keep the budget on this machine, and gives the fastest; of those that are as fast
 * as can be told or noticed, the most exact. They are kept in `folder` when one is given. Rejects when not one can be made.
 */
export async function findRecipe(work: QuantizeWork, base: Recipe, folder?: string): Promise<SearchResult> {
  const own = folder === undefined ? await makeTemporaryFolder() : undefined;
  const tried: Tried[] = [];
  try {
    tried.push(...(await makeCandidates(work, base, folder ?? own!.path)));
    return await choose(work, base, tried);
  } finally {
    for (const { file } of tried) await file.close();
    await own?.remove();
  }
}

async function choose(work: QuantizeWork, base: Recipe, tried: readonly Tried[]): Promise<SearchResult> {
  const { target, options, floatMetric, prepared, context, smooth } = work;
  if (tried.length === 0) {
    const recipe: Recipe = { ...base, scheme: 'dynamic-int8' };
    const quantized = await prepared.quantize(recipe, undefined, context.signal);
    const start = {
      recipe,
      calibrator: undefined,
      method: undefined,
      prepared,
      equalize: options.equalize ?? false,
      smooth,
    };
    return { ...start, quantized, sqnrDb: null, candidates: [], tried: [] };
  }
  const limits = limitsOf(options, { bytes: target.identity.bytes, metric: floatMetric });
  const within = new Set(tried.filter((each) => isWithin(each, limits)));
  const contenders = within.size > 0 ? [...within] : tried.toSorted(moreExact).slice(0, mostBeyond);
  const latencies = await measure(work, contenders);
  const measured = tried.map((each): Measured => {
    const latency = latencies.get(each);
    return { ...each, within: within.has(each), ...(latency ? { latency } : {}) };
  });
  // Where the float model is too large, the budget wants a small one, faster or not.
  const mustShrink = limits.bytes !== undefined && target.identity.bytes > limits.bytes;
  const best = fastest(measured.filter((each) => each.within && (mustShrink || each.latency?.verdict === 'faster')));
  const chosen = best ?? fastest(measured)!;
  const { recipe, calibrator, method, equalize } = chosen;
  const keepFloat =
    within.size === 0
      ? english`Keep fp32: nothing that was tried stays within the budget.`
      : english`Keep fp32: nothing that was tried is faster on this machine within the error allowed.`;
  return {
    recipe,
    calibrator,
    method,
    prepared: chosen.prepared,
    equalize,
    smooth: chosen.smooth,
    sqnrDb: chosen.sqnrDb,
    quantized: await chosen.prepared.quantize(recipe, calibrator, context.signal),
    candidates: described(measured, best),
    tried: measured,
    ...(best ? {} : { keepFloat }),
  };
}

/** The most exact of those that are as fast as the fastest, as far as can be told or noticed. */
function fastest(candidates: readonly Measured[]): Measured | undefined {
  const timed = candidates.flatMap((each) => (each.latency ? [{ each, ...each.latency }] : []));
  const [best] = timed.toSorted((a, b) => a.ratio - b.ratio);
  if (!best) return undefined;
  const within = Math.min(Math.max(best.interval95[1] / best.ratio, unnoticed), mostSlowdown);
  const asFast = timed.filter(({ ratio }) => ratio <= best.ratio * within);
  return asFast.map(({ each }) => each).toSorted(moreExact)[0];
}

/** By the metric where there is one; the signal to noise decides between equals. */
function moreExact(a: Tried, b: Tried): number {
  const byMetric = (b.metric ?? 0) - (a.metric ?? 0);
  return byMetric === 0 ? quality(b) - quality(a) : byMetric;
}

function described(measured: readonly Measured[], chosen: Measured | undefined): QuantizeCandidate[] {
  const inFront = new Set(
    front(
      measured.filter((each) => each.within && each.latency),
      { time: ({ latency }) => latency!.ratio, quality: (each) => each.metric ?? quality(each) },
    ),
  );
  return measured.map((each) => {
    const { label, sqnrDb, bytes, metric, latency, within } = each;
    return {
      label,
      sqnrDb,
      bytes,
      ...(metric === undefined ? {} : { metric }),
      ...(latency ? { ratio: latency.ratio, interval95: latency.interval95, verdict: latency.verdict } : {}),
      within,
      front: inFront.has(each),
      chosen: each === chosen,
    };
  });
}

async function measure({ target, options, context, say }: QuantizeWork, tried: readonly Tried[]) {
  const latencies = new Map<Tried, Measured['latency']>();
  const settings = { ...options.settings, timeLimit: Math.min(measuringTime, options.settings.timeLimit) };
  for (const [index, each] of tried.entries()) {
    say(english`Measuring ${each.label}`, index / tried.length);
    const { model, path } = each.file;
    const candidate = { model, path, identity: { ...target.identity, path, bytes: each.bytes } };
    const quiet = { ...context, onProgress: undefined };
    try {
      latencies.set(each, await compareLatency(target, candidate, { settings, level: 'all' }, quiet));
    } catch (error) {
      // One that is too slow for the time there is does not end the search; when no other was measured, it does.
      const isLast = index === tried.length - 1;
      if (context.signal?.aborted || (isLast && latencies.size === 0)) throw error;
    }
  }
  return latencies;
}
