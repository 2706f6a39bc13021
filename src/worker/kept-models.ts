import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Model } from '../core/graph/model.ts';
import { tensorsOf } from '../core/onnx/tensors-of.ts';
import { saveModel } from './save-model.ts';
import { nameAgain, temporaryFor } from './write-file.ts';

/** A file as it was when it was written. */
interface KeptFile {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
}

/** Where a model lies in a history's folder: its file, then its weights. A model never changes. */
const kept = new WeakMap<Model, readonly KeptFile[]>();

/**
 * Has a model lie at `path` in a history's folder. It is written once; after that the files are there already, or
 * become those of another folder as links, and as copies where there are no links.
 */
export async function keepModel(model: Model, path: string): Promise<void> {
  const files = kept.get(model);
  if (files && (await Promise.all(files.map(isAsWritten))).every(Boolean)) {
    if (resolve(files[0]!.path) === resolve(path)) return;
    if (basename(files[0]!.path) === basename(path)) {
      const folder = dirname(path);
      // Weights first: a model whose weights are not there yet cannot be read.
      for (const file of files.toReversed()) await linkOrCopy(file.path, join(folder, basename(file.path)));
      kept.set(model, await describe(files.map((file) => join(folder, basename(file.path)))));
      return;
    }
  }
  const saved = await saveModel(model, path);
  kept.set(model, await describe(saved.files));
}

/** Notes that a model was read from a file that `keepModel` wrote. */
export async function rememberKept(model: Model, path: string): Promise<void> {
  const weights = new Set<string>();
  for (const { external } of tensorsOf(model)) if (external) weights.add(join(dirname(path), external.location));
  kept.set(model, await describe([path, ...weights]));
}

const describe = (paths: readonly string[]): Promise<readonly KeptFile[]> =>
  Promise.all(
    paths.map(async (path) => {
      const { size, mtimeMs } = await stat(path);
      return { path, bytes: size, modified: mtimeMs };
    }),
  );

async function isAsWritten({ path, bytes, modified }: KeptFile): Promise<boolean> {
  const now = await stat(path).catch(() => undefined);
  return now !== undefined && now.size === bytes && now.mtimeMs === modified;
}

/** Files of a history are replaced, never changed, so that two folders may share them. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  const temporary = temporaryFor(to);
  try {
    await nameAgain(from, temporary);
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
