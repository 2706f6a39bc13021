import { byteLengthOf, elementCount } from '../graph/data-type.ts';
import type { Tensor } from '../graph/model.ts';
import { toNumbers } from './convert.ts';

/** Figures over a tensor's elements. NaN and infinities are counted and take no part in the others. */
export interface TensorStatistics {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly standardDeviation: number;
  /** Shares of all elements, 0 to 1. */
  readonly zeros: number;
  readonly nan: number;
  readonly infinite: number;
  /** `counts[i]` elements lie in `edges[i] … edges[i + 1]`. */
  readonly histogram: { readonly edges: Float64Array; readonly counts: Float64Array };
}

/** Elements read at a time: 4 MB of 32-bit floats. A multiple of 4, so that packed types split at bytes. */
const blockElements = 1 << 20;

/** Reads a tensor twice, in blocks: once for the range and moments, once for the histogram. Rejects for strings. */
export async function tensorStatistics(tensor: Tensor, bins = 64, signal?: AbortSignal): Promise<TensorStatistics> {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let finite = 0;
  let mean = 0;
  let squares = 0;
  let zeros = 0;
  let nan = 0;
  let infinite = 0;
  await forEachBlock(tensor, signal, (values) => {
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      if (Number.isNaN(value)) nan++;
      else if (value - value !== 0) infinite++;
      else {
        if (value < min) min = value;
        if (value > max) max = value;
        if (value === 0) zeros++;
        // Welford's update keeps its digits when the mean is far from zero.
        finite++;
        const difference = value - mean;
        mean += difference / finite;
        squares += difference * (value - mean);
      }
    }
  });
  const count = elementCount(tensor.dims);
  const edges = Float64Array.from({ length: bins + 1 }, (_, index) => min + ((max - min) * index) / bins);
  const counts = new Float64Array(bins);
  const scale = max > min ? bins / (max - min) : 0;
  if (finite > 0) {
    await forEachBlock(tensor, signal, (values) => {
      for (let index = 0; index < values.length; index++) {
        const value = values[index]!;
        if (value - value === 0) counts[Math.min(bins - 1, Math.floor((value - min) * scale))]!++;
      }
    });
  }
  const share = (part: number) => (count === 0 ? 0 : part / count);
  const none = finite === 0;
  return {
    count,
    // Adding 0 turns −0 into 0.
    min: none ? Number.NaN : min + 0,
    max: none ? Number.NaN : max + 0,
    mean: none ? Number.NaN : mean,
    standardDeviation: none ? Number.NaN : Math.sqrt(squares / finite),
    zeros: share(zeros),
    nan: share(nan),
    infinite: share(infinite),
    histogram: none ? { edges: new Float64Array(0), counts: new Float64Array(0) } : { edges, counts },
  };
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
