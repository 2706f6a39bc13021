/** Bytes that may not be in memory: a range of a file, or a buffer. */
export interface ByteSource {
  readonly byteLength: number;
  /** The bytes themselves when they are in memory already; reading them costs nothing. */
  readonly bytes?: Uint8Array;
  /**
   * Reads `length` bytes at `offset`. Rejects when the range leaves the source. The result may be a view: never write
   * to it. A source that has to read from somewhere may put the bytes `into` memory of the caller's, at least as long:
   * then they stand until the caller uses that memory again.
   */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
}

/** A source over bytes in memory. */
export function bufferSource(bytes: Uint8Array): ByteSource {
  return {
    byteLength: bytes.byteLength,
    bytes,
    read: async (offset, length) => {
      checkRange(bytes.byteLength, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** A part of another source; ranges of ranges collapse into one range of the outermost source. */
export interface ByteRange extends ByteSource {
  readonly source: ByteSource;
  readonly offset: number;
}

/** `length` bytes of `source` from `offset`, without reading them. Throws when the range leaves the source. */
export function byteRange(source: ByteSource, offset: number, length: number): ByteRange {
  checkRange(source.byteLength, offset, length);
  if (isByteRange(source)) return byteRange(source.source, source.offset + offset, length);
  const bytes = source.bytes?.subarray(offset, offset + length);
  const read = async (at: number, count: number, into?: Uint8Array) => {
    checkRange(length, at, count);
    return source.read(offset + at, count, into);
  };
  return { source, offset, byteLength: length, read, ...(bytes ? { bytes } : {}) };
}

/** True for a range made by `byteRange`. */
export function isByteRange(source: ByteSource): source is ByteRange {
  return 'source' in source && 'offset' in source;
}

/** Reads a whole source into memory. */
export function readAll(source: ByteSource): Promise<Uint8Array> {
  return source.bytes ? Promise.resolve(source.bytes) : source.read(0, source.byteLength);
}

/** Throws a RangeError unless `offset … offset + length` lies inside `0 … total`. */
export function checkRange(total: number, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= total)) {
    throw new RangeError(`Bytes ${offset}…${offset + length} are outside the ${total} bytes there are.`);
  }
}
