import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { english } from '../core/english.ts';
import { ExportError } from '../core/export/exported-model.ts';
import { byteLengthOf, type DataType, elementCount } from '../core/graph/data-type.ts';
import { Draft } from '../core/graph/draft.ts';
import type { Model, Tensor } from '../core/graph/model.ts';
import { fromNumbers, toNumbers } from '../core/tensor/convert.ts';
import { npyHeader, npyType } from '../core/tensor/npy.ts';
import type { Progress } from '../protocol/rpc.ts';
import type { ExportedTensor } from '../protocol/worker.ts';
import { requireElements } from './tensor-details.ts';
import { explainWriting, targetOf, temporaryFor, writeFully } from './write-file.ts';

interface ExportTensorOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Bytes read at a time where the elements are written as they are. */
const pieceBytes = 1 << 22;
/** Elements read at a time where they become another type. A multiple of 4, so that packed types split at bytes. */
const pieceElements = 1 << 18;

/**
 * The tensors that a model holds, by the names of their values: initializers and the tensors of `Constant` nodes, those
 * of bodies and functions too. Of several with one name, the one in the outermost graph.
 */
export function storedTensors(model: Model): ReadonlyMap<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const add = (name: string, tensor: Tensor | undefined) => {
    if (tensor && !tensors.has(name)) tensors.set(name, { ...tensor, name });
  };
  for (const graph of new Draft(model).graphs()) {
    for (const tensor of graph.initializers()) add(tensor.name, tensor);
    for (const { opType, outputs } of graph.nodes()) {
      if (opType === 'Constant' && outputs[0]) add(outputs[0], graph.constant(outputs[0]));
    }
  }
  return tensors;
}

/**
 * Writes a tensor as `.npy`, read in pieces: to a file beside the target, synced, then renamed, so that the target is
 * the old file or the whole new one. Elements of a type that NumPy has not are written in a wider one, and a note says
 * so. Rejects with an `ExportError` for strings and where the file cannot be written.
 */
export async function exportTensor(
  tensor: Tensor,
  path: string,
  { signal, onProgress }: ExportTensorOptions = {},
): Promise<ExportedTensor> {
  const { dtype, dims } = tensor;
  const written = npyType(dtype);
  if (!written) {
    throw new ExportError(english`Elements of type ${dtype} are not exported as .npy; numbers and booleans are.`);
  }
  requireElements(tensor);
  const header = npyHeader(written, dims);
  const bytes = header.length + byteLengthOf(written, elementCount(dims));
  let done = 0;
  await writeWhole(path, async (file) => {
    for await (const piece of piecesOf(tensor, written, header)) {
      signal?.throwIfAborted();
      await writeFully(file, piece);
      done += piece.length;
      onProgress?.({ message: english`Writing`, fraction: done / bytes });
    }
  });
  if (written === dtype) return { path, dtype, bytes };
  const note = english`NumPy has no ${dtype}: the elements are written as ${written}, which holds each of them exactly.`;
  return { path, dtype: written, bytes, note };
}

/** The content of the file; a piece stands until the next is asked for. */
async function* piecesOf({ dtype, dims, data }: Tensor, written: DataType, header: Uint8Array) {
  yield header;
  const count = elementCount(dims);
  if (written === dtype) {
    const length = byteLengthOf(dtype, count);
    const buffer = new Uint8Array(Math.min(pieceBytes, length));
    for (let at = 0; at < length; at += pieceBytes) {
      yield await data.read(at, Math.min(pieceBytes, length - at), buffer);
    }
    return;
  }
  for (let start = 0; start < count; start += pieceElements) {
    const elements = Math.min(pieceElements, count - start);
    const bytes = await data.read(byteLengthOf(dtype, start), byteLengthOf(dtype, elements));
    yield fromNumbers(written, toNumbers(dtype, bytes, elements));
  }
}

/** Writes a file beside its target, then puts it in its place: through a link, with the permissions of what is there. */
async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await targetOf(path);
    temporary = temporaryFor(target.path);
    const file = await open(temporary, 'wx');
    try {
      if (target.mode !== undefined) await file.chmod(target.mode);
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target.path);
  } catch (error) {
    if (temporary) await rm(temporary, { force: true });
    const explained = explainWriting(error, path);
    throw explained instanceof Error && explained !== error ? new ExportError(explained.message) : error;
  }
}
