import type { ByteSource } from '../graph/byte-source.ts';

/** Where an object lay in the file it was read from: the content of its message. */
export interface Span {
  readonly source: ByteSource;
  /** The field that held it, and where that field began, tag and length included. */
  readonly field: number;
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Where objects were read from, by identity: an object that is still the one the reader made is written by copying
 * its bytes. A changed object is another object and has no span, so a stale one cannot be written.
 */
const spans = new WeakMap<object, Span>();

export function rememberSpan<T extends object>(object: T, span: Span): T {
  spans.set(object, span);
  return object;
}

export function spanOf(object: object): Span | undefined {
  return spans.get(object);
}
