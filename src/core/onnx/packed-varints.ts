import { english } from '../english.ts';
import { type ByteSource, checkRange } from '../graph/byte-source.ts';

/** Elements between two places that are remembered, so that reading from the middle need not begin at the start. */
const markEvery = 1 << 16;
const blockBytes = 1 << 20;

/**
 * Packed varints (`int32_data`, `int64_data`, `uint64_data`) as elements of `width` bytes, little-endian, decoded as
 * they are read: of the encoded bytes, at most a megabyte is in memory. `byteLength` is what the tensor's type and
 * shape ask for; reading what the field turns out not to hold rejects.
 */
export function packedVarints(encoded: ByteSource, width: number, byteLength: number): ByteSource {
  // Where every `markEvery`-th element begins among the encoded bytes, as far as that is known.
  const marks = [0];
  return {
    byteLength,
    read: async (offset, length) => {
      checkRange(byteLength, offset, length);
      const first = Math.floor(offset / width);
      const end = Math.ceil((offset + length) / width);
      // An element takes at least a byte: what is only declared takes no memory.
      if (end > encoded.byteLength) throw tooFew(encoded.byteLength);
      const elements = new Uint8Array((end - first) * width);
      const mark = Math.min(Math.floor(first / markEvery), marks.length - 1);
      let element = mark * markEvery;
      let position = marks[mark]!;
      while (element < end) {
        const block = await encoded.read(position, Math.min(blockBytes, encoded.byteLength - position));
        let index = 0;
        while (element < end) {
          const next = endOfVarint(block, index);
          if (next === undefined) break;
          if (element >= first) decodeVarint(block, index, elements, (element - first) * width, width);
          index = next;
          element++;
          if (element === marks.length * markEvery) marks.push(position + index);
        }
        if (index === 0) throw tooFew(element);
        position += index;
      }
      const skipped = offset - first * width;
      return elements.subarray(skipped, skipped + length);
    },
  };
}

/** Elements of 6 bits, which have a varint each in `int32_data`, in the layout of raw data: four in three bytes. */
export function packedSixBits(encoded: ByteSource, expected: number): ByteSource {
  const count = Math.min(encoded.byteLength, Math.floor((expected * 8) / 6));
  const codes = packedVarints(encoded, 1, count);
  const byteLength = Math.ceil((count * 6) / 8);
  return {
    byteLength,
    read: async (offset, length) => {
      checkRange(byteLength, offset, length);
      const first = Math.floor(offset / 3) * 4;
      const end = Math.min(count, Math.ceil((offset + length) / 3) * 4);
      const part = await codes.read(first, end - first);
      const bytes = new Uint8Array(Math.ceil(part.length / 4) * 3);
      for (let index = 0; index < part.length; index += 4) {
        const group = [0, 1, 2, 3].reduce((bits, at) => bits | (((part[index + at] ?? 0) & 63) << (6 * at)), 0);
        for (let byte = 0; byte < 3; byte++) bytes[(index / 4) * 3 + byte] = group >> (8 * byte);
      }
      const skipped = offset - (first / 4) * 3;
      return bytes.subarray(skipped, skipped + length);
    },
  };
}

function tooFew(count: number): Error {
  return new Error(english`The tensor's field holds at most ${count} elements, fewer than its shape asks for.`);
}

/** Where the varint that begins at `index` ends; undefined when the block ends before. */
function endOfVarint(block: Uint8Array, index: number): number | undefined {
  for (let at = index; at < block.length; at++) if (block[at]! < 128) return at + 1;
  return undefined;
}

/** Writes the low `width` bytes of the varint that begins at `index`. */
export function decodeVarint(bytes: Uint8Array, index: number, into: Uint8Array, at: number, width: number): number {
  let low = 0;
  let high = 0;
  let next = index;
  for (let shift = 0; next < bytes.length; shift += 7) {
    const byte = bytes[next++]!;
    if (shift < 28) low += (byte & 127) * 2 ** shift;
    else if (shift === 28) {
      low += ((byte & 127) * 2 ** 28) % 2 ** 32;
      high += (byte & 127) >> 4;
    } else if (shift < 70) high += (byte & 127) * 2 ** (shift - 32);
    if (byte < 128) break;
  }
  for (let byte = 0; byte < width; byte++) {
    into[at + byte] = byte < 4 ? (low >>> 0) >>> (8 * byte) : ((high % 2 ** 32) >>> 0) >>> (8 * (byte - 4));
  }
  return next;
}
