/**
 * Ranges from distributions: where cutting off rare, far numbers gives the rest finer steps. Two passes over the data:
 * the first finds ends, the second counts into bins between them. Memory holds one histogram a value and the values of
 * one run of one group, however many samples there are.
 */
import { assertUnreachable } from '../assert.ts';
import type { Model } from '../graph/model.ts';
import { toFloat32 } from '../tensor/convert.ts';
import { type CalibrationContext, minMaxRanges, remaining, type Samples, withOutputs } from './calibration.ts';
import { affineOf, type Range, roundHalfEven } from './ranges.ts';

export type HistogramMethod = 'percentile' | 'entropy' | 'mse';

export interface HistogramOptions extends CalibrationContext {
  readonly method: HistogramMethod;
  /** Percentile: the share in percent that stays within the range, half of the rest cut at each end. Default 99.999. */
  readonly percentile?: number;
}

/** Finer than the 256 steps that bins are judged by; 8 bins a step. */
const bins = 2048;
const steps = 256;
const valuesPerRun = 16;
const defaultPercentile = 99.999;

/** Counts in equal bins over a range that includes 0. */
export interface Histogram extends Range {
  readonly counts: Float64Array;
}

/** Ranges by histogram. Values that were never finite have no range. */
export async function histogramRanges(
  model: Model,
  values: readonly string[],
  samples: Samples,
  { method, percentile = defaultPercentile, ...context }: HistogramOptions,
): Promise<Map<string, Range>> {
  const { evaluator, signal, onProgress, checkpoint } = context;
  const ends = await minMaxRanges(model, values, samples, { evaluator, signal, checkpoint });
  const ranges = new Map<string, Range>();
  const seen = [...ends.keys()];
  for (let start = 0; start < seen.length; start += valuesPerRun) {
    const names = seen.slice(start, start + valuesPerRun);
    const histograms = new Map(names.map((name) => [name, emptyHistogram(ends.get(name)!)]));
    const observed = withOutputs(model, names);
    const counts = [...histograms.values()].map((histogram) => histogram.counts);
    for await (const [feeds] of remaining(samples, { signal, checkpoint }, ['histograms', ...names], counts)) {
      const [outputs] = await evaluator.run({
        model: observed,
        feeds: [feeds],
        level: 'all',
        signal,
      });
      for (const [name, histogram] of histograms) {
        const value = outputs!.get(name);
        if (value) addToHistogram(histogram, toFloat32(value.dtype, value.bytes));
      }
    }
    for (const [name, histogram] of histograms) ranges.set(name, rangeOf(histogram, method, percentile));
    onProgress?.(Math.min(1, (start + valuesPerRun) / seen.length));
  }
  return ranges;
}

/** A histogram between the ends of a range, widened to hold 0. */
export function emptyHistogram({ min, max }: Range): Histogram {
  return { min: Math.min(0, min), max: Math.max(0, max), counts: new Float64Array(bins) };
}

export function addToHistogram({ min, max, counts }: Histogram, values: Float32Array): void {
  const scale = max > min ? bins / (max - min) : 0;
  for (let index = 0; index < values.length; index++) {
    const bin = Math.floor((values[index]! - min) * scale);
    if (bin >= 0 && bin < bins) counts[bin]!++;
    else if (bin >= bins) counts[bins - 1]!++;
  }
}

/** The range that a method takes from a histogram; never wider than what was seen. */
export function rangeOf(histogram: Histogram, method: HistogramMethod, percentile = defaultPercentile): Range {
  if (!(histogram.max > histogram.min)) return { min: histogram.min, max: histogram.max };
  switch (method) {
    case 'percentile':
      return byPercentile(histogram, percentile);
    case 'entropy':
      return byEntropy(histogram);
    case 'mse':
      return bySquaredError(histogram);
    default:
      return assertUnreachable(method);
  }
}

function byPercentile({ min, max, counts }: Histogram, percentile: number): Range {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const cut = (total * (100 - percentile)) / 200;
  const width = (max - min) / bins;
  let low = 0;
  for (let sum = counts[0]!; low < bins - 1 && sum <= cut; sum += counts[++low]!);
  let high = bins - 1;
  for (let sum = counts[high]!; high > low && sum <= cut; sum += counts[--high]!);
  return { min: Math.min(0, min + low * width), max: Math.max(0, min + (high + 1) * width) };
}

/** Candidate ranges: 0 stays inside, both ends move towards it alike, or only one of them. */
function* candidates({ min, max }: Range): Generator<Range> {
  for (let step = 0; step <= 60; step++) {
    const limit = Math.max(-min, max) * (1 - step / 64);
    yield { min: Math.max(min, -limit), max: Math.min(max, limit) };
  }
}

/**
 * The range whose 256 steps tell least apart from the whole distribution, by Kullback–Leibler divergence, after
 * Migacz, "8-bit Inference with TensorRT" (2017).
 */
function byEntropy(histogram: Histogram): Range {
  const { min, max } = histogram;
  const width = (max - min) / bins;
  const counts = withoutZeros(histogram);
  let best: Range = { min, max };
  let least = Number.POSITIVE_INFINITY;
  for (const range of candidates(histogram)) {
    const from = Math.max(0, Math.round((range.min - min) / width));
    const to = Math.min(bins, Math.round((range.max - min) / width));
    if (to - from < steps) break;
    const divergence = divergenceOf(counts, from, to);
    if (divergence < least) [best, least] = [range, divergence];
  }
  return best;
}

/**
 * The counts with no more in the bin of 0 than in its neighbours. What Relu and Clip let nothing through of is 0 to the
 * bit, and 0 has a code of its own in every range: counted in, that spike would outweigh everything else, and cutting
 * three quarters of the range off would seem best.
 */
function withoutZeros({ min, max, counts }: Histogram): Float64Array {
  const zero = Math.min(bins - 1, Math.floor((-min * bins) / (max - min)));
  const level = Math.max(counts[zero - 1] ?? 0, counts[zero + 1] ?? 0);
  return counts.map((count, bin) => (bin === zero ? Math.min(count, level) : count));
}

/** Bins without counts are smoothed with this share of a count, so that no ratio is infinite. */
const smoothing = 1e-4;

function divergenceOf(counts: Float64Array, from: number, to: number): number {
  const kept = counts.slice(from, to);
  let below = 0;
  let above = 0;
  for (let bin = 0; bin < from; bin++) below += counts[bin]!;
  for (let bin = to; bin < counts.length; bin++) above += counts[bin]!;
  const clipped = kept.slice();
  clipped[0]! += below;
  clipped[clipped.length - 1]! += above;
  const merged = new Float64Array(kept.length);
  for (let step = 0; step < steps; step++) {
    const start = Math.floor((step * kept.length) / steps);
    const end = Math.floor(((step + 1) * kept.length) / steps);
    let sum = 0;
    let filled = 0;
    for (let bin = start; bin < end; bin++) {
      sum += kept[bin]!;
      if (clipped[bin]! > 0) filled++;
    }
    for (let bin = start; bin < end; bin++) merged[bin] = clipped[bin]! > 0 ? sum / filled : 0;
  }
  const p = smoothed(clipped);
  const q = smoothed(merged);
  let divergence = 0;
  for (let bin = 0; bin < p.length; bin++) divergence += p[bin]! * Math.log(p[bin]! / q[bin]!);
  return divergence;
}

function smoothed(counts: Float64Array): Float64Array {
  let total = 0;
  for (const count of counts) total += count + smoothing;
  return counts.map((count) => (count + smoothing) / total);
}

/** The range of least squared error when every bin's middle is stored in 256 steps. */
function bySquaredError(histogram: Histogram): Range {
  const { min, max, counts } = histogram;
  const width = (max - min) / bins;
  const errorOf = (range: Range): number => {
    const { scale, zeroPoint } = affineOf(range, 'uint8');
    let sum = 0;
    for (let bin = 0; bin < bins; bin++) {
      const count = counts[bin]!;
      if (count === 0) continue;
      const value = min + (bin + 0.5) * width;
      const code = Math.min(255, Math.max(0, roundHalfEven(value / scale) + zeroPoint));
      const error = value - (code - zeroPoint) * scale;
      sum += count * (error * error);
    }
    return sum;
  };
  let best: Range = { min, max };
  let least = errorOf(best);
  const consider = (range: Range) => {
    const error = errorOf(range);
    if (error < least) [best, least] = [range, error];
  };
  for (const range of candidates(histogram)) consider(range);
  // One end is often far out and the other is not: move each alone from the best so far.
  for (let step = 1; step <= 40; step++) consider({ min: best.min, max: max * (1 - step / 48) });
  for (let step = 1; step <= 40; step++) consider({ min: min * (1 - step / 48), max: best.max });
  return best;
}
