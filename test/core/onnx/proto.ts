/** Protobuf messages by hand, for files that no library writes. */
import type { ByteSource } from '../../../src/core/graph/byte-source.ts';
import { checkRange } from '../../../src/core/graph/byte-source.ts';
import { WireWriter } from '../../../src/core/onnx/wire.ts';

/** Field number → its value: a number, text, bytes, or a list where it is repeated. */
export type Fields = readonly (readonly [field: number, value: number | bigint | string | Uint8Array])[];

export function message(fields: Fields): Uint8Array {
  const out = new WireWriter();
  for (const [field, value] of fields) {
    const content = typeof value === 'string' ? new TextEncoder().encode(value) : value;
    if (content instanceof Uint8Array)
      out
        .varint((BigInt(field) << 3n) | 2n)
        .varint(BigInt(content.length))
        .raw(content);
    else out.varint(BigInt(field) << 3n).varint(BigInt(content));
  }
  return out.finish();
}

export function packed(values: readonly (number | bigint)[]): Uint8Array {
  const out = new WireWriter();
  for (const value of values) out.varint(BigInt(value));
  return out.finish();
}

/** Bytes as a file: never at hand, and it tells how many were read at most at once. */
export function fileOf(bytes: Uint8Array): ByteSource & { largestRead: () => number } {
  let largest = 0;
  return {
    byteLength: bytes.length,
    read: async (offset, length) => {
      checkRange(bytes.length, offset, length);
      largest = Math.max(largest, length);
      return bytes.subarray(offset, offset + length);
    },
    largestRead: () => largest,
  };
}
