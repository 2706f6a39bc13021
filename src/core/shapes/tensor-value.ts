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
  const elements = plain.has(tensor.dtype) ? readElements(tensor) : undefined;
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return elements?.map((each) =>
    typeof each === 'number' ? each : Number(each > limit ? limit : each < -limit ? -limit : each),
  );
}

/** The elements of a small tensor of rank 0 or 1, as elements of a shape; undefined as for `smallNumbers`. */
export function smallValue(tensor: Tensor): readonly Axis[] | undefined {
  if (tensor.dims.length > 1 || !isFollowed(tensor.dtype)) return undefined;
  return readElements(tensor)?.map((each) => {
    if (typeof each === 'number') return Number.isFinite(each) ? constantDim(each) : null;
    const number = Number(each);
    return Number.isSafeInteger(number) ? constantDim(number) : hugeDim(each);
  });
}

/** Types whose elements are numbers of at most 64 bits, one after the other. */
const plain: ReadonlySet<DataType> = new Set([
  'bool',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float16',
  'bfloat16',
  'float32',
  'float64',
]);

/** Types that shapes are computed in. Arithmetic in narrower floats would round in ways that nothing here follows. */
export function isFollowed(dtype: DataType): boolean {
  return plain.has(dtype) && dtype !== 'float16' && dtype !== 'bfloat16';
}

function readElements({ dtype, dims, data: { bytes } }: Tensor): readonly (number | bigint)[] | undefined {
  const count = elementCount(dims);
  if (!bytes || count > maxElements) return undefined;
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
