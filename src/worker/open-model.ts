import { realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { english } from '../core/english.ts';
import type { ByteSource } from '../core/graph/byte-source.ts';
import type { Model } from '../core/graph/model.ts';
import { readOperatorSet } from '../core/onnx/operator-set.ts';
import { readModel } from '../core/onnx/read-model.ts';
import { MalformedError } from '../core/onnx/resident.ts';
import type { Problem } from '../core/problem.ts';
import { type FileSource, openFileSource } from './file-source.ts';

/** A model that is open: its structure in memory, its weights in files. */
export interface OpenedModel {
  readonly path: string;
  readonly model: Model;
  readonly problems: readonly Problem[];
  /** The model file and the external data files it names, together. */
  readonly bytes: number;
  /** Closes the files; tensors can no longer be read. */
  close(): Promise<void>;
}

/** The file cannot be used as a model; the message says why and what to do. */
export class UnreadableModelError extends Error {
  override readonly name = 'UnreadableModelError';
}

/** A file that a model keeps weights in, and that is not there. */
class MissingWeightsError extends Error {
  override readonly name = 'MissingWeightsError';
}

const readFrom = new WeakMap<Model, FileSource>();

/** The file that a model was read from, if the model is all of what stands there still. */
export function unchangedFile(model: Model): string | undefined {
  const file = readFrom.get(model);
  const now = file && statSync(file.path, { throwIfNoEntry: false });
  return now && now.mtimeMs === file.modified && now.size === file.byteLength ? file.path : undefined;
}

/** Opens a model without reading its weights. Rejects with `UnreadableModelError` when the file is no ONNX model. */
export async function openModel(path: string): Promise<OpenedModel> {
  const file = openOrExplain(path);
  const external = externalFiles(path);
  const close = async () => {
    file.close();
    external.close();
  };
  try {
    await refuseOtherFormats(file);
    const read = await readModel(file, external.open);
    const { model } = read;
    if (read.isWhole) readFrom.set(model, file);
    return {
      path,
      model,
      get problems() {
        return read.problems;
      },
      bytes: file.byteLength + external.bytes(),
      close,
    };
  } catch (error) {
    await close();
    if (error instanceof MalformedError) {
      throw new UnreadableModelError(
        english`${path} is not a readable ONNX model: ${error.message} It may be cut off or damaged; copy or export it again.`,
      );
    }
    throw error;
  }
}

/** Names of the files with weights that a model wants beside it and that are not there; each lies in its folder. */
export async function missingWeights(path: string): Promise<readonly string[]> {
  const file = openOrExplain(path);
  const external = externalFiles(path);
  const missing = new Set<string>();
  try {
    await readModel(file, (location) => {
      try {
        return external.open(location);
      } catch (error) {
        if (error instanceof MissingWeightsError) missing.add(location);
        throw error;
      }
    });
  } catch {
    // Opening the model says what is wrong with it.
  } finally {
    file.close();
    external.close();
  }
  return [...missing];
}

/** The version of the default operator set that a file names; null when it names none. Rejects as `openModel` does. */
export async function operatorSet(path: string, signal?: AbortSignal): Promise<number | null> {
  const file = openOrExplain(path);
  try {
    await refuseOtherFormats(file);
    return await readOperatorSet(file, signal);
  } finally {
    file.close();
  }
}

function openOrExplain(path: string): FileSource {
  try {
    return openFileSource(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new UnreadableModelError(english`There is no file ${path}.`);
    if (code === 'EISDIR') throw new UnreadableModelError(english`${path} is a folder; name the .onnx file in it.`);
    if (code === 'EACCES' || code === 'EPERM')
      throw new UnreadableModelError(english`${path} may not be read. Check its permissions.`);
    throw new UnreadableModelError(english`${path} could not be opened: ${(error as Error).message}.`);
  }
}

/** Formats that end up under the name .onnx by mistake, by the bytes at a place. */
const otherFormats = [
  { at: 0, magic: 'PK\x03\x04', name: english`a ZIP archive (perhaps a PyTorch file)` },
  { at: 0, magic: '\x89HDF', name: english`an HDF5 file (perhaps a Keras model)` },
  { at: 4, magic: 'TFL3', name: english`a TensorFlow Lite model` },
  { at: 4, magic: 'ORTM', name: english`a model in ONNX Runtime's own format` },
  { at: 0, magic: 'GGUF', name: 'a GGUF model' },
  { at: 0, magic: '\x80\x02', name: english`a Python pickle` },
  { at: 0, magic: '\x80\x04', name: english`a Python pickle` },
] as const;

/** Rejects what is plainly something else, saying what it is. */
async function refuseOtherFormats(file: FileSource): Promise<void> {
  if (file.byteLength === 0) throw new UnreadableModelError(english`${file.path} is empty.`);
  const head = await file.read(0, Math.min(200, file.byteLength));
  const text = new TextDecoder('latin1').decode(head);
  if (text.startsWith('version https://git-lfs.github.com/spec/')) {
    throw new UnreadableModelError(
      english`${file.path} is a Git LFS pointer, not the model. Fetch the model with \`git lfs pull\`.`,
    );
  }
  const found =
    otherFormats.find(({ at, magic }) => text.startsWith(magic, at))?.name ??
    (/^\s*(?:\{|<[!?a-zA-Z])/.test(text) ? english`a text file` : undefined);
  if (found) throw new UnreadableModelError(english`${file.path} is not an ONNX model: it looks like ${found}.`);
}

function isInside(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside.split(sep)[0] !== '..' && !isAbsolute(inside);
}

/** External data files beside a model: each opened once, none outside its folder, or outside the one its link leads to. */
function externalFiles(modelPath: string): {
  open: (location: string) => ByteSource;
  bytes: () => number;
  close: () => void;
} {
  const folder = dirname(resolve(modelPath));
  // By their real paths: `w.bin`, `./w.bin` and a link to it are one file, opened and counted once.
  const files = new Map<string, FileSource>();
  const named = new Map<string, FileSource>();
  const open = (location: string): ByteSource => {
    const known = named.get(location);
    if (known) return known;
    if (
      location === '' ||
      location.includes('\0') ||
      isAbsolute(location) ||
      /^[A-Za-z]:|^\\/.test(location) ||
      location.split(/[/\\]/).includes('..')
    ) {
      throw new Error(
        english`The model keeps weights in "${location}", outside its own folder. Opscope does not open that file.`,
      );
    }
    const path = resolve(folder, location);
    let real: string;
    try {
      real = realpathSync(path);
    } catch {
      throw new MissingWeightsError(english`The weights file ${location} is missing. Put it beside the model.`);
    }
    // Model caches keep a folder of links to files that lie side by side elsewhere.
    if (!isInside(realpathSync(folder), real) && !isInside(dirname(realpathSync(modelPath)), real)) {
      throw new Error(
        english`The weights file ${location} is a link that leads out of the model's folder. Opscope does not open it.`,
      );
    }
    const file = files.get(real) ?? openFileSource(real);
    files.set(real, file);
    named.set(location, file);
    return file;
  };
  const all = () => [...files.values()];
  return {
    open,
    bytes: () => all().reduce((sum, { byteLength }) => sum + byteLength, 0),
    close: () => {
      for (const file of all()) file.close();
    },
  };
}
