import { english } from '../core/english.ts';
import { byteLengthOf, elementCount, isFloat } from '../core/graph/data-type.ts';
import type { Tensor } from '../core/graph/model.ts';
import { significant } from '../core/report/format.ts';
import { toBigInts, toNumbers } from '../core/tensor/convert.ts';
import { tensorStatistics } from '../core/tensor/statistics.ts';
import type { TensorDetails } from '../protocol/worker.ts';
import { UnreadableModelError } from './open-model.ts';

/** First elements that are written out. */
const shownElements = 64;
const bins = 64;

/** Statistics of a constant, read in blocks, and its first elements. */
export async function tensorDetails(tensor: Tensor, signal: AbortSignal): Promise<TensorDetails> {
  const { name, dtype, dims } = tensor;
  if (tensor.strings || dtype === 'string') return stringDetails(tensor);
  requireElements(tensor);
  const values = await tensorValues(tensor, 0, shownElements);
  const statistics = await tensorStatistics(tensor, bins, signal);
  return { name, dtype, dims, bytes: tensor.data.byteLength, values, ...statistics };
}

/** Most elements that are written out at a time. */
const mostElements = 4096;

/** Elements as text, in row-major order from `offset`, a multiple of 8 so that packed types begin at a byte. */
export async function tensorValues(tensor: Tensor, offset: number, count: number): Promise<readonly string[]> {
  const { dtype, dims, strings, data } = tensor;
  const length = Math.max(0, Math.min(count, mostElements, elementCount(dims) - offset));
  if (strings || dtype === 'string') {
    const decoder = new TextDecoder();
    return (strings ?? []).slice(offset, offset + length).map((each) => decoder.decode(each));
  }
  requireElements(tensor);
  if (length === 0) return [];
  const bytes = await data.read(byteLengthOf(dtype, offset), byteLengthOf(dtype, length));
  return dtype === 'int64' || dtype === 'uint64'
    ? toBigInts(dtype, bytes, length).map(String)
    : Array.from(toNumbers(dtype, bytes, length), (value) => (isFloat(dtype) ? significant(value, 6) : String(value)));
}

/** Throws an `UnreadableModelError` for a tensor that has fewer bytes than its type and shape need. */
export function requireElements({ name, dtype, dims, data }: Tensor): void {
  const needed = byteLengthOf(dtype, elementCount(dims));
  if (data.byteLength >= needed) return;
  throw new UnreadableModelError(
    english`The tensor ${name} holds ${data.byteLength} bytes; its type and shape, ${dtype} [${dims.join(', ')}], need ${needed}.`,
  );
}

function stringDetails({ name, dtype, dims, strings = [] }: Tensor): TensorDetails {
  const decoder = new TextDecoder();
  return {
    name,
    dtype,
    dims,
    bytes: strings.reduce((sum, each) => sum + each.byteLength, 0),
    count: strings.length,
    min: Number.NaN,
    max: Number.NaN,
    mean: Number.NaN,
    standardDeviation: Number.NaN,
    zeros: 0,
    nan: 0,
    infinite: 0,
    histogram: { edges: new Float64Array(0), counts: new Float64Array(0) },
    values: strings.slice(0, shownElements).map((each) => decoder.decode(each)),
  };
}
