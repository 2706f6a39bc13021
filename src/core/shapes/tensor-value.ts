import type { DataType } from '../graph/data-type.ts';
import { elementCount, isFloat } from '../graph/data-type.ts';
import type { Tensor } from '../graph/model.ts';
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

function readElements({ dtype, dims, data }: Tensor): (number | bigint)[] | undefined {
  const count = elementCount(dims);
  const reader = readers[dtype];
  const { bytes } = data;
  if (!reader || !bytes || count > maxElements || bytes.byteLength < count * reader.size) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: (number | bigint)[] = [];
  for (let index = 0; index < count; index++) elements.push(reader.read(view, index * reader.size));
  return elements;
}

interface Reader {
  readonly size: number;
  readonly read: (view: DataView, at: number) => number | bigint;
}

const readers: Partial<Record<DataType, Reader>> = {
  bool: { size: 1, read: (view, at) => (view.getUint8(at) ? 1 : 0) },
  int8: { size: 1, read: (view, at) => view.getInt8(at) },
  uint8: { size: 1, read: (view, at) => view.getUint8(at) },
  int16: { size: 2, read: (view, at) => view.getInt16(at, true) },
  uint16: { size: 2, read: (view, at) => view.getUint16(at, true) },
  int32: { size: 4, read: (view, at) => view.getInt32(at, true) },
  uint32: { size: 4, read: (view, at) => view.getUint32(at, true) },
  int64: { size: 8, read: (view, at) => view.getBigInt64(at, true) },
  uint64: { size: 8, read: (view, at) => view.getBigUint64(at, true) },
  float32: { size: 4, read: (view, at) => view.getFloat32(at, true) },
  float64: { size: 8, read: (view, at) => view.getFloat64(at, true) },
};

/** An element of a float tensor after rounding to its type. */
export function roundTo(dtype: DataType | undefined, value: number): number {
  return dtype && isFloat(dtype) && dtype !== 'float64' ? Math.fround(value) : value;
}
