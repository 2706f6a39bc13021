/** Constants as numbers, and tensors made by passes. */
import { attributes } from '../graph/attribute.ts';
import { bufferSource, readAll } from '../graph/byte-source.ts';
import { byteLengthOf, type DataType, elementCount, isFloat } from '../graph/data-type.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Node, Tensor } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { smallNumbers } from '../shapes/tensor-value.ts';
import { fromNumbers, toNumbers } from '../tensor/convert.ts';

/** A tensor from the bytes of its elements, laid out as in `raw_data`. */
export function tensorOf(name: string, dtype: DataType, dims: readonly number[], bytes: Uint8Array): Tensor {
  return { name, dtype, dims, data: bufferSource(bytes) };
}

/** An int64 vector. */
export function int64Tensor(
  name: string,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): Tensor {
  return tensorOf(name, 'int64', dims, new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
}

/** A float32 tensor. */
export function float32Tensor(name: string, dims: readonly number[], values: ArrayLike<number>): Tensor {
  return tensorOf(name, 'float32', dims, new Uint8Array(Float32Array.from(values).buffer));
}

/** The elements of a constant of at most 64 elements; undefined when the value is none. INT64_MAX becomes 2⁵³ − 1. */
export function constantNumbers(graph: GraphView, value: string | undefined): readonly number[] | undefined {
  const tensor = value ? graph.constant(value) : undefined;
  return tensor && smallNumbers(tensor);
}

/** The one element of a constant with one element, whatever its rank. */
export function constantScalar(graph: GraphView, value: string | undefined): number | undefined {
  const numbers = constantNumbers(graph, value);
  return numbers?.length === 1 ? numbers[0] : undefined;
}

/** The elements of a float tensor of any float type, not to be written to; undefined for other types. */
export async function viewFloats(tensor: Tensor): Promise<Float64Array | Float32Array | undefined> {
  if (!isFloat(tensor.dtype)) return undefined;
  const bytes = await readAll(tensor.data);
  const count = elementCount(tensor.dims);
  if (bytes.byteLength < byteLengthOf(tensor.dtype, count)) return undefined;
  return toNumbers(tensor.dtype, bytes, count);
}

/** The elements of a float tensor of any float type as float64; undefined for other types. */
export async function readFloats(tensor: Tensor): Promise<Float64Array | undefined> {
  const values = await viewFloats(tensor);
  return values && new Float64Array(values);
}

/** The elements of a float tensor to be written to, of float32 as they are, of other types as float64. */
export async function ownFloats(tensor: Tensor): Promise<Float64Array | Float32Array | undefined> {
  if (tensor.dtype !== 'float32') return readFloats(tensor);
  const values = new Float32Array(elementCount(tensor.dims));
  const bytes = new Uint8Array(values.buffer);
  if (tensor.data.byteLength < bytes.byteLength) return undefined;
  // Of a file, they are read to where they stay.
  const read = await tensor.data.read(0, bytes.byteLength, bytes);
  if (read.buffer !== bytes.buffer) bytes.set(read);
  return values;
}

/** A float tensor from elements, each rounded once; it keeps `values` where they are what it holds. */
export function floatTensor(
  name: string,
  dtype: DataType,
  dims: readonly number[],
  values: Float64Array | Float32Array,
): Tensor {
  const asIs = dtype === 'float32' && values instanceof Float32Array;
  const bytes = asIs ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength) : fromNumbers(dtype, values);
  return tensorOf(name, dtype, dims, bytes);
}

/** True when both hold the same bytes under the same type and dims. Large tensors are sampled before they are read. */
export async function sameContent(a: Tensor, b: Tensor): Promise<boolean> {
  if (a.dtype !== b.dtype || a.dims.length !== b.dims.length) return false;
  if (a.dims.some((dim, axis) => dim !== b.dims[axis]) || a.data.byteLength !== b.data.byteLength) return false;
  if (a.strings || b.strings) return false;
  const total = a.data.byteLength;
  for (let at = 0, length = 512; at < total; at += length, length = 1 << 22) {
    const size = Math.min(length, total - at);
    const [left, right] = await Promise.all([a.data.read(at, size), b.data.read(at, size)]);
    if (!sameBytes(left, right)) return false;
  }
  return true;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let index = 0; index < a.byteLength; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** Makes a value a constant: an initializer, or a Constant node where the graph hands it out. */
export function setConstant(graph: GraphDraft, edit: GraphEdit, tensor: Tensor, from: readonly Node[]): void {
  if (graph.isOutput(tensor.name)) {
    edit.add(
      {
        opType: 'Constant',
        inputs: [],
        outputs: [tensor.name],
        attributes: attributes({ value: { type: 'tensor', value: { ...tensor, name: '' } } }),
      },
      from,
    );
  } else {
    edit.setInitializer(tensor);
  }
}
