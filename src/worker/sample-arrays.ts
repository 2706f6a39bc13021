import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { openPromise as openZip, type ZipFile } from 'yauzl';
import { english } from '../core/english.ts';
import type { TensorValue } from '../core/evaluator.ts';
import { byteLengthOf, type DataType, elementCount } from '../core/graph/data-type.ts';
import { type NpyHeader, parseNpy, parseNpyHeader } from '../core/tensor/npy.ts';

/** An array that holds one sample an entry of its first axis, read from its file piece by piece. */
export interface SampleArray {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** The array as a whole. */
  all(): Promise<TensorValue>;
  /** Its entries in order, `count` at a time, fewer at the end; only these are in memory. */
  entries(count: number): AsyncGenerator<TensorValue>;
}

type Bytes = AsyncIterable<Uint8Array>;

/** The header of a `.npy` file is a line of text; one that claims to be longer than this is none. */
const mostHeaderBytes = 1 << 20;
/** What is read as a whole may have this many bytes: an array that is asked for, and one of strings, in column order or of big-endian numbers. */
const mostWholeBytes = 4 * 2 ** 30;

/** The arrays of an `.npz` archive by name. Rejects with what is wrong; closes the file after each reading. */
export async function openNpz(path: string): Promise<ReadonlyMap<string, SampleArray>> {
  const arrays = new Map<string, SampleArray>();
  const sizes = new Map<string, number>();
  await withZip(path, async (zip) => {
    for await (const { fileName, uncompressedSize } of zip.eachEntry())
      if (fileName.endsWith('.npy')) sizes.set(fileName, uncompressedSize);
  });
  for (const [name, size] of sizes) {
    arrays.set(name.slice(0, -'.npy'.length), await arrayOf(size, () => unpacked(path, name)));
  }
  return arrays;
}

/** The array of a `.npy` file. Rejects with what is wrong. */
export async function openNpy(path: string): Promise<SampleArray> {
  const { size } = await stat(path);
  return arrayOf(size, () => createReadStream(path, { highWaterMark: 1 << 20 }));
}

/** An array that is in memory as it is. */
export function wholeArray(value: TensorValue): SampleArray {
  const { dtype, dims, bytes, strings } = value;
  const [samples = 1, ...rest] = dims;
  const elements = elementCount(rest);
  const length = byteLengthOf(dtype, elements);
  return {
    dtype,
    dims,
    all: async () => value,
    async *entries(count) {
      for (let start = 0; start < samples; start += count) {
        const end = Math.min(samples, start + count);
        yield {
          dtype,
          dims: [end - start, ...rest],
          // A copy: the whole must not stay in memory for a part of it.
          bytes: bytes.slice(start * length, end * length),
          ...(strings ? { strings: strings.slice(start * elements, end * elements) } : {}),
        };
      }
    },
  };
}

/** `size` is that of the `.npy` file: what its header claims beyond that is not believed. */
async function arrayOf(size: number, read: () => Bytes): Promise<SampleArray> {
  const header = await headerOf(read());
  const { dtype, dims, plain } = header;
  const [samples = 1, ...rest] = dims;
  const entryBytes = byteLengthOf(dtype, elementCount(rest));
  if (plain && header.start + samples * entryBytes > size) throw new Error(english`The .npy file is cut off.`);
  if (!plain || entryBytes === 0) return wholeArray(parseNpy(await allBytes(read())));
  async function* entries(count: number): AsyncGenerator<TensorValue> {
    const lengths = Array.from({ length: Math.ceil(samples / count) }, (_, index) =>
      Math.min(count, samples - index * count),
    );
    let at = 0;
    for await (const bytes of cut(
      read(),
      header,
      lengths.map((length) => length * entryBytes),
    ))
      yield { dtype, dims: [lengths[at++]!, ...rest], bytes };
    if (at < lengths.length) throw new Error(english`The .npy file is cut off.`);
  }
  const all = async (): Promise<TensorValue> => {
    if (samples * entryBytes > mostWholeBytes) throw new Error(english`The array is larger than 4 GB. Split it.`);
    for await (const { bytes } of entries(Math.max(1, samples))) return { dtype, dims, bytes };
    return { dtype, dims, bytes: new Uint8Array(0) };
  };
  return { dtype, dims, all, entries };
}

/** Pieces of given lengths of what follows the header; ends early with the stream. */
async function* cut(stream: Bytes, { start }: NpyHeader, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  let skip = start;
  let piece = new Uint8Array(lengths[0] ?? 0);
  let filled = 0;
  let made = 0;
  if (lengths.length === 0) return;
  for await (const chunk of stream) {
    let at = Math.min(skip, chunk.length);
    skip -= at;
    while (at < chunk.length) {
      const taken = Math.min(piece.length - filled, chunk.length - at);
      piece.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < piece.length) continue;
      yield piece;
      if (++made === lengths.length) return;
      piece = new Uint8Array(lengths[made]!);
      filled = 0;
    }
  }
}

async function headerOf(stream: Bytes): Promise<NpyHeader> {
  let read = new Uint8Array(0);
  for await (const chunk of stream) {
    read = new Uint8Array(Buffer.concat([read, chunk]));
    const header = parseNpyHeader(read);
    if (header) return header;
    if (read.length > mostHeaderBytes) break;
  }
  throw new Error(english`The .npy file is cut off.`);
}

async function allBytes(stream: Bytes): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > mostWholeBytes) throw new Error(english`The array is larger than 4 GB. Split it.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The bytes of one file of an archive. */
async function* unpacked(path: string, name: string): AsyncGenerator<Uint8Array> {
  const zip = await openArchive(path);
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== name) continue;
      yield* await zip.openReadStreamPromise(entry);
      return;
    }
  } finally {
    zip.close();
  }
}

async function withZip<T>(path: string, work: (zip: ZipFile) => Promise<T>): Promise<T> {
  const zip = await openArchive(path);
  try {
    return await work(zip);
  } catch (error) {
    throw unpackingError(error);
  } finally {
    zip.close();
  }
}

async function openArchive(path: string): Promise<ZipFile> {
  // A folder or a missing file says so by itself.
  await (await open(path)).close();
  try {
    return await openZip(path, { lazyEntries: true, autoClose: false });
  } catch (error) {
    throw unpackingError(error);
  }
}

const unpackingError = (error: unknown) =>
  new Error(english`The .npz file could not be unpacked: ${error instanceof Error ? error.message : String(error)}`);
