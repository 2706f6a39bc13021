import { english } from '../english.ts';
import { type ByteSource, bufferSource, byteRange, checkRange } from '../graph/byte-source.ts';
import { bitsPerElement, byteLengthOf, type DataType, dataTypeFromCode, elementCount } from '../graph/data-type.ts';
import type { Tensor } from '../graph/model.ts';
import { decodeEntry, Leftovers, type TensorContext, text, unsigned } from './fields.ts';
import { addDims, ByteStrings } from './lists.ts';
import { memoryOf } from './memory.ts';
import { decodeVarint, packedSixBits, packedVarints } from './packed-varints.ts';
import { nameText } from './problem-list.ts';
import { MalformedError } from './resident.ts';
import { rememberSpan } from './spans.ts';
import type { Field } from './wire.ts';

/** Fields of `TensorProto` that hold numbers, by number: how they are written. */
const dataFields: Readonly<Record<number, 'fixed32' | 'varint' | 'fixed64'>> = {
  4: 'fixed32',
  5: 'varint',
  7: 'varint',
  10: 'fixed64',
  11: 'varint',
};

/** Decodes a `TensorProto`; its elements stay where they are unless they are small. */
export function readTensor(context: TensorContext, { number, start, from, to }: Field): Tensor {
  const { wire } = context;
  const dims: number[] = [];
  const strings = new ByteStrings(wire);
  const entries = new Map<string, string>();
  const metadata = new Map<string, string>();
  const unknown = new Leftovers(wire);
  const held: Field[] = [];
  let raw: Field | undefined;
  let name = '';
  let docString = '';
  let code = 0;
  let isExternal = false;
  wire.spend(memoryOf.tensor);
  for (const field of wire.fields(from, to)) {
    if (field.number === 1) addDims(wire, field, dims);
    else if (field.number === 2) code = Number(unsigned(wire, field));
    else if (field.number === 6) strings.add(field);
    else if (field.number === 8) name = text(wire, field);
    else if (field.number === 9) raw = field;
    else if (field.number === 12) docString = text(wire, field);
    else if (field.number === 13) decodeEntry(wire, field, entries);
    else if (field.number === 14) isExternal = unsigned(wire, field) === 1n;
    else if (field.number === 16) decodeEntry(wire, field, metadata);
    else if (dataFields[field.number]) {
      wire.spend(memoryOf.field);
      held.push(field);
    } else unknown.add(field);
  }
  const dtype = dataTypeFromCode(code);
  if (!dtype)
    context.problems.add(
      'unknown-type',
      () => english`The tensor ${nameText(name)} has an element type (${code}) that this version does not know.`,
    );
  if (dims.some((dim) => !(dim >= 0)))
    throw new MalformedError(english`The tensor ${nameText(name)} has a negative dimension.`);
  const expected = dtype ? byteLengthOf(dtype, elementCount(dims)) : 0;
  const external = isExternal ? externalLocation(entries, expected) : undefined;
  const data = external
    ? externalSource(context, name, external)
    : raw
      ? fieldSource(context, raw)
      : decodedSource(context, dtype ?? 'undefined', held, expected);
  // A length that is no number is a problem of its own.
  const size = external && !Number.isSafeInteger(external.length) ? expected : data.byteLength;
  if (dtype && dtype !== 'string' && size !== expected) {
    context.problems.add(
      'tensor-size',
      () =>
        english`The tensor ${nameText(name)} holds ${size} bytes; its type and shape, ${dtype} [${dims.join(', ')}], need ${expected}.`,
    );
  }
  const tensor: Tensor = {
    name,
    dtype: dtype ?? 'undefined',
    dims,
    data,
    ...(dtype === 'string' ? { strings: strings.list } : {}),
    ...(docString ? { docString } : {}),
    ...(external ? { external } : {}),
    ...(metadata.size > 0 ? { metadata } : {}),
    ...unknown.property(),
  };
  return rememberSpan(tensor, { source: context.source, field: number, start, from, to });
}

function externalLocation(entries: ReadonlyMap<string, string>, expected: number): NonNullable<Tensor['external']> {
  const others = new Map([...entries].filter(([key]) => !['location', 'offset', 'length'].includes(key)));
  return {
    location: entries.get('location') ?? '',
    offset: Number(entries.get('offset') ?? 0),
    length: entries.has('length') ? Number(entries.get('length')) : expected,
    ...(others.size > 0 ? { others } : {}),
  };
}

function externalSource(
  context: TensorContext,
  name: string,
  { location, offset, length }: NonNullable<Tensor['external']>,
): ByteSource {
  try {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length))
      throw new Error(english`The external data of ${nameText(name)} has no usable offset or length.`);
    const file = context.external(location);
    if (offset + length > file.byteLength) {
      throw new Error(
        english`The external data of ${nameText(name)} should lie at ${offset} to ${offset + length} of ${nameText(location)}, which has ${file.byteLength} bytes. Copy the whole file beside the model.`,
      );
    }
    return byteRange(file, offset, length);
  } catch (error) {
    const message = nameText(error instanceof Error ? error.message : String(error), 1000);
    context.problems.addOnce('external-data', message);
    return {
      byteLength: Number.isSafeInteger(length) && length >= 0 ? length : 0,
      read: () => Promise.reject(new Error(message)),
    };
  }
}

/** The content of a field: in memory when it was loaded, else a range of the file. */
export function fieldSource({ source, wire }: TensorContext, { from, to }: Field): ByteSource {
  return wire.has(from, to) ? inMemory(source, wire.bytes(from, to), from) : byteRange(source, from, to - from);
}

/** A range of the file whose bytes are at hand: written by copying, read at once. */
function inMemory(source: ByteSource, bytes: Uint8Array, from: number): ByteSource {
  return { ...byteRange(source, from, bytes.length), ...bufferSource(bytes) };
}

const nothing = bufferSource(new Uint8Array(0));

/** Elements from the typed fields (`float_data`, `int64_data`, …) in the layout of `raw_data`. */
function decodedSource(
  context: TensorContext,
  dtype: DataType,
  fields: readonly Field[],
  expected: number,
): ByteSource {
  if (fields.length === 0) return nothing;
  const [first] = fields;
  const kind = dataFields[first!.number];
  const encoded = fields.length === 1 ? fieldSource(context, first!) : joined(context, fields);
  if (kind !== 'varint') return encoded;
  if (bitsPerElement(dtype) === 6) return packedSixBits(encoded, expected);
  const width = Math.max(1, byteLengthOf(dtype, 1));
  if (encoded.bytes) {
    context.wire.spend(Math.min(expected, encoded.byteLength * width));
    return bufferSource(decodeVarints(encoded.bytes, width, expected));
  }
  // A varint takes at least a byte: a larger declaration is wrong, and is told of.
  return packedVarints(encoded, width, Math.min(expected, encoded.byteLength * width));
}

/** Varints as elements of `width` bytes. Types below a byte have one packed byte a varint. */
function decodeVarints(encoded: Uint8Array, width: number, expected: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(expected, encoded.length * width));
  let at = 0;
  for (let index = 0; index < encoded.length && at + width <= bytes.length; at += width)
    index = decodeVarint(encoded, index, bytes, at, width);
  return at === bytes.length ? bytes : bytes.subarray(0, at);
}

/** The contents of several fields as one; in memory when all are. */
function joined(context: TensorContext, fields: readonly Field[]): ByteSource {
  const { wire } = context;
  if (fields.every(({ from, to }) => wire.has(from, to)))
    return bufferSource(concatenate(fields.map(({ from, to }) => wire.bytes(from, to))));
  const parts = fields.map((field) => fieldSource(context, field));
  const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
  return {
    byteLength,
    read: async (offset, length) => {
      checkRange(byteLength, offset, length);
      const wanted: Uint8Array[] = [];
      let start = 0;
      for (const part of parts) {
        const from = Math.max(offset, start);
        const to = Math.min(offset + length, start + part.byteLength);
        if (from < to) wanted.push(await part.read(from - start, to - from));
        start += part.byteLength;
      }
      return concatenate(wanted);
    },
  };
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
