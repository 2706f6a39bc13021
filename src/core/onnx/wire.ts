import { english } from '../english.ts';
import { mostMemory } from './memory.ts';
import { type Chunk, MalformedError } from './resident.ts';

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

/** The wire type of a stretch of fields that were left in the file, given as one field with the number 0. */
export const notLoaded = -1;

/** What walking over a field is counted as, so that the budget bounds the time as well: some 40 ns a field. */
const fieldBytes = 10;

/** An element of a list of numbers: its place in a block, and in the array that the blocks are put together to. */
const elementBytes = 18;
/** A big integer that is not shared. */
const bigIntegerBytes = 24;
/** Most integers of a model are small, and are then one object each, however often they stand there. */
const smallIntegers = Array.from({ length: 4096 }, (_, value) => BigInt(value));

/**
 * Reads protobuf fields from the chunks of a file that are in memory; positions are those in the file. Whoever makes
 * objects from them says so with `spend`: a file whose structure would take more than `mostMemory` is refused.
 */
export class WireReader {
  private readonly chunks: readonly Chunk[];
  private chunk: Chunk;
  private spent = 0;
  /** Where the number that `number` read last ends. */
  private afterNumber = 0;
  /** Over the chunk that floats were read from last. */
  private view: DataView = new DataView(new ArrayBuffer(0));

  constructor(chunks: readonly Chunk[]) {
    this.chunks = chunks;
    this.chunk = chunks[0] ?? { start: 0, end: 0, bytes: new Uint8Array(0) };
  }

  /** Counts memory that is about to be taken. Throws `MalformedError` when that is too much altogether. */
  spend(bytes: number): void {
    this.spent += bytes;
    if (this.spent > mostMemory)
      throw new MalformedError(
        english`Its structure, without the weights, would take more than ${mostMemory / 2 ** 20} MB of memory.`,
      );
  }

  /** The fields of the message that lies at `from … to`; a stretch of it that is not in memory comes as one, `notLoaded`. */
  *fields(from: number, to: number): Generator<Field> {
    let position = from;
    while (position < to) {
      const start = position;
      if ((start < this.chunk.start || start >= this.chunk.end) && !this.find(start)) {
        position = Math.min(to, this.chunks.find((chunk) => chunk.start > start)?.start ?? to);
        yield { number: 0, wire: notLoaded, start, from: start, to: position };
        continue;
      }
      const tag = this.number(position);
      const number = Math.floor(tag / 8);
      const wire = tag % 8;
      if (number === 0) throw new MalformedError(english`A field in the file has the number 0.`);
      let content = this.afterNumber;
      let end: number;
      if (wire === 0) {
        this.number(content);
        end = this.afterNumber;
      } else if (wire === 1) end = content + 8;
      else if (wire === 5) end = content + 4;
      else if (wire === 2) {
        const length = this.number(content);
        content = this.afterNumber;
        end = content + length;
      } else throw new MalformedError(english`The file holds an unknown kind of field (${wire}).`);
      this.spend(fieldBytes);
      if (!(end <= to)) throw new MalformedError(english`A field in the file reaches beyond its message.`);
      yield { number, wire, start, from: content, to: end };
      position = end;
    }
  }

  /** The varint at a position as a number, exact up to 2⁵³; tags and lengths need no more. */
  private number(position: number): number {
    const { bytes, start } = this.at(position);
    let index = position - start;
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = bytes[index++];
      if (byte === undefined) throw new MalformedError(english`The file ends in the middle of a number.`);
      value += (byte & 127) * scale;
      if (byte < 128) {
        this.afterNumber = start + index;
        return value;
      }
    }
    throw new MalformedError(english`A number in the file is longer than 10 bytes.`);
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

  /** Adds the integers of a repeated field, packed or not, to a list. */
  addIntegers({ number, wire, from, to }: Field, list: Pick<bigint[], 'push'>): void {
    if (wire === 0) {
      this.spend(elementBytes);
      list.push(this.integer(from));
    } else if (wire === 2) {
      // The last byte of each number is below 128.
      let count = 0;
      for (const byte of this.bytes(from, to)) if (byte < 128) count++;
      this.spend(elementBytes * count);
      for (let position = from; position < to; position = this.afterNumber) list.push(this.integer(position));
    } else throw new MalformedError(english`Field ${number} should be a number and is not.`);
  }

  /** Adds the 32-bit floats of a repeated field, packed or not, to a list. */
  addFloats({ from, to }: Field, list: Pick<number[], 'push'>): void {
    if (from === to) return;
    const { bytes, start, end } = this.at(from);
    if (to > end) throw largePayload();
    if (this.view.buffer !== bytes.buffer || this.view.byteOffset !== bytes.byteOffset)
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.spend(elementBytes * Math.floor((to - from) / 4));
    for (let at = from - start; at + 4 <= to - start; at += 4) list.push(this.view.getFloat32(at, true));
  }

  /** The signed integer at a position; where it ends is in `afterNumber`. */
  private integer(position: number): bigint {
    const value = this.number(position);
    if (value < smallIntegers.length) return smallIntegers[value]!;
    this.spend(bigIntegerBytes);
    return value < 2 ** 53 ? BigInt(value) : BigInt.asIntN(64, this.varint(position)[0]);
  }

  /** The bytes `from … to`, a view. They must be in memory. */
  bytes(from: number, to: number): Uint8Array {
    if (from === to) return new Uint8Array(0);
    const { bytes, start, end } = this.at(from);
    if (to > end) throw largePayload();
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

const largePayload = () =>
  new MalformedError(english`The file holds a large payload where a name or number should be.`);

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
