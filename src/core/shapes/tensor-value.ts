import type { DataType } from '../graph/data-type.ts';
import { byteLengthOf, elementCount, isFloat } from '../graph/data-type.ts';
import type { Tensor } from '../graph/model.ts';
import { toBigInts, toNumbers } from '../tensor/convert.ts';
import { type Axis, constantDim, hugeDim } from './dim.ts';

const maxElements = 64;

/**
 * The elements of a small tensor as numbers; undefined when it is large, not in memory, or of a type without a plain
 * number form. Integers beyond ±2⁵³ are clamped there, as `intAttribute` does.
 */
export function smallNumbers(tensor: Tensor): readonly number[] | undefined {
  const elements = readElements(tensor);
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return elements?.map((each) =>
    typeof each === 'number' ? each : Number(each > limit ? limit : each < -limit ? -limit : each),
  );
}

/** The elements of a small tensor of rank 0 or 1, as elements of a shape; undefined as for `smallNumbers`. */
export function smallValue(tensor: Tensor): readonly Axis[] | undefined {
  if (tensor.dims.length > 1) return undefined;
  return readElements(tensor)?.map((each) => {
    if (typeof each === 'number') return Number.isFinite(each) ? constantDim(each) : null;
    const number = Number(each);
    return Number.isSafeInteger(number) ? constantDim(number) : hugeDim(each);
  });
}

/** Types that shapes are computed in. Arithmetic in narrower floats would round in ways that nothing here follows. */
const followed: ReadonlySet<DataType> = new Set([
  'bool',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float32',
  'float64',
]);

function readElements({ dtype, dims, data: { bytes } }: Tensor): readonly (number | bigint)[] | undefined {
  const count = elementCount(dims);
  if (!bytes || count > maxElements || !followed.has(dtype)) return undefined;
  const length = byteLengthOf(dtype, count);
  if (bytes.byteLength < length) return undefined;
  const elements = bytes.subarray(0, length);
  if (dtype === 'int64' || dtype === 'uint64') return toBigInts(dtype, elements);
  if (dtype === 'bool') return Array.from(elements, (byte) => (byte === 0 ? 0 : 1));
  return Array.from(toNumbers(dtype, elements));
}

/** An element of a float tensor after rounding to its type. */
export function roundTo(dtype: DataType | undefined, value: number): number {
  return dtype && isFloat(dtype) && dtype !== 'float64' ? Math.fround(value) : value;
}
