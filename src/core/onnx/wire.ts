import { english } from '../english.ts';
import type { Chunk } from './resident.ts';
import { MalformedError } from './resident.ts';

/** One field of a message: its number, wire type, and where its content lies in the file. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  /** Where the field begins, its tag included. */
  readonly start: number;
  /** Where its content begins: after the tag and, for wire type 2, the length. */
  readonly from: number;
  readonly to: number;
}

/** A field takes up to some hundred bytes of memory once it is read. The largest models have some hundred thousand. */
const mostFields = 10_000_000;

/** Reads protobuf fields from the chunks of a file that are in memory; positions are those in the file. */
export class WireReader {
  private readonly chunks: readonly Chunk[];
  private chunk: Chunk;
  private found = 0;

  constructor(chunks: readonly Chunk[]) {
    this.chunks = chunks;
    this.chunk = chunks[0] ?? { start: 0, end: 0, bytes: new Uint8Array(0) };
  }

  /** The fields of the message that lies at `from … to`. */
  *fields(from: number, to: number): Generator<Field> {
    let position = from;
    while (position < to) {
      const start = position;
      const [tag, afterTag] = this.varint(position);
      const number = Number(tag >> 3n);
      const wire = Number(tag & 7n);
      if (number === 0) throw new MalformedError(english`A field in the file has the number 0.`);
      let content = afterTag;
      let end: number;
      if (wire === 0) end = this.varint(afterTag)[1];
      else if (wire === 1) end = afterTag + 8;
      else if (wire === 5) end = afterTag + 4;
      else if (wire === 2) {
        const [length, afterLength] = this.varint(afterTag);
        content = afterLength;
        end = afterLength + Number(length);
      } else throw new MalformedError(english`The file holds an unknown kind of field (${wire}).`);
      if (++this.found > mostFields) throw new MalformedError(english`The file has more than ${mostFields} fields.`);
      if (!(end <= to)) throw new MalformedError(english`A field in the file reaches beyond its message.`);
      yield { number, wire, start, from: content, to: end };
      position = end;
    }
  }

  /** The varint at a position, unsigned, and where it ends. */
  varint(position: number): [bigint, number] {
    const { bytes, start } = this.at(position);
    let index = position - start;
    // Nearly all numbers in a model fit into 28 bits.
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[index++];
      if (byte === undefined) throw new MalformedError(english`The file ends in the middle of a number.`);
      low |= (byte & 127) << shift;
      if (byte < 128) return [BigInt(low), start + index];
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = bytes[index++];
      if (byte === undefined) throw new MalformedError(english`The file ends in the middle of a number.`);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return [BigInt.asUintN(64, value), start + index];
    }
    throw new MalformedError(english`A number in the file is longer than 10 bytes.`);
  }

  /** The bytes `from … to`, a view. They must be in memory. */
  bytes(from: number, to: number): Uint8Array {
    if (from === to) return new Uint8Array(0);
    const { bytes, start, end } = this.at(from);
    if (to > end) throw new MalformedError(english`The file holds a large payload where a name or number should be.`);
    return bytes.subarray(from - start, to - start);
  }

  /** True when the bytes are in memory. */
  has(from: number, to: number): boolean {
    if (from === to) return true;
    const chunk = this.find(from);
    return chunk !== undefined && to <= chunk.end;
  }

  private at(position: number): Chunk {
    if (position >= this.chunk.start && position < this.chunk.end) return this.chunk;
    const found = this.find(position);
    if (!found) throw new MalformedError(english`The file ends in the middle of a field.`);
    this.chunk = found;
    return found;
  }

  private find(position: number): Chunk | undefined {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const chunk = this.chunks[middle]!;
      if (position < chunk.start) high = middle - 1;
      else if (position >= chunk.end) low = middle + 1;
      else return chunk;
    }
    return undefined;
  }
}

/** Builds wire format. Lengths come first in protobuf, so a message is built from finished parts. */
export class WireWriter {
  private parts: Uint8Array[] = [];
  private length = 0;

  varint(value: bigint | number): this {
    if (typeof value === 'number' && value >= 0 && value < 2 ** 31) return this.raw(shortVarint(value));
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    do {
      const low = Number(rest & 127n);
      rest >>= 7n;
      bytes.push(rest === 0n ? low : low | 128);
    } while (rest !== 0n);
    return this.raw(Uint8Array.from(bytes));
  }

  raw(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.length += bytes.length;
    return this;
  }

  finish(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

/** The varint of a number below 2³¹. Most are tags and lengths, for which big integers would take most of the time. */
function shortVarint(value: number): Uint8Array {
  const bytes = new Uint8Array(
    value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5,
  );
  const last = bytes.length - 1;
  for (let at = 0, rest = value; at <= last; at++, rest >>>= 7) bytes[at] = at < last ? (rest & 127) | 128 : rest;
  return bytes;
}
