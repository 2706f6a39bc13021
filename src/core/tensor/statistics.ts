import { byteLengthOf, elementCount } from '../graph/data-type.ts';
import type { Tensor } from '../graph/model.ts';
import { toNumbers } from './convert.ts';

/**
 * Figures over a tensor's elements. NaN and infinities are counted and take no part in the others. Of complex numbers,
 * real and imaginary parts count as numbers of their own.
 */
export interface TensorStatistics {
  /** Elements; of complex numbers half as many as there are parts. */
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly standardDeviation: number;
  /** Shares of all numbers, 0 to 1. */
  readonly zeros: number;
  readonly nan: number;
  readonly infinite: number;
  /** `counts[i]` numbers lie in `edges[i] … edges[i + 1]`. */
  readonly histogram: { readonly edges: Float64Array; readonly counts: Float64Array };
}

/** Elements read at a time: 4 MB of 32-bit floats. A multiple of 4, so that packed types split at bytes. */
const blockElements = 1 << 20;

/** Reads a tensor twice, in blocks: once for the range, once for moments and histogram. Rejects for strings. */
export async function tensorStatistics(tensor: Tensor, bins = 64, signal?: AbortSignal): Promise<TensorStatistics> {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let numbers = 0;
  let zeros = 0;
  let nan = 0;
  let infinite = 0;
  await forEachBlock(tensor, signal, (values) => {
    numbers += values.length;
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      if (Number.isNaN(value)) nan++;
      else if (value - value !== 0) infinite++;
      else {
        if (value < min) min = value;
        if (value > max) max = value;
        if (value === 0) zeros++;
      }
    }
  });
  const count = elementCount(tensor.dims);
  const share = (part: number) => (numbers === 0 ? 0 : part / numbers);
  const shares = { zeros: share(zeros), nan: share(nan), infinite: share(infinite) };
  if (nan + infinite === numbers) {
    const none = Number.NaN;
    const histogram = { edges: new Float64Array(0), counts: new Float64Array(0) };
    return { count, min: none, max: none, mean: none, standardDeviation: none, ...shares, histogram };
  }
  // Adding 0 turns −0 into 0.
  return { count, min: min + 0, max: max + 0, ...shares, ...(await distribution(tensor, min, max, bins, signal)) };
}

/** Mean, deviation and histogram of the finite numbers, which lie in `min … max`. */
async function distribution(
  tensor: Tensor,
  min: number,
  max: number,
  bins: number,
  signal: AbortSignal | undefined,
): Promise<Pick<TensorStatistics, 'mean' | 'standardDeviation' | 'histogram'>> {
  // In units of a power of two near the largest, which loses no digits: the squares and differences of the largest
  // 64-bit floats would be infinite, and so would be one over the smallest.
  const unit = powerOfTwoBelow(Math.max(Math.abs(min), Math.abs(max)));
  const low = min / unit;
  const span = max / unit - low;
  const scale = span > 0 ? bins / span : 0;
  const counts = new Float64Array(bins);
  let finite = 0;
  let mean = 0;
  let squares = 0;
  await forEachBlock(tensor, signal, (values) => {
    for (let index = 0; index < values.length; index++) {
      const value = values[index]! / unit;
      if (value - value !== 0) continue;
      // Welford's update keeps its digits when the mean is far from zero.
      finite++;
      const difference = value - mean;
      mean += difference / finite;
      squares += difference * (value - mean);
      counts[Math.min(bins - 1, Math.floor((value - low) * scale))]!++;
    }
  });
  const edges = Float64Array.from({ length: bins + 1 }, (_, index) => (low + (span * index) / bins) * unit);
  edges[0] = min;
  edges[bins] = max;
  return {
    mean: mean * unit,
    standardDeviation: Math.sqrt(squares / finite) * unit,
    histogram: { edges, counts },
  };
}

/** The largest power of two that is no larger than a number, or next to it; 1 for zero. */
function powerOfTwoBelow(value: number): number {
  return value === 0 ? 1 : 2 ** Math.min(1023, Math.floor(Math.log2(value)));
}

/** Reads a tensor's elements block by block, as numbers. */
export async function forEachBlock(
  tensor: Tensor,
  signal: AbortSignal | undefined,
  visit: (values: Float64Array | Float32Array) => void,
): Promise<void> {
  const total = elementCount(tensor.dims);
  for (let start = 0; start < total; start += blockElements) {
    signal?.throwIfAborted();
    const count = Math.min(blockElements, total - start);
    const bytes = await tensor.data.read(byteLengthOf(tensor.dtype, start), byteLengthOf(tensor.dtype, count));
    visit(toNumbers(tensor.dtype, bytes, count));
  }
}
