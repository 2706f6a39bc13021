/** Elements of any type as plain numbers and back. Bytes are little-endian, laid out as in `raw_data`. */

import { assertUnreachable } from '../assert.ts';
import { english } from '../english.ts';
import { bitsPerElement, type DataType } from '../graph/data-type.ts';
import { decodeTable, encodeSmallFloat, roundHalfEven, smallFloats } from './small-floats.ts';

const tables = new Map<string, Float32Array>();

/**
 * The elements as numbers; `count` matters for types below 8 bits, whose last byte may be half empty. 64-bit integers
 * beyond ±2⁵³ lose digits; complex numbers give real and imaginary parts in turn. Throws for strings.
 */
export function toNumbers(
  dtype: DataType,
  bytes: Uint8Array,
  count = countIn(dtype, bytes),
): Float64Array | Float32Array {
  const view = aligned(bytes);
  switch (dtype) {
    case 'float32':
    case 'complex64':
      return new Float32Array(view.buffer, view.byteOffset, view.byteLength >> 2);
    case 'float64':
    case 'complex128':
      return new Float64Array(view.buffer, view.byteOffset, view.byteLength >> 3);
    case 'int8':
      return Float64Array.from(new Int8Array(view.buffer, view.byteOffset, view.byteLength));
    case 'uint8':
    case 'bool':
      return Float64Array.from(view);
    case 'int16':
      return Float64Array.from(new Int16Array(view.buffer, view.byteOffset, view.byteLength >> 1));
    case 'uint16':
      return Float64Array.from(new Uint16Array(view.buffer, view.byteOffset, view.byteLength >> 1));
    case 'int32':
      return Float64Array.from(new Int32Array(view.buffer, view.byteOffset, view.byteLength >> 2));
    case 'uint32':
      return Float64Array.from(new Uint32Array(view.buffer, view.byteOffset, view.byteLength >> 2));
    case 'int64':
      return Float64Array.from(new BigInt64Array(view.buffer, view.byteOffset, view.byteLength >> 3), Number);
    case 'uint64':
      return Float64Array.from(new BigUint64Array(view.buffer, view.byteOffset, view.byteLength >> 3), Number);
    case 'float16':
    case 'bfloat16':
      return byTable(dtype, new Uint16Array(view.buffer, view.byteOffset, view.byteLength >> 1));
    case 'float8e4m3fn':
    case 'float8e4m3fnuz':
    case 'float8e5m2':
    case 'float8e5m2fnuz':
      return byTable(dtype, view);
    case 'float8e8m0':
      return Float64Array.from(view, (code) => (code === 255 ? Number.NaN : 2 ** (code - 127)));
    case 'float4e2m1':
    case 'float6e2m3':
    case 'float6e3m2':
      return byTable(dtype, unpack(view, bitsPerElement(dtype), count));
    case 'int4':
    case 'int2': {
      const bits = bitsPerElement(dtype);
      return Float64Array.from(unpack(view, bits, count), (code) =>
        code >= 2 ** (bits - 1) ? code - 2 ** bits : code,
      );
    }
    case 'uint4':
    case 'uint2':
      return Float64Array.from(unpack(view, bitsPerElement(dtype), count));
    case 'string':
    case 'undefined':
      throw new TypeError(english`Elements of type ${dtype} are not numbers.`);
    default:
      return assertUnreachable(dtype);
  }
}

/** As `toNumbers`, as 32-bit floats. */
export function toFloat32(dtype: DataType, bytes: Uint8Array, count?: number): Float32Array {
  const numbers = toNumbers(dtype, bytes, count);
  return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
}

/** 64-bit integers and narrower ones, exactly. Throws for other types. */
export function toBigInts(dtype: DataType, bytes: Uint8Array, count?: number): readonly bigint[] {
  const view = aligned(bytes);
  if (dtype === 'int64') return Array.from(new BigInt64Array(view.buffer, view.byteOffset, view.byteLength >> 3));
  if (dtype === 'uint64') return Array.from(new BigUint64Array(view.buffer, view.byteOffset, view.byteLength >> 3));
  return Array.from(toNumbers(dtype, bytes, count), (value) => BigInt(value));
}

/**
 * Numbers as elements of a type: floats to the nearest, ties to even; integers rounded the same way and clipped to the
 * type's range. Throws for strings.
 */
export function fromNumbers(dtype: DataType, values: ArrayLike<number>): Uint8Array {
  const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  switch (dtype) {
    case 'float32':
    case 'complex64':
      return bytesOf(new Float32Array(values));
    case 'float64':
    case 'complex128':
      return bytesOf(new Float64Array(values));
    case 'bool':
      return Uint8Array.from(values, (value) => (value === 0 ? 0 : 1));
    case 'int64':
      return bytesOf(BigInt64Array.from(Array.from(values, (value) => clampBig(value, -(2n ** 63n), 2n ** 63n - 1n))));
    case 'uint64':
      return bytesOf(BigUint64Array.from(Array.from(values, (value) => clampBig(value, 0n, 2n ** 64n - 1n))));
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
    case 'int4':
    case 'uint4':
    case 'int2':
    case 'uint2': {
      const bits = bitsPerElement(dtype);
      const signed = dtype.startsWith('int');
      const low = signed ? -(2 ** (bits - 1)) : 0;
      const codes = Float64Array.from(
        values,
        (value) => Math.min(low + 2 ** bits - 1, Math.max(low, roundHalfEven(value))) || 0,
      );
      return pack(codes, bits);
    }
    case 'float16':
    case 'bfloat16':
    case 'float8e4m3fn':
    case 'float8e4m3fnuz':
    case 'float8e5m2':
    case 'float8e5m2fnuz':
    case 'float4e2m1':
    case 'float6e2m3':
    case 'float6e3m2': {
      const format = smallFloats[dtype];
      return pack(
        Float64Array.from(values, (value) => encodeSmallFloat(value, format)),
        bitsPerElement(dtype),
      );
    }
    case 'float8e8m0':
      return Uint8Array.from(values, (value) =>
        Number.isNaN(value) ? 255 : Math.min(254, Math.max(0, Math.round(Math.log2(value)) + 127)),
      );
    case 'string':
    case 'undefined':
      throw new TypeError(english`Elements of type ${dtype} are not numbers.`);
    default:
      return assertUnreachable(dtype);
  }
}

/** A view of the same bytes that starts at a multiple of 8, copied only when it must be. */
export function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}

function countIn(dtype: DataType, bytes: Uint8Array): number {
  const bits = bitsPerElement(dtype);
  return bits === 0 ? 0 : Math.floor((bytes.byteLength * 8) / bits);
}

function byTable(dtype: keyof typeof smallFloats, codes: Uint16Array | Uint8Array): Float32Array {
  let table = tables.get(dtype);
  if (!table) {
    table = decodeTable(smallFloats[dtype]);
    tables.set(dtype, table);
  }
  const numbers = new Float32Array(codes.length);
  for (let index = 0; index < codes.length; index++) numbers[index] = table[codes[index]!]!;
  return numbers;
}

/** Codes of 2, 4 or 6 bits one after another, the first in the low bits of the first byte. */
function unpack(bytes: Uint8Array, bits: number, count: number): Uint8Array {
  const codes = new Uint8Array(Math.min(count, Math.floor((bytes.length * 8) / bits)));
  for (let index = 0; index < codes.length; index++) {
    const at = Math.floor((index * bits) / 8);
    codes[index] = ((bytes[at]! | ((bytes[at + 1] ?? 0) << 8)) >> ((index * bits) % 8)) & (2 ** bits - 1);
  }
  return codes;
}

/** Codes as elements `bits` wide, laid out as in `raw_data`: below 8 bits, the first in the low bits of the first byte. */
function pack(codes: Float64Array, bits: number): Uint8Array {
  if (bits === 8) return Uint8Array.from(codes);
  if (bits === 16) return new Uint8Array(Uint16Array.from(codes).buffer);
  if (bits === 32) return new Uint8Array(Uint32Array.from(codes).buffer);
  const bytes = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  for (let index = 0; index < codes.length; index++) {
    const at = Math.floor((index * bits) / 8);
    const placed = (codes[index]! & (2 ** bits - 1)) << ((index * bits) % 8);
    bytes[at]! |= placed;
    if (placed > 255) bytes[at + 1]! |= placed >> 8;
  }
  return bytes;
}

function clampBig(value: number, low: bigint, high: bigint): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value >= Number(high)) return high;
  return value <= Number(low) ? low : BigInt(roundHalfEven(value));
}
