/** Element types of ONNX tensors: `TensorProto.DataType` of onnx.proto, under the names Opscope shows. */

/** Name → [`TensorProto.DataType` code, bits an element (0: no fixed size)]. */
export const dataTypes = {
  undefined: [0, 0],
  float32: [1, 32],
  uint8: [2, 8],
  int8: [3, 8],
  uint16: [4, 16],
  int16: [5, 16],
  int32: [6, 32],
  int64: [7, 64],
  string: [8, 0],
  bool: [9, 8],
  float16: [10, 16],
  float64: [11, 64],
  uint32: [12, 32],
  uint64: [13, 64],
  complex64: [14, 64],
  complex128: [15, 128],
  bfloat16: [16, 16],
  float8e4m3fn: [17, 8],
  float8e4m3fnuz: [18, 8],
  float8e5m2: [19, 8],
  float8e5m2fnuz: [20, 8],
  uint4: [21, 4],
  int4: [22, 4],
  float4e2m1: [23, 4],
  float8e8m0: [24, 8],
  uint2: [25, 2],
  int2: [26, 2],
  float6e2m3: [27, 6],
  float6e3m2: [28, 6],
} as const satisfies Record<string, readonly [code: number, bits: number]>;

export type DataType = keyof typeof dataTypes;

const byCode = new Map<number, DataType>(Object.entries(dataTypes).map(([name, [code]]) => [code, name as DataType]));

/** The type with this `TensorProto.DataType` code; `undefined` when the code is not known. */
export function dataTypeFromCode(code: number): DataType | undefined {
  return byCode.get(code);
}

/** The `TensorProto.DataType` code of a type. */
export function dataTypeCode(dtype: DataType): number {
  return dataTypes[dtype][0];
}

/** Bits an element takes in `raw_data`; 0 for strings and undefined. */
export function bitsPerElement(dtype: DataType): number {
  return dataTypes[dtype][1];
}

/** Bytes that `count` elements take in `raw_data`, sub-byte types packed and the last byte padded. */
export function byteLengthOf(dtype: DataType, count: number): number {
  return Math.ceil((count * bitsPerElement(dtype)) / 8);
}

/** True for the real floating-point types, float4 to float64. */
export function isFloat(dtype: DataType): boolean {
  return dtype.startsWith('float') || dtype === 'bfloat16';
}

/** True for the signed and unsigned integer types, int2 to int64. */
export function isInteger(dtype: DataType): boolean {
  return dtype.startsWith('int') || dtype.startsWith('uint');
}

/** Elements in a tensor of these dims; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) count *= dim;
  return count;
}
