/** What can be wrong with a series of times: a warm-up, a drift, two modes, outliers. */
import { english } from '../english.ts';
import { mean, median, quantile, quantileOfSorted, sorted } from './statistics.ts';

type Numbers = ArrayLike<number>;

/** Series shorter than this say too little about their own shape. */
const leastForShape = 20;

/**
 * How many runs at the start belong to the warm-up: the cut that leaves the smallest standard error of the mean of the
 * rest (the marginal standard error rule, White 1997), on values clipped to what the second half shows, so that an
 * outlier late in the series moves nothing. At most half the series is cut; `settled` is false when the rule would cut more.
 */
export function detectWarmup(samples: Numbers): { readonly runs: number; readonly settled: boolean } {
  const count = samples.length;
  if (count < 8) return { runs: 0, settled: false };
  const half = sorted(Array.prototype.slice.call(samples, Math.floor(count / 2)));
  const range = quantileOfSorted(half, 0.75) - quantileOfSorted(half, 0.25);
  const low = quantileOfSorted(half, 0.25) - 3 * range;
  const high = quantileOfSorted(half, 0.75) + 3 * range;
  let sum = 0;
  let squares = 0;
  let best = Number.POSITIVE_INFINITY;
  let runs = 0;
  // From the end to the start, so that each cut costs one step. Cuts that leave fewer than a quarter mean nothing.
  for (let cut = count - 1; cut >= 0; cut--) {
    const value = Math.min(high, Math.max(low, samples[cut]!));
    sum += value;
    squares += value * value;
    const rest = count - cut;
    if (rest < Math.max(4, count / 4)) continue;
    const error = Math.max(0, squares - (sum * sum) / rest) / (rest * rest);
    if (error <= best) {
      best = error;
      runs = cut;
    }
  }
  const limit = Math.floor(count / 2);
  return runs > limit ? { runs: limit, settled: false } : { runs, settled: true };
}

/**
 * Change of the median from the first third to the last, as a share of the whole median, when it is more than chance
 * and more than 2 %; else 0. Chance: Mann and Kendall's trend statistic beyond 3.3 (1 in 1000), over thinned values so
 * that the resemblance of neighbours does not count as a trend.
 */
export function detectDrift(samples: Numbers): number {
  const count = samples.length;
  if (count < leastForShape) return 0;
  const third = Math.floor(count / 3);
  const all = Array.from(samples);
  const change = (median(all.slice(-third)) - median(all.slice(0, third))) / median(all);
  return Math.abs(change) >= 0.02 && Math.abs(trendScore(blockMedians(all, 40))) > 3.3 ? change : 0;
}

function trendScore(values: Numbers): number {
  let score = 0;
  for (let i = 0; i < values.length; i++) {
    for (let j = i + 1; j < values.length; j++) score += Math.sign(values[j]! - values[i]!);
  }
  const n = values.length;
  return score / Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
}

/** The medians of at most `parts` stretches of equal length. */
function blockMedians(values: readonly number[], parts: number): number[] {
  const count = Math.min(parts, values.length);
  return Array.from({ length: count }, (_, part) =>
    median(values.slice(Math.floor((part * values.length) / count), Math.floor(((part + 1) * values.length) / count))),
  );
}

export interface Modes {
  /** Centre of each mode, lower first, in the unit of the samples. */
  readonly centres: readonly [number, number];
  /** Share of the samples in the higher mode, 0 to 1. */
  readonly higherShare: number;
}

/**
 * Whether the samples come in two groups: the best split into two (least squares) has at least a tenth on each side,
 * centres that are 2 % apart, and Ashman's D (1994) above 5: halves of a normal, uniform or exponential
 * sample stay below 4.
 */
export function detectModes(samples: Numbers): Modes | undefined {
  if (samples.length < leastForShape) return undefined;
  // A few outliers are no mode: the outermost fortieth on each side is left out.
  const edge = Math.ceil(samples.length / 40);
  const order = sorted(samples).subarray(edge, -edge);
  const count = order.length;
  const split = bestSplit(order);
  const lower = order.subarray(0, split);
  const higher = order.subarray(split);
  if (Math.min(lower.length, higher.length) < Math.max(3, count / 10)) return undefined;
  const centres = [median(lower), median(higher)] as const;
  const distance = (Math.SQRT2 * (mean(higher) - mean(lower))) / Math.sqrt(variance(lower) + variance(higher));
  const apart = (centres[1] - centres[0]) / centres[0];
  return distance > 5 && apart >= 0.02 ? { centres, higherShare: higher.length / count } : undefined;
}

/** Samples beyond three times the middle half from it (Tukey's "far out"). */
export function countOutliers(samples: Numbers): number {
  const order = sorted(samples);
  return order.length - withoutFarOut(order).length;
}

function withoutFarOut(order: Float64Array): Float64Array {
  const low = quantileOfSorted(order, 0.25);
  const high = quantileOfSorted(order, 0.75);
  const reach = 3 * (high - low);
  return order.filter((value) => value >= low - reach && value <= high + reach);
}

/** Index at which cutting the sorted values leaves the least squared distance to the two means. */
function bestSplit(order: Float64Array): number {
  const total = order.reduce((sum, value) => sum + value, 0);
  let best = Number.NEGATIVE_INFINITY;
  let split = 1;
  let sum = 0;
  for (let index = 1; index < order.length; index++) {
    sum += order[index - 1]!;
    const between = (sum * sum) / index + (total - sum) ** 2 / (order.length - index);
    if (between > best) {
      best = between;
      split = index;
    }
  }
  return split;
}

function variance(values: Numbers): number {
  const centre = mean(values);
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += (values[index]! - centre) ** 2;
  return sum / values.length;
}

/** Everything that is wrong with the samples, a sentence each, warm-up taken off before. */
export function describeProblems(samples: Numbers): readonly string[] {
  const problems: string[] = [];
  const drift = detectDrift(samples);
  if (drift !== 0) {
    const by = percent(Math.abs(drift));
    problems.push(
      drift > 0
        ? english`The times rose by ${by} over the measurement: the machine's speed or load changed.`
        : english`The times fell by ${by} over the measurement: the machine's speed or load changed.`,
    );
  }
  const modes = detectModes(samples);
  if (modes) {
    const [low, high] = modes.centres.map((centre) => `${centre.toPrecision(3)} ms`);
    problems.push(
      english`The runs come in two kinds: ${percent(1 - modes.higherShare)} near ${low} and ${percent(modes.higherShare)} near ${high}.`,
    );
  }
  const outliers = countOutliers(samples);
  if (outliers > samples.length / 20) {
    problems.push(
      english`${outliers} of ${samples.length} runs took far longer or shorter than the rest (up to ${quantile(samples, 1).toPrecision(3)} ms).`,
    );
  }
  return problems;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
