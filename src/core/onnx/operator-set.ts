import type { ByteSource } from '../graph/byte-source.ts';
import { plainDomain, text, unsigned } from './fields.ts';
import { type Field, WireReader } from './wire.ts';

/** A tag and a length, or a tag and a number, take no more. */
const headBytes = 20;
/** Models have a dozen fields beside the graph, and some metadata. */
const mostFields = 10_000;
const mostImportBytes = 1024;

/**
 * The version of the default operator set that a model file names, or null when it names none. Reads a few bytes of each
 * field and not the graph, so it takes no longer for large models. Rejects with `MalformedError` for what is no model.
 */
export async function readOperatorSet(source: ByteSource, signal?: AbortSignal): Promise<number | null> {
  const total = source.byteLength;
  let found: number | null = null;
  let position = 0;
  for (let count = 0; position < total && count < mostFields; count++) {
    signal?.throwIfAborted();
    const wire = await readerAt(source, position, Math.min(total, position + headBytes));
    const field: Field = wire.fields(position, total).next().value;
    if (field.number === 8 && field.wire === 2 && field.to - field.from <= mostImportBytes) {
      const version = defaultVersion(await readerAt(source, field.from, field.to), field);
      if (version !== undefined) found = Math.max(found ?? 0, version);
    }
    position = field.to;
  }
  return found;
}

async function readerAt(source: ByteSource, start: number, end: number): Promise<WireReader> {
  return new WireReader([{ start, end, bytes: await source.read(start, end - start) }]);
}

function defaultVersion(wire: WireReader, { from, to }: Field): number | undefined {
  let domain = '';
  let version = 0;
  for (const field of wire.fields(from, to)) {
    if (field.number === 1) domain = plainDomain(text(wire, field));
    else if (field.number === 2) version = Number(unsigned(wire, field));
  }
  return domain === '' ? version : undefined;
}
