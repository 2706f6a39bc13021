/** NumPy's `.npy` format, versions 1 to 3 (NEP 1). */
import { english } from '../english.ts';
import type { TensorValue } from '../evaluator.ts';
import { bitsPerElement, byteLengthOf, type DataType, elementCount, isFloat, isInteger } from '../graph/data-type.ts';
import { fromNumbers, toNumbers } from './convert.ts';

/** NumPy's type codes without the byte order. float16, bool and the numbers; no objects, no dates. */
const typeCodes: Readonly<Record<string, DataType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
  c8: 'complex64',
  c16: 'complex128',
  // What ml_dtypes writes for bfloat16, and for its types of a byte; which of these it is only the reader can know.
  V2: 'bfloat16',
  V1: 'uint8',
};

/** What a `.npy` file begins with. */
export interface NpyHeader {
  /** NumPy's name of the type, byte order included: `<f4`. */
  readonly descr: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly fortranOrder: boolean;
  /** The elements lie in the file as in a tensor: numbers in row order, the low byte first. */
  readonly plain: boolean;
  /** Where they begin. */
  readonly start: number;
}

/** Reads the header; undefined when the bytes end before it does. Throws with what is wrong. */
export function parseNpyHeader(bytes: Uint8Array): NpyHeader | undefined {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (magic.some((byte, index) => index < bytes.length && bytes[index] !== byte))
    throw new Error(english`This is not a .npy file.`);
  if (bytes.length < 12) return undefined;
  const wide = bytes[6]! >= 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (wide ? 12 : 10) + headerLength;
  if (start > bytes.length) return undefined;
  const header = new TextDecoder(bytes[6] === 3 ? 'utf-8' : 'latin1').decode(bytes.subarray(wide ? 12 : 10, start));
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || shape === undefined)
    throw new Error(english`The header of the .npy file is not one that NumPy writes for plain arrays.`);
  const dims = shape
    .split(',')
    // Python 2 wrote long integers as `3L`.
    .map((dim) => dim.trim().replace(/L$/, ''))
    .filter((dim) => dim !== '')
    .map(Number);
  if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0))
    throw new Error(english`The .npy file has a shape that makes no sense.`);
  const isText = textType.test(descr);
  const dtype = isText ? 'string' : typeCodes[descr.replace(/^[<>|=]/, '')];
  if (!dtype)
    throw new Error(english`The .npy file holds elements of NumPy type ${descr}, which ONNX has no tensor for.`);
  const fortranOrder = /'fortran_order'\s*:\s*True/.test(header) && dims.length > 1;
  return { descr, dtype, dims, fortranOrder, plain: !isText && !fortranOrder && !descr.startsWith('>'), start };
}

const textType = /^[<>|=]?[US]\d+$/;

/** Reads one array. Throws with what is wrong for anything else. */
export function parseNpy(bytes: Uint8Array): TensorValue {
  const header = parseNpyHeader(bytes);
  if (!header)
    throw new Error(bytes.length < 10 ? english`This is not a .npy file.` : english`The .npy file is cut off.`);
  const { descr, dtype, dims, fortranOrder, start } = header;
  const data = bytes.subarray(start);
  if (dtype === 'string') return parseStrings(descr, dims, data);
  const count = elementCount(dims);
  const length = byteLengthOf(dtype, count);
  if (data.length < length)
    throw new Error(english`The .npy file is cut off: its shape needs ${length} bytes and ${data.length} are there.`);
  const native = descr.startsWith('>')
    ? swapped(data.slice(0, length), length / Math.max(1, count) / (dtype.startsWith('complex') ? 2 : 1))
    : data.subarray(0, length);
  const ordered = fortranOrder ? fromFortran(native, dims, length / Math.max(1, count)) : native;
  return { dtype, dims, bytes: ordered };
}

/**
 * Writes one array, version 1. What NumPy has no name for is written so that it can be read back into an input of its
 * type: bfloat16 and floats of a byte as integers that hold their bits, integers below a byte as ones of a byte. Throws
 * for floats below a byte.
 */
export function writeNpy(value: TensorValue): Uint8Array {
  const { dtype, dims, bytes } = value.strings ? { ...value, ...textArray(value.strings) } : held(value);
  const header =
    dtype === 'string'
      ? headerOf(`<U${bytes.length / 4 / Math.max(1, elementCount(dims))}`, dims)
      : npyHeader(dtype, dims);
  const file = new Uint8Array(header.length + bytes.length);
  file.set(header);
  file.set(bytes, header.length);
  return file;
}

/** A value in a type that NumPy has. */
function held({ dtype, dims, bytes }: TensorValue): TensorValue {
  if (codeOf(dtype)) return { dtype, dims, bytes };
  const bits = bitsPerElement(dtype);
  if (isInteger(dtype)) {
    const wide = dtype.startsWith('u') ? 'uint8' : 'int8';
    return { dtype: wide, dims, bytes: fromNumbers(wide, toNumbers(dtype, bytes, elementCount(dims))) };
  }
  if (bits < 8) throw new Error(english`NumPy has no elements of type ${dtype}, and none that could hold them.`);
  return { dtype: bits === 16 ? 'uint16' : 'uint8', dims, bytes };
}

/** Texts of one length, filled with zeros, as code points of four bytes. */
function textArray(strings: readonly string[]): { readonly bytes: Uint8Array } {
  const texts = strings.map((text) => Array.from(text, (each) => each.codePointAt(0)!));
  const width = texts.reduce((most, { length }) => Math.max(most, length), 1);
  const points = new Uint32Array(width * texts.length);
  for (const [index, text] of texts.entries()) points.set(text, index * width);
  return { bytes: new Uint8Array(points.buffer) };
}

/**
 * The type in which a tensor's elements are written with their values and shape: their own, or the next that NumPy has
 * and that holds each of them exactly. Undefined for strings, and for a tensor of no type.
 */
export function npyType(dtype: DataType): DataType | undefined {
  if (codeOf(dtype)) return dtype;
  if (isFloat(dtype)) return 'float32';
  if (isInteger(dtype)) return dtype.startsWith('u') ? 'uint8' : 'int8';
  return undefined;
}

/** What stands before the elements, version 1; they follow in row order, the low byte first. Throws for other types. */
export function npyHeader(dtype: DataType, dims: readonly number[]): Uint8Array {
  const code = codeOf(dtype);
  if (!code) throw new TypeError(`NumPy has no type ${dtype}.`);
  return headerOf(`${code.endsWith('1') ? '|' : '<'}${code}`, dims);
}

function headerOf(descr: string, dims: readonly number[]): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims.join(', ')}${dims.length === 1 ? ',' : ''}), }`;
  // The header ends in a newline, and the data begins at a multiple of 64.
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11, ' ')}\n`;
  const header = new Uint8Array(10 + padded.length);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 255, padded.length >> 8]);
  header.set(new TextEncoder().encode(padded), 10);
  return header;
}

function codeOf(dtype: DataType): string | undefined {
  return Object.entries(typeCodes).find(([code, type]) => type === dtype && !code.startsWith('V'))?.[0];
}

function parseStrings(descr: string, dims: readonly number[], data: Uint8Array): TensorValue {
  const unicode = descr.includes('U');
  const width = Number(/\d+$/.exec(descr)![0]) * (unicode ? 4 : 1);
  const count = elementCount(dims);
  if (width === 0 && count > 0) throw new Error(english`The .npy file holds strings of no length.`);
  if (data.length < width * count) throw new Error(english`The .npy file is cut off.`);
  const little = !descr.startsWith('>');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const strings = Array.from({ length: count }, (_, index) => {
    if (!unicode)
      return new TextDecoder().decode(data.subarray(index * width, (index + 1) * width)).replace(/\0+$/, '');
    const points = Array.from({ length: width / 4 }, (_, at) => view.getUint32(index * width + at * 4, little));
    return String.fromCodePoint(...points.filter((point) => point > 0 && point <= 0x10ffff));
  });
  return { dtype: 'string', dims, bytes: new Uint8Array(0), strings };
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  for (let at = 0; at + width <= bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  return bytes;
}

/** Elements in column order, first index fastest, put into row order. */
function fromFortran(bytes: Uint8Array, dims: readonly number[], width: number): Uint8Array {
  const result = new Uint8Array(bytes.length);
  const index = new Array<number>(dims.length).fill(0);
  const strides = dims.map((_, axis) => elementCount(dims.slice(axis + 1)));
  for (let at = 0; at < bytes.length; at += width) {
    const target = index.reduce((sum, each, axis) => sum + each * strides[axis]!, 0) * width;
    result.set(bytes.subarray(at, at + width), target);
    for (let axis = 0; axis < dims.length && ++index[axis]! === dims[axis]; axis++) index[axis] = 0;
  }
  return result;
}
