import type { DataType } from '../graph/data-type.ts';
import { elementCount } from '../graph/data-type.ts';
import type { Tensor } from '../graph/model.ts';

type Read = (view: DataView, at: number) => number | bigint | boolean;

const readers: Partial<Record<DataType, readonly [size: number, read: Read]>> = {
  bool: [1, (view, at) => view.getUint8(at) !== 0],
  int8: [1, (view, at) => view.getInt8(at)],
  uint8: [1, (view, at) => view.getUint8(at)],
  int16: [2, (view, at) => view.getInt16(at, true)],
  uint16: [2, (view, at) => view.getUint16(at, true)],
  int32: [4, (view, at) => view.getInt32(at, true)],
  uint32: [4, (view, at) => view.getUint32(at, true)],
  int64: [8, (view, at) => view.getBigInt64(at, true)],
  uint64: [8, (view, at) => view.getBigUint64(at, true)],
  float32: [4, (view, at) => Number(view.getFloat32(at, true).toPrecision(9))],
  float64: [8, (view, at) => view.getFloat64(at, true)],
};

const decoder = new TextDecoder();

/** The elements of a tensor as text; undefined when they are not in memory or of a type that has no plain form. */
export function elementTexts({ dtype, dims, data: { bytes }, strings }: Tensor): readonly string[] | undefined {
  if (strings) return strings.map((each) => JSON.stringify(decoder.decode(each)));
  const [size, read] = readers[dtype] ?? [];
  const count = elementCount(dims);
  if (!bytes || !size || !read || bytes.byteLength < count * size) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, index) => String(read(view, index * size)));
}
