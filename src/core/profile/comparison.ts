/**
 * Is B faster than A? Rounds of both models, a few runs of each a turn, who goes first decided by a fair coin in every
 * round. Each round gives one number, the logarithm of its ratio of medians, in which everything that slows both alike
 * cancels; where other work keeps interrupting both, of their fast runs instead (`turnQuantile`). If A and B are equally fast, swapping them in a round changes nothing, so these numbers are symmetric about
 * zero whatever the machine does meanwhile, and the signed-rank interval is exact: it excludes 1 in at most 5 % of cases.
 */
import type { Random } from '../random.ts';
import type { LatencyComparison } from '../report/report.ts';
import { mean, median, pairedCentre, quantile, serialCorrelation } from './statistics.ts';

/** Who runs in which turn: in each of `rounds` rounds 0 and 1, in an order that a coin decides. */
export function roundOrder(rounds: number, random: Random): Uint8Array {
  const order = new Uint8Array(rounds * 2);
  for (let round = 0; round < rounds; round++) {
    const first = random.integer(2);
    order[2 * round] = first;
    order[2 * round + 1] = 1 - first;
  }
  return order;
}

/** Times of one session pair: `samples[i]` belongs to `order[floor(i / each)]`. Rounds that were not finished are left out. */
export interface Rounds {
  readonly order: Uint8Array;
  readonly each: number;
  readonly samples: Float64Array;
}

/** For each finished round, the logarithm of 1's time over 0's; a turn's time is quantile `q` of its runs. */
export function logRatios({ order, each, samples }: Rounds, q = 0.5): Float64Array {
  const rounds = Math.min(Math.floor(order.length / 2), Math.floor(samples.length / (2 * each)));
  return Float64Array.from({ length: rounds }, (_, round) => {
    const start = 2 * round * each;
    const first = quantile(samples.subarray(start, start + each), q);
    const second = quantile(samples.subarray(start + each, start + 2 * each), q);
    return Math.log(order[2 * round] === 0 ? second / first : first / second);
  });
}

/** A run this much longer than the fast ones was interrupted. */
const interruptedBeyond = 1.25;
const fastRuns = 0.1;
/** Up to this share of interrupted runs the medians of turns are hardly touched. */
const mostInterrupted = 0.05;

/** The share of runs, 0 to 1, that were far longer than the fast ones on both sides: what only one model has is its own. */
export function interruptedShare(pairs: readonly Rounds[]): number {
  const shares = ([0, 1] as const).map((side) => {
    const times = pairs.flatMap((rounds) => Array.from(samplesOf(rounds, side)));
    const limit = interruptedBeyond * quantile(times, fastRuns);
    return times.filter((time) => time > limit).length / Math.max(1, times.length);
  });
  return Math.min(...shares);
}

/**
 * Which quantile of its runs stands for a turn: the median, or the fast tenth where other work interrupts both models
 * so often that medians of turns tell how busy the machine was. This looks at both sides alike, so it keeps the rate of
 * false differences. Series of a model beside 3 and 5 busy processes on 2 cores, 3 % planted: medians found 36 to 84 %
 * of 150, fast runs all.
 */
export function turnQuantile(pairs: readonly Rounds[]): number {
  // A turn of one run has no fast ones.
  return pairs.some(({ each }) => each > 1) && interruptedShare(pairs) > mostInterrupted ? fastRuns : 0.5;
}

/** The times of one side, in the order in which they were taken. */
export function samplesOf({ order, each, samples }: Rounds, side: 0 | 1): Float64Array {
  return samples.filter((_, index) => order[Math.floor(index / each)] === side);
}

export interface RatioEstimate {
  /** Time of 1 over time of 0: below 1, the second is faster. */
  readonly ratio: number;
  readonly interval95: readonly [number, number];
  readonly rounds: number;
}

/**
 * What two sessions of one model can differ by for good, as far as a handful of them shows: without it, 5 of 60
 * comparisons of a model with itself on a busy machine missed 1, by 0.02 to 0.09 % (bench/profile/planted.ts).
 */
const leastTold = 0.002;

/** The ratio and its 95 % interval from the rounds of all session pairs. */
export function estimateRatio(logRatiosByPair: readonly ArrayLike<number>[]): RatioEstimate {
  const all = logRatiosByPair.flatMap((ratios) => Array.from(ratios));
  const { estimate, interval } = pairedCentre(all);
  const widen = Math.max(correlationFactor(all), pairFactor(logRatiosByPair, interval));
  const [low, high] = interval.map((end) => estimate + (end - estimate) * widen) as [number, number];
  const interval95 = [Math.exp(low - leastTold), Math.exp(high + leastTold)] as const;
  return { ratio: Math.exp(estimate), interval95, rounds: all.length };
}

/** Rounds that resemble their neighbours say less than independent ones: √((1+ρ)/(1−ρ)) when ρ is beyond chance, else 1. */
function correlationFactor(ratios: readonly number[]): number {
  const correlation = Math.min(0.9, serialCorrelation(ratios));
  return correlation > 2 / Math.sqrt(ratios.length) ? Math.sqrt((1 + correlation) / (1 - correlation)) : 1;
}

/**
 * Two sessions of one model can differ for good, by where their memory happens to lie. What that adds shows in how far
 * the session pairs disagree; the interval is widened to Student's interval over the pairs when that is wider. Pairs
 * far from the others count as if they were five deviations away: with the plain variance a burst of load over one pair
 * of five hid planted slowdowns of 10 % in 2 of 6 comparisons.
 */
function pairFactor(logRatiosByPair: readonly ArrayLike<number>[], interval: readonly [number, number]): number {
  const centres = logRatiosByPair.filter(({ length }) => length > 0).map(median);
  const half = (interval[1] - interval[0]) / 2;
  if (centres.length < 3 || !(half > 0) || !Number.isFinite(half)) return 1;
  const middle = median(centres);
  // 1.4826: for a normal sample the median distance is that part of the standard deviation.
  const far = 5 * 1.4826 * median(centres.map((centre) => Math.abs(centre - middle)));
  const kept = centres.map((centre) => Math.min(middle + far, Math.max(middle - far, centre)));
  const average = mean(kept);
  const variance = kept.reduce((sum, centre) => sum + (centre - average) ** 2, 0) / (kept.length - 1);
  const quantile = studentQuantile975[Math.min(kept.length, studentQuantile975.length) - 1]!;
  return Math.max(1, (quantile * Math.sqrt(variance / kept.length)) / half);
}

/** 97.5 % point of Student's distribution for 0, 1, 2 … degrees of freedom. */
const studentQuantile975 = [
  Number.NaN,
  12.706,
  4.303,
  3.182,
  2.776,
  2.571,
  2.447,
  2.365,
  2.306,
  2.262,
  2.228,
  2.201,
  2.179,
  2.16,
  2.145,
];

/** Verdict on a ratio: below 1 is faster. */
export function verdictOf(interval95: readonly [number, number]): LatencyComparison['verdict'] {
  if (interval95[1] < 1) return 'faster';
  return interval95[0] > 1 ? 'slower' : 'no-difference';
}

/**
 * In percent: without a difference, the largest one that the measurement leaves possible; with one, how exactly it is
 * known (half the width of the interval).
 */
export function resolutionPercent(interval95: readonly [number, number]): number {
  const [low, high] = interval95;
  const share = verdictOf(interval95) === 'no-difference' ? Math.max(1 - low, high - 1) : (high - low) / 2;
  return share * 100;
}
