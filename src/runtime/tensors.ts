import type { OnnxValue, Tensor } from 'onnxruntime-node';
import { english } from '../core/english.ts';
import { RuntimeError, type TensorValue } from '../core/evaluator.ts';
import { byteLengthOf, type DataType, dataTypeFromCode, elementCount } from '../core/graph/data-type.ts';

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayBufferView;
}

/** Tensor types that onnxruntime-node 1.30.0 takes and gives, with the array that carries them. 4-bit types stay packed. */
const arrayTypes: Partial<Record<DataType, ArrayType>> = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  int4: Uint8Array,
  uint4: Uint8Array,
};

/** Whether a tensor of this type can go into a run and come out of it. */
export function canPass(dtype: string): boolean {
  return dtype === 'string' || Object.hasOwn(arrayTypes, dtype);
}

/** Name of an element type by the code that ONNX Runtime reports; `unknown` when there is none. */
export function dtypeName(code: number): string {
  return dataTypeFromCode(code) ?? 'unknown';
}

/**
 * A tensor for the binding, which reads no more than these four fields. Its own `Tensor` class turns float16 data into
 * a Float16Array where there is one, and the binding then does not know that type (Node 24). Shares the bytes where
 * they are aligned. Throws `RuntimeError` for what cannot be passed.
 */
export function toNativeTensor(name: string, { dtype, dims, bytes, strings }: TensorValue): OnnxValue {
  const native = (data: unknown) => ({ type: dtype, dims: [...dims], data, location: 'cpu' }) as unknown as OnnxValue;
  const count = elementCount(dims);
  if (dtype === 'string') {
    if (strings?.length !== count) {
      throw new RuntimeError(english`Input ${name}: ${strings?.length ?? 0} strings were given for ${count} elements.`);
    }
    return native([...strings]);
  }
  const arrayType = arrayTypes[dtype];
  if (!arrayType) {
    throw new RuntimeError(
      english`Input ${name} is ${dtype}, which ONNX Runtime's Node binding cannot pass. Add a Cast from a wider type in front of it.`,
    );
  }
  const expected = byteLengthOf(dtype, count);
  if (bytes.byteLength !== expected) {
    throw new RuntimeError(
      english`Input ${name}: ${bytes.byteLength} bytes were given; ${dtype} [${dims.join(', ')}] takes ${expected}.`,
    );
  }
  // A Buffer's own `slice` would not copy.
  const aligned = bytes.byteOffset % arrayType.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  const length = aligned.byteLength / arrayType.BYTES_PER_ELEMENT;
  return native(new arrayType(aligned.buffer, aligned.byteOffset, length));
}

/** A tensor from ONNX Runtime, its bytes shared. */
export function fromNativeTensor(tensor: Tensor): TensorValue {
  const dtype = tensor.type as DataType;
  const dims = [...tensor.dims];
  if (dtype === 'string') return { dtype, dims, bytes: new Uint8Array(0), strings: tensor.data as string[] };
  const data = tensor.data as Exclude<typeof tensor.data, string[]>;
  return { dtype, dims, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
