import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { english } from '../core/english.ts';
import type { ByteSource } from '../core/graph/byte-source.ts';
import type { Model, Tensor } from '../core/graph/model.ts';
import { encodeModel, type Placement, piecesLength } from '../core/onnx/encode-model.ts';
import type { Piece } from '../core/onnx/message.ts';
import { maxMessageBytes } from '../core/onnx/model-bytes.ts';
import { tensorsOf } from '../core/onnx/tensors-of.ts';
import type { Progress } from '../protocol/rpc.ts';
import { explainWriting, nameAgain, removeAbandoned, targetOf, temporaryFor, writeFully } from './write-file.ts';

export interface SaveOptions {
  /** Where weights go: inside the file, to a file beside it, or inside below 2 GB. Default `auto`. */
  readonly weights?: 'auto' | 'inline' | 'external';
  /** Name of the weights file, beside the model. Default: the model's name and `.data`. */
  readonly externalName?: string;
  /** The file is for a moment only: it is not waited for until the disk has it. */
  readonly temporary?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Tensors from this size on go to the external file. */
const minExternalBytes = 1024;
/** ONNX Runtime maps tensors of a megabyte and more into memory, from offsets that are multiples of Windows' 64 KiB. */
const alignmentOf = (length: number) => (length >= 1 << 20 ? 65536 : 64);
const copyBytes = 1 << 21;

/** A model that is written and synced beside its target, and not yet there. */
export interface StagedModel {
  /** Puts it in the target's place. Gives the bytes and the files written. */
  commit(): Promise<Saved>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

interface Saved {
  readonly bytes: number;
  readonly files: readonly string[];
}

/**
 * Writes a model: to a file beside the target, synced, then renamed, so that the target is the old file or the whole
 * new one, whatever happens meanwhile. Weights are copied in pieces. Gives the bytes and the files written.
 */
export async function saveModel(model: Model, path: string, options: SaveOptions = {}): Promise<Saved> {
  return (await stageModel(model, path, options)).commit();
}

/** The first half of `saveModel`, which takes nearly all of its time. Rejects as it does, having removed what was written. */
export async function stageModel(model: Model, path: string, options: SaveOptions = {}): Promise<StagedModel> {
  const { weights = 'auto' } = options;
  const externalName = options.externalName ?? freshDataName(path);
  if (externalName === basename(path) || externalName !== basename(externalName) || externalName === '..') {
    throw new Error(
      english`${externalName} cannot hold the weights: name a file beside the model, other than the model itself.`,
    );
  }
  const inline = weights === 'external' ? undefined : encodeModel(model, { placement: () => 'inline' });
  if (inline && piecesLength(inline) <= maxMessageBytes) return stageFiles([{ path, pieces: inline }], options);
  if (weights === 'inline') {
    throw new Error(
      english`The model is larger than 2 GB, which one ONNX file cannot hold. Export it with external weights.`,
    );
  }
  const weightsFile = join(dirname(path), externalName);
  return existsSync(weightsFile)
    ? stagePair(model, path, weightsFile, options)
    : stageFiles(withWeightsIn(model, path, externalName), options);
}

/** The files of a model with its weights beside it. The weights come first: no model without them is ever there. */
function withWeightsIn(model: Model, path: string, location: string): WrittenFile[] {
  const { pieces, placement } = placeExternally(model, location);
  return [
    { path: join(dirname(path), location), pieces, replacesLink: true },
    { path, pieces: encodeModel(model, { placement }) },
  ];
}

/**
 * Stages a model whose weights take the place of others, which two renames cannot do so that both are old or both new
 * at any moment. So the weights come under a name of their own first, with a model that points there; they then get
 * the wanted name as well, and a model that points to that takes the place of the first.
 */
async function stagePair(model: Model, path: string, weightsFile: string, options: SaveOptions): Promise<StagedModel> {
  const between = `${basename(weightsFile)}.${randomUUID().slice(0, 8)}`;
  const first = await stageFiles(withWeightsIn(model, path, between), options);
  const [, pointing] = withWeightsIn(model, path, basename(weightsFile));
  const last = await stageFiles([pointing!], { temporary: options.temporary ?? false }).catch(async (error) => {
    await first.discard();
    throw error;
  });
  const commit = async () => {
    const { bytes } = await first.commit();
    const held = join(dirname(path), between);
    const second = temporaryFor(weightsFile);
    await nameAgain(held, second);
    await rename(second, weightsFile);
    await last.commit();
    await rm(held, { force: true });
    return { bytes, files: [path, weightsFile] };
  };
  const discard = async () => {
    await Promise.all([first.discard(), last.discard()]);
  };
  return { commit, discard };
}

/**
 * The model's name and `.data`; another where that file is there already, since the old model may need it: when the
 * process is killed between the two renames, the old pair must still be whole.
 */
function freshDataName(path: string): string {
  const name = `${basename(path)}.data`;
  return existsSync(join(dirname(path), name)) ? `${basename(path)}.${randomUUID().slice(0, 8)}.data` : name;
}

/** Lays large tensors out in one file, each at a multiple of the page size. */
function placeExternally(model: Model, location: string): { pieces: Piece[]; placement: Placement } {
  const pieces: Piece[] = [];
  const places = new Map<Tensor, NonNullable<Tensor['external']>>();
  let offset = 0;
  for (const tensor of tensorsOf(model)) {
    const length = tensor.data.byteLength;
    if (length < minExternalBytes || tensor.strings || places.has(tensor)) continue;
    const alignment = alignmentOf(length);
    const padding = (alignment - (offset % alignment)) % alignment;
    if (padding > 0) pieces.push(new Uint8Array(padding));
    pieces.push(tensor.data);
    places.set(tensor, { location, offset: offset + padding, length });
    offset += padding + length;
  }
  return { pieces, placement: (tensor) => places.get(tensor) ?? 'inline' };
}

interface WrittenFile {
  readonly path: string;
  readonly pieces: readonly Piece[];
  /** Weights never leave the model's folder: a link of their name goes, and what it points to stays. */
  readonly replacesLink?: boolean;
}

/** Writes all files beside their targets; `commit` renames them in order. Nothing is renamed unless everything was written. */
async function stageFiles(
  files: readonly WrittenFile[],
  { temporary: forAMoment = false, signal, onProgress }: SaveOptions,
): Promise<StagedModel> {
  const total = files.reduce((sum, { pieces }) => sum + piecesLength(pieces), 0);
  const written: { readonly temporary: string; readonly path: string }[] = [];
  let done = 0;
  const buffers = [0, 1].map(() => new Uint8Array(Math.min(copyBytes, total)));
  const report = (count: number) => {
    signal?.throwIfAborted();
    done += count;
    onProgress?.({ message: english`Writing`, fraction: total === 0 ? 1 : done / total });
  };
  const discard = async () => {
    await Promise.all(written.map(({ temporary }) => rm(temporary, { force: true })));
  };
  const orDiscard = async <T>(step: () => Promise<T>): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      await discard();
      throw explainWriting(error, files[files.length - 1]!.path);
    }
  };
  await orDiscard(async () => {
    for (const { path, pieces, replacesLink } of files) {
      const target = replacesLink ? { path } : await targetOf(path);
      const temporary = temporaryFor(target.path);
      await removeAbandoned(target.path);
      written.push({ temporary, path: target.path });
      const file = await open(temporary, 'wx');
      try {
        if (target.mode !== undefined) await file.chmod(target.mode);
        for (const piece of pieces) await writePiece(file, piece, buffers, report);
        if (!forAMoment) await file.sync();
      } finally {
        await file.close();
      }
    }
  });
  const commit = () =>
    orDiscard(async () => {
      for (const { temporary, path } of written) await rename(temporary, path);
      if (!forAMoment) for (const folder of new Set(written.map(({ path }) => dirname(path)))) await syncFolder(folder);
      return { bytes: total, files: files.map(({ path }) => path).reverse() };
    });
  return { commit, discard };
}

/** Makes the renames last over a loss of power. Windows has no such call for folders, and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Writes a piece, reading the next part of it into one buffer while the other is written. Fresh memory for every part
 * would cost more than the copy itself: 1.9 GB took 2.7 s with it, 1.0 s with two buffers.
 */
async function writePiece(
  file: FileHandle,
  piece: Uint8Array | ByteSource,
  buffers: readonly Uint8Array[],
  report: (count: number) => void,
): Promise<void> {
  const part = async (at: number): Promise<Uint8Array> => {
    const length = Math.min(copyBytes, piece.byteLength - at);
    if (length <= 0) return new Uint8Array(0);
    if (piece instanceof Uint8Array) return piece.subarray(at, at + length);
    return piece.read(at, length, buffers[(at / copyBytes) % 2]);
  };
  let next = part(0);
  for (let at = 0; at < piece.byteLength; at += copyBytes) {
    const bytes = await next;
    next = part(at + copyBytes);
    const [wrote] = await Promise.allSettled([writeFully(file, bytes), next]);
    if (wrote.status === 'rejected') throw wrote.reason;
    report(bytes.length);
  }
}
