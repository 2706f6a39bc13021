import { type ByteSource, bufferSource, byteRange } from '../graph/byte-source.ts';
import { byteLengthOf, type DataType, dataTypeFromCode, elementCount } from '../graph/data-type.ts';
import type { Tensor } from '../graph/model.ts';
import type { Problem } from '../problem.ts';
import { decodeEntry, ints, Leftovers, type ReadContext, text, unsigned } from './read-model.ts';
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
export function readTensor(context: ReadContext, { number, start, from, to }: Field): Tensor {
  const { wire } = context;
  const dims: number[] = [];
  const strings: Uint8Array[] = [];
  const entries = new Map<string, string>();
  const metadata = new Map<string, string>();
  const unknown = new Leftovers(wire);
  const held: Field[] = [];
  let raw: Field | undefined;
  let name = '';
  let docString = '';
  let code = 0;
  let isExternal = false;
  for (const field of wire.fields(from, to)) {
    if (field.number === 1) dims.push(...ints(wire, field).map(Number));
    else if (field.number === 2) code = Number(unsigned(wire, field));
    else if (field.number === 6) strings.push(wire.bytes(field.from, field.to).slice());
    else if (field.number === 8) name = text(wire, field);
    else if (field.number === 9) raw = field;
    else if (field.number === 12) docString = text(wire, field);
    else if (field.number === 13) decodeEntry(wire, field, entries);
    else if (field.number === 14) isExternal = unsigned(wire, field) === 1n;
    else if (field.number === 16) decodeEntry(wire, field, metadata);
    else if (dataFields[field.number]) held.push(field);
    else unknown.add(field);
  }
  const dtype = dataTypeFromCode(code);
  if (!dtype)
    context.problems.push({
      severity: 'error',
      code: 'unknown-type',
      message: `The tensor ${name} has an element type (${code}) that this version does not know.`,
    });
  if (dims.some((dim) => !(dim >= 0))) throw new MalformedError(`The tensor ${name} has a negative dimension.`);
  const expected = dtype ? byteLengthOf(dtype, elementCount(dims)) : 0;
  const external = isExternal ? externalLocation(entries, expected) : undefined;
  const data = external
    ? externalSource(context, name, external)
    : raw
      ? fieldSource(context, raw)
      : decodedSource(context, dtype ?? 'undefined', held, expected);
  if (!external && dtype && dtype !== 'string' && data.byteLength !== expected) {
    context.problems.push({
      severity: 'error',
      code: 'tensor-size',
      message: `The tensor ${name} holds ${data.byteLength} bytes; its type and shape, ${dtype} [${dims.join(', ')}], need ${expected}.`,
    });
  }
  const tensor: Tensor = {
    name,
    dtype: dtype ?? 'undefined',
    dims,
    data,
    ...(dtype === 'string' ? { strings } : {}),
    ...(docString ? { docString } : {}),
    ...(external ? { external } : {}),
    ...(metadata.size > 0 ? { metadata } : {}),
    ...unknown.property(),
  };
  return rememberSpan(tensor, { source: context.source, field: number, start, from, to });
}

function externalLocation(entries: ReadonlyMap<string, string>, expected: number): NonNullable<Tensor['external']> {
  const checksum = entries.get('checksum');
  return {
    location: entries.get('location') ?? '',
    offset: Number(entries.get('offset') ?? 0),
    length: entries.has('length') ? Number(entries.get('length')) : expected,
    ...(checksum ? { checksum } : {}),
  };
}

/** Most messages about external data: a model that is far off says the same of every tensor. */
const mostExternalProblems = 20;

function reportOnce(problems: Problem[], message: string): void {
  const external = problems.filter(({ code }) => code === 'external-data');
  if (external.length > mostExternalProblems || external.some((problem) => problem.message === message)) return;
  const last = external.length === mostExternalProblems;
  problems.push({
    severity: 'error',
    code: 'external-data',
    message: last ? 'The external data of more tensors cannot be used.' : message,
  });
}

function externalSource(
  { external, problems }: ReadContext,
  name: string,
  { location, offset, length }: NonNullable<Tensor['external']>,
): ByteSource {
  try {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length))
      throw new Error(`The external data of ${name} has no usable offset or length.`);
    const file = external(location);
    if (offset + length > file.byteLength) {
      throw new Error(
        `The external data of ${name} should lie at ${offset} to ${offset + length} of ${location}, which has ${file.byteLength} bytes. Copy the whole file beside the model.`,
      );
    }
    return byteRange(file, offset, length);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    reportOnce(problems, message);
    return {
      byteLength: Number.isSafeInteger(length) && length >= 0 ? length : 0,
      read: () => Promise.reject(new Error(message)),
    };
  }
}

/** The content of a field: in memory when it was loaded, else a range of the file. */
function fieldSource({ source, wire }: ReadContext, { from, to }: Field): ByteSource {
  return wire.has(from, to) ? inMemory(source, wire.bytes(from, to), from) : byteRange(source, from, to - from);
}

/** A range of the file whose bytes are at hand: written by copying, read at once. */
function inMemory(source: ByteSource, bytes: Uint8Array, from: number): ByteSource {
  return { ...byteRange(source, from, bytes.length), ...bufferSource(bytes) };
}

/** Elements from the typed fields (`float_data`, `int64_data`, …) in the layout of `raw_data`. */
function decodedSource(context: ReadContext, dtype: DataType, fields: readonly Field[], expected: number): ByteSource {
  if (fields.length === 0) return bufferSource(new Uint8Array(0));
  const { source, wire } = context;
  const [first] = fields;
  const kind = dataFields[first!.number];
  if (fields.length === 1 && first!.wire === 2 && kind !== 'varint') return fieldSource(context, first!);
  const decode = async (): Promise<Uint8Array> => {
    const parts = await Promise.all(
      fields.map(async ({ from, to }) => (wire.has(from, to) ? wire.bytes(from, to) : source.read(from, to - from))),
    );
    return kind === 'varint' ? decodeVarints(parts, dtype, expected) : concatenate(parts);
  };
  if (fields.every(({ from, to }) => wire.has(from, to))) {
    const parts = fields.map(({ from, to }) => wire.bytes(from, to));
    return bufferSource(kind === 'varint' ? decodeVarints(parts, dtype, expected) : concatenate(parts));
  }
  let decoded: Promise<Uint8Array> | undefined;
  return {
    byteLength: expected,
    read: async (offset, length) => {
      decoded ??= decode();
      return bufferSource(await decoded).read(offset, length);
    },
  };
}

/** Varints as elements of `dtype`, little-endian. Sub-byte types have one packed byte a varint. */
function decodeVarints(parts: readonly Uint8Array[], dtype: DataType, expected: number): Uint8Array {
  // A varint takes at least a byte, so what is declared cannot exceed eight bytes for each.
  const available = parts.reduce((sum, part) => sum + part.length, 0) * 8;
  const bytes = new Uint8Array(Math.min(expected, available));
  const width = Math.max(1, byteLengthOf(dtype, 1));
  let at = 0;
  for (const part of parts) {
    for (let index = 0; index < part.length && at + width <= bytes.length; ) {
      let low = 0;
      let high = 0;
      for (let shift = 0; index < part.length; shift += 7) {
        const byte = part[index++]!;
        if (shift < 28) low += (byte & 127) * 2 ** shift;
        else if (shift === 28) {
          low += ((byte & 127) * 2 ** 28) % 2 ** 32;
          high += (byte & 127) >> 4;
        } else high += (byte & 127) * 2 ** (shift - 32);
        if (byte < 128) break;
      }
      for (let byte = 0; byte < width; byte++)
        bytes[at++] = byte < 4 ? (low >>> 0) >>> (8 * byte) : ((high % 2 ** 32) >>> 0) >>> (8 * (byte - 4));
    }
  }
  return at === bytes.length ? bytes : bytes.subarray(0, at);
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
