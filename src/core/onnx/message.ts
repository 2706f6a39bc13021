/** Messages under construction: pieces to write one after another, made here or ranges of the file that was read. */
import { type ByteSource, byteRange, isByteRange } from '../graph/byte-source.ts';
import { encodeText } from './text.ts';
import { WireWriter } from './wire.ts';

/** Bytes made here, or a range of a file. */
export type Piece = Uint8Array | ByteSource;

/** Content of a message under construction. */
export class Message {
  readonly pieces: Piece[] = [];
  length = 0;

  add(piece: Piece): void {
    if (piece.byteLength === 0) return;
    const last = this.pieces.at(-1);
    if (
      last &&
      !(last instanceof Uint8Array) &&
      !(piece instanceof Uint8Array) &&
      isByteRange(last) &&
      isByteRange(piece) &&
      last.source === piece.source &&
      last.offset + last.byteLength === piece.offset
    ) {
      this.pieces[this.pieces.length - 1] = byteRange(last.source, last.offset, last.byteLength + piece.byteLength);
    } else this.pieces.push(piece);
    this.length += piece.byteLength;
  }

  varint(field: number, value: bigint | number): void {
    this.add(
      new WireWriter()
        .varint(field * 8)
        .varint(value)
        .finish(),
    );
  }

  bytes(field: number, value: Uint8Array): void {
    this.header(field, value.length);
    this.add(value);
  }

  /** A string; left out when it is empty, as proto3 has it. */
  text(field: number, value: string | undefined): void {
    if (value) this.bytes(field, encodeText(value));
  }

  /** A string of a repeated field, where an empty one counts. */
  item(field: number, value: string): void {
    this.bytes(field, encodeText(value));
  }

  message(field: number, content: Message): void {
    this.header(field, content.length);
    for (const piece of content.pieces) this.add(piece);
  }

  header(field: number, length: number): void {
    this.add(
      new WireWriter()
        .varint(field * 8 + 2)
        .varint(length)
        .finish(),
    );
  }
}

/** Imports of operator sets, one message each. */
export function writeOpsets(out: Message, field: number, opsets: ReadonlyMap<string, number>): void {
  for (const [domain, version] of opsets) {
    const content = new Message();
    // The official library writes the default domain's empty name.
    content.item(1, domain);
    content.varint(2, version);
    out.message(field, content);
  }
}

/** Pairs of a key and a value, one message each. */
export function writeEntries(out: Message, field: number, entries: ReadonlyMap<string, string> | undefined): void {
  for (const [key, value] of entries ?? []) {
    const content = new Message();
    content.item(1, key);
    content.item(2, value);
    out.message(field, content);
  }
}

/** A 32-bit float as the file has it. */
export function float32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return bytes;
}
