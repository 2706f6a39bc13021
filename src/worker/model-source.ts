import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '../core/graph/model.ts';
import { encodeModel, piecesLength } from '../core/onnx/encode-model.ts';
import { joinPieces } from '../core/onnx/model-bytes.ts';
import type { ModelSource } from '../protocol/runtime.ts';
import { unchangedFile } from './open-model.ts';
import { saveModel } from './save-model.ts';

/** Up to this size a model goes to the runtime as bytes; a larger one as a file, which costs neither a copy nor its memory. */
const mostBytesInMemory = 1 << 20;

/** A model as the runtime takes it, until `dispose`. */
export interface PreparedModel {
  readonly source: ModelSource;
  /** Removes the temporary file, if there is one. Call it when no session needs the model any more. */
  dispose(): Promise<void>;
}

/** Temporary files that are in use. */
const files = new WeakMap<Model, { users: number; readonly made: Promise<PreparedModel> }>();

/**
 * Makes a model ready for the runtime, from its file when it is unchanged. Its weights must still be readable. Whoever
 * asks for a model that is ready already shares its file.
 */
export async function prepareModel(model: Model, signal?: AbortSignal): Promise<PreparedModel> {
  const path = unchangedFile(model);
  if (path !== undefined) return { source: { path }, dispose: async () => {} };
  const pieces = encodeModel(model, { placement: () => 'inline' });
  if (piecesLength(pieces) <= mostBytesInMemory) {
    return { source: { bytes: await joinPieces(pieces) }, dispose: async () => {} };
  }
  const file = files.get(model) ?? { users: 0, made: writeTemporarily(model, signal) };
  files.set(model, file);
  file.users++;
  const giveUp = () => {
    file.users--;
    if (file.users === 0) files.delete(model);
    return file.users === 0;
  };
  try {
    const { source, dispose } = await file.made;
    return { source, dispose: async () => (giveUp() ? dispose() : undefined) };
  } catch (error) {
    giveUp();
    throw error;
  }
}

/** Writes a model with its weights beside it, which the runtime then maps into memory instead of copying them. */
async function writeTemporarily(model: Model, signal: AbortSignal | undefined): Promise<PreparedModel> {
  const folder = await makeTemporaryFolder();
  try {
    const path = join(folder.path, 'model.onnx');
    await saveModel(model, path, { weights: 'external', temporary: true, ...(signal ? { signal } : {}) });
    return { source: { path }, dispose: folder.remove };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

export interface TemporaryFolder {
  readonly path: string;
  /** Removes it with everything in it; a file that is still in use stays until this process ends. */
  remove(): Promise<void>;
}

const temporaryFolders = new Set<string>();
process.once('exit', () => {
  for (const path of temporaryFolders) rmSync(path, { recursive: true, force: true });
});

/** A folder of its own under the system's temporary one, removed at the latest when this process ends. */
export async function makeTemporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'opscope-'));
  temporaryFolders.add(path);
  const remove = async () => {
    try {
      await rm(path, { recursive: true, force: true });
      temporaryFolders.delete(path);
    } catch {
      // Windows does not remove a file that the runtime still maps.
    }
  };
  return { path, remove };
}
