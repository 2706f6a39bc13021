import { english } from '../english.ts';
import { createRandom } from '../random.ts';
import type { Latency } from '../report/profile-report.ts';
import { describeProblems, detectWarmup } from './stability.ts';
import { mean, medianInterval, quantileOfSorted, sorted } from './statistics.ts';

/** Least runs behind a percentile (MLPerf Inference's early stopping: below these the tail is a guess). */
export const leastRunsFor = { p90: 64, p99: 662 } as const;

/** A series is stable when its 95 % interval is at most this share of the median to either side and nothing else is wrong. */
export const stableWithin = 0.02;

export interface SummaryOptions {
  /** Runs at the start that do not count; −1: found out from the times. */
  readonly warmup: number;
  readonly seed: number;
  readonly keepSamples?: boolean;
}

/** Latency from times of runs in the order in which they were made, in milliseconds. Throws when no run is left after the warm-up. */
export function summarizeLatency(times: ArrayLike<number>, { warmup, seed, keepSamples }: SummaryOptions): Latency {
  const detected = warmup < 0 ? detectWarmup(times) : { runs: warmup, settled: true };
  const samples = Float64Array.from(times).subarray(detected.runs);
  if (samples.length === 0) throw new RangeError(english`There are no runs after the warm-up.`);
  const order = sorted(samples);
  const middle = quantileOfSorted(order, 0.5);
  const interval95 = medianInterval(samples, createRandom(seed));
  const problems = [...describeProblems(samples)];
  if (!detected.settled) problems.unshift(unsettledMessage(times.length));
  const halfWidth = (interval95[1] - interval95[0]) / 2 / middle;
  if (halfWidth > stableWithin && samples.length > 1) {
    problems.push(
      english`The median is known to ±${(halfWidth * 100).toFixed(1)} % only: more runs or a quieter machine would help.`,
    );
  }
  return {
    runs: samples.length,
    warmup: detected.runs,
    median: middle,
    interval95,
    mean: mean(samples),
    min: order[0]!,
    max: order[order.length - 1]!,
    ...(samples.length >= leastRunsFor.p90 ? { p90: quantileOfSorted(order, 0.9) } : {}),
    ...(samples.length >= leastRunsFor.p99 ? { p99: quantileOfSorted(order, 0.99) } : {}),
    stable: problems.length === 0 && samples.length >= 8,
    problems,
    ...(keepSamples ? { samples: Array.from(samples) } : {}),
  };
}

function unsettledMessage(runs: number): string {
  return runs < 8
    ? english`Too few runs to tell the warm-up from the rest.`
    : english`The times had not settled by the middle of the measurement: give it more time.`;
}
