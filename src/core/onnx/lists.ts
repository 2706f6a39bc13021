/** Lists of a model's parts that a file may make long. */
import { english } from '../english.ts';
import { memoryOf } from './memory.ts';
import { MalformedError } from './resident.ts';
import type { Field, WireReader } from './wire.ts';

const blockLength = 1 << 16;

/** A list that grows to millions: an array that grew would leave several older ones behind, as large as itself together. */
export class LongList<T> {
  private readonly full: T[][] = [];
  private last: T[] = [];

  push(value: T): number {
    if (this.last.length === blockLength) {
      this.full.push(this.last);
      this.last = [];
    }
    return this.last.push(value);
  }

  all(): T[] {
    return this.full.length === 0 ? this.last : ([] as T[]).concat(...this.full, this.last);
  }
}

/** A list of dimensions that is longer is no shape: ONNX Runtime and NumPy end at far fewer. */
const mostDims = 64;

/** Adds dimensions, packed or not, to those there are. Refuses more than any tensor has. */
export function addDims(wire: WireReader, field: Field, dims: number[]): void {
  // A varint takes up to ten bytes: what is longer need not be decoded to know that it is too much.
  const values: bigint[] = [];
  if (field.to - field.from <= 10 * mostDims) wire.addIntegers(field, values);
  if (values.length + dims.length > mostDims || field.to - field.from > 10 * mostDims)
    throw new MalformedError(english`A tensor has more than ${mostDims} dimensions.`);
  for (const value of values) dims.push(Number(value));
}

/** A list of texts that need not be UTF-8: views of the file's bytes, the same one again for the first few that repeat. */
export class ByteStrings {
  readonly list: Uint8Array[] = [];
  private readonly first: Uint8Array[] = [];
  private readonly wire: WireReader;

  constructor(wire: WireReader) {
    this.wire = wire;
  }

  add({ from, to }: Field): void {
    const bytes = this.wire.bytes(from, to);
    const same = this.first.find(
      (each) => each.length === bytes.length && each.every((byte, at) => byte === bytes[at]),
    );
    this.wire.spend(same ? memoryOf.place : memoryOf.bytes);
    this.list.push(same ?? bytes);
    if (!same && this.first.length < 4 && bytes.length <= 32) this.first.push(bytes);
  }
}
