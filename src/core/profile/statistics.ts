/**
 * Statistics of measured times. Times are never normal: they have a floor, a long tail, and neighbours in time resemble
 * each other. So everything here is by rank, and intervals resample stretches of neighbours instead of single runs.
 */
import type { Random } from '../random.ts';

type Numbers = ArrayLike<number>;

export function sorted(values: Numbers): Float64Array {
  return new Float64Array(values).sort();
}

/** The value below which a share `q` of the sorted values lies, interpolated between neighbours. NaN when there are none. */
export function quantileOfSorted(values: Numbers, q: number): number {
  if (values.length === 0) return Number.NaN;
  const position = q * (values.length - 1);
  const below = Math.floor(position);
  const low = values[below]!;
  const high = values[Math.min(below + 1, values.length - 1)]!;
  return low + (high - low) * (position - below);
}

export function quantile(values: Numbers, q: number): number {
  return quantileOfSorted(sorted(values), q);
}

/** Middle of the values; NaN when there are none. */
export function median(values: Numbers): number {
  return quantile(values, 0.5);
}

export function mean(values: Numbers): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  return sum / values.length;
}

/** Half the width of the middle 50 %. */
export function spread(values: Numbers): number {
  const order = sorted(values);
  return (quantileOfSorted(order, 0.75) - quantileOfSorted(order, 0.25)) / 2;
}

/** Correlation of each value with the next, −1 to 1, by rank so that a few outliers do not decide. 0 for fewer than 4 values. */
export function serialCorrelation(values: Numbers): number {
  const count = values.length;
  if (count < 4) return 0;
  const ranks = ranksOf(values);
  const middle = (count - 1) / 2;
  let products = 0;
  let squares = 0;
  for (let index = 0; index < count; index++) {
    const deviation = ranks[index]! - middle;
    squares += deviation * deviation;
    if (index > 0) products += deviation * (ranks[index - 1]! - middle);
  }
  return squares === 0 ? 0 : products / squares;
}

/**
 * A 95 % interval of the median by the moving-block bootstrap (Künsch 1989): runs of neighbours are drawn, as long as
 * their correlation reaches, so that slow drifts of the machine widen the interval as they should.
 */
export function medianInterval(values: Numbers, random: Random, resamples = 1000): readonly [number, number] {
  const count = values.length;
  if (count < 2) return [median(values), median(values)];
  const order = sorted(values);
  const ranks = ranksOf(values);
  const block = blockLength(values);
  const medians = new Float64Array(resamples);
  const drawn = new Uint32Array(count);
  for (let resample = 0; resample < resamples; resample++) {
    drawn.fill(0);
    for (let filled = 0; filled < count; filled += block) {
      const start = random.integer(count - block + 1);
      const take = Math.min(block, count - filled);
      for (let index = 0; index < take; index++) drawn[ranks[start + index]!]!++;
    }
    medians[resample] = medianOfCounts(order, drawn, count);
  }
  medians.sort();
  return [quantileOfSorted(medians, 0.025), quantileOfSorted(medians, 0.975)];
}

/** How many neighbours to draw together: the best length for a first-order series (Carlstein 1986), at most a quarter of all. */
function blockLength(values: Numbers): number {
  const correlation = Math.min(0.95, Math.max(0, serialCorrelation(values)));
  const best = ((2 * correlation) / (1 - correlation ** 2)) ** (2 / 3) * Math.cbrt(values.length);
  return Math.max(1, Math.min(Math.floor(values.length / 4), Math.ceil(best)));
}

/** Place of each value in the sorted order, 0 first; equal values in their own order. */
function ranksOf(values: Numbers): Uint32Array {
  const order = Uint32Array.from({ length: values.length }, (_, index) => index);
  order.sort((a, b) => values[a]! - values[b]! || a - b);
  const ranks = new Uint32Array(values.length);
  for (let rank = 0; rank < order.length; rank++) ranks[order[rank]!] = rank;
  return ranks;
}

/** Median of a resample that holds `drawn[i]` copies of the i-th value of `order`, `count` in all. */
function medianOfCounts(order: Numbers, drawn: Numbers, count: number): number {
  const lowPlace = Math.floor((count - 1) / 2);
  const highPlace = Math.floor(count / 2);
  let seen = 0;
  let low = Number.NaN;
  for (let index = 0; index < order.length; index++) {
    seen += drawn[index]!;
    if (seen > lowPlace && Number.isNaN(low)) low = order[index]!;
    if (seen > highPlace) return (low + order[index]!) / 2;
  }
  return low;
}

/**
 * Interval and estimate of the centre of paired differences: the Hodges–Lehmann estimate and the interval that inverts
 * Wilcoxon's signed-rank test. When the differences are symmetric about the centre, which a fair coin per pair makes
 * sure of for two equal things, the interval misses it in at most 5 % of cases, whatever the distribution.
 * With fewer than 6 pairs no 95 % interval exists, and it is unbounded.
 */
export function pairedCentre(differences: Numbers): { readonly estimate: number; readonly interval: [number, number] } {
  const count = differences.length;
  const averages = new Float64Array((count * (count + 1)) / 2);
  let at = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i; j < count; j++) averages[at++] = (differences[i]! + differences[j]!) / 2;
  }
  averages.sort();
  const estimate = quantileOfSorted(averages, 0.5);
  const outside = signedRankCritical(count);
  if (outside === undefined) return { estimate, interval: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] };
  return { estimate, interval: [averages[outside]!, averages[averages.length - 1 - outside]!] };
}

/**
 * The largest number of averages that may lie outside on each side so that at most 2.5 % of all sign patterns give a
 * signed-rank sum of no more than that; exact up to 50 pairs, by the normal limit beyond.
 */
function signedRankCritical(count: number): number | undefined {
  if (count < 6) return undefined;
  const total = (count * (count + 1)) / 2;
  if (count > 50) {
    const deviation = Math.sqrt((count * (count + 1) * (2 * count + 1)) / 24);
    return Math.floor(total / 2 - 1.959964 * deviation - 0.5);
  }
  // ways[s]: share of sign patterns whose positive ranks sum to s.
  const ways = new Float64Array(total + 1);
  ways[0] = 1;
  for (let rank = 1; rank <= count; rank++) {
    for (let sum = total; sum >= 0; sum--) ways[sum] = (ways[sum]! + (sum >= rank ? ways[sum - rank]! : 0)) / 2;
  }
  let share = 0;
  let sum = 0;
  while (share + ways[sum]! <= 0.025) share += ways[sum++]!;
  return sum - 1;
}
