/** How far new data is from the data that a model was made with. */
import type { Distribution } from './sketch.ts';

/** `shifted`: worth a look. `drifted`: the model now sees other data than it was made with. */
export type DriftVerdict = 'stable' | 'shifted' | 'drifted';

export interface Drift {
  /** Population stability index over the tenths of the baseline. */
  readonly psi: number;
  /** Kolmogorov–Smirnov distance: the largest difference of the two distribution functions, 0 to 1. */
  readonly ks: number;
  /** The distance that samples of one distribution exceed in 1 % of cases. */
  readonly ksLimit: number;
  readonly verdict: DriftVerdict;
}

/** Below 0.1 a population counts as stable, from 0.25 on as another, as is usual in credit scoring. */
export const psiLimits = { shifted: 0.1, drifted: 0.25 } as const;

/** Elements of one sample depend on one another, so the sizes of the two data sets are their samples, not their elements. */
export function drift(baseline: Distribution, now: Distribution, samples: readonly [number, number]): Drift {
  const psi = populationStability(baseline.sketch, now.sketch);
  const ks = kolmogorovSmirnov(baseline.sketch, now.sketch);
  const ksLimit = kolmogorovLimit(...samples);
  const beyondChance = ks > ksLimit;
  const verdict =
    beyondChance && psi >= psiLimits.drifted
      ? 'drifted'
      : beyondChance && psi >= psiLimits.shifted
        ? 'shifted'
        : 'stable';
  return { psi, ks, ksLimit, verdict };
}

const bins = 10;
/** Stands for the share of an empty bin, whose logarithm there is none of. */
const leastShare = 1e-4;

/**
 * Population stability index: Σ (q − p) · ln(q / p) over the bins, with the shares p of the baseline and q of the new
 * data. The bins end at the tenths of the baseline; equal ends are one. Both lists ascend.
 */
export function populationStability(baseline: readonly number[], now: readonly number[]): number {
  if (baseline.length === 0 || now.length === 0) return 0;
  const ends = Array.from(
    { length: bins - 1 },
    (_, index) => baseline[Math.ceil(((index + 1) * baseline.length) / bins) - 1]!,
  );
  const edges = [...new Set(ends)];
  const p = shares(baseline, edges);
  const q = shares(now, edges);
  return p.reduce((sum, share, bin) => {
    const [before, after] = [Math.max(share, leastShare), Math.max(q[bin]!, leastShare)];
    return sum + (after - before) * Math.log(after / before);
  }, 0);
}

/** Share of the values up to the first edge, up to the second, …, beyond the last. */
function shares(sorted: readonly number[], edges: readonly number[]): readonly number[] {
  const upTo = edges.map((edge) => countUpTo(sorted, edge));
  return [...upTo, sorted.length].map((count, bin) => (count - (upTo[bin - 1] ?? 0)) / sorted.length);
}

/** How many of the ascending values are at most `limit`. */
function countUpTo(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Two-sample Kolmogorov–Smirnov statistic of two ascending lists: sup |F(x) − G(x)|. */
export function kolmogorovSmirnov(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  let [atA, atB, largest] = [0, 0, 0];
  while (atA < a.length && atB < b.length) {
    const value = Math.min(a[atA]!, b[atB]!);
    while (atA < a.length && a[atA]! === value) atA++;
    while (atB < b.length && b[atB]! === value) atB++;
    largest = Math.max(largest, Math.abs(atA / a.length - atB / b.length));
  }
  return largest;
}

/** √(−ln(α/2)/2) with α = 1 %: the limit of the distance times √(n·m/(n+m)), by Smirnov (1948). */
const smirnovFactor = Math.sqrt(-Math.log(0.005) / 2);

/** The distance beyond which two samples of these sizes are of two distributions, at the 1 % level. */
export const kolmogorovLimit = (n: number, m: number): number =>
  Math.min(1, smirnovFactor * Math.sqrt((n + m) / (n * m)));
