import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { english } from '../core/english.ts';
import type { TensorValue } from '../core/evaluator.ts';
import { parseTensorProto } from '../core/tensor/tensor-proto.ts';
import type { Feeds } from '../protocol/runtime.ts';
import { openNpy, openNpz } from './sample-arrays.ts';

/** A protobuf message, and with it a `.pb` file, has fewer bytes. */
const mostMessageBytes = 2 ** 31;

/**
 * Sets of input data from a file or folder. `.npz`: one set, arrays named like the inputs. `.npy` or `.pb`: one input.
 * Folder: one set for each `.npz` in it; else its `.pb` and `.npy` files make one set, named by the tensor, by the file,
 * or as ONNX test data (`input_0.pb` is the first input); else one set for each subfolder, in natural order.
 * `inputs` are the model's inputs in order. Rejects with what is wrong.
 */
export async function readInputFiles(path: string, inputs: readonly string[]): Promise<readonly Feeds[]> {
  const information = await stat(path).catch(() => undefined);
  if (!information) throw new Error(english`There is no input data at ${path}.`);
  return information.isDirectory() ? readFolder(path, inputs) : [await readSet([path], inputs)];
}

async function readFolder(folder: string, inputs: readonly string[]): Promise<readonly Feeds[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const paths = (wanted: (name: string) => boolean) =>
    entries
      .filter((entry) => entry.isFile() && wanted(entry.name))
      .map((entry) => join(folder, entry.name))
      .sort(naturalOrder);
  const archives = paths((name) => extname(name) === '.npz');
  if (archives.length > 0) return Promise.all(archives.map((archive) => readSet([archive], inputs)));
  // ONNX test data keeps the expected outputs beside the inputs.
  const tensors = paths((name) => /\.(?:pb|npy)$/.test(name) && !/^output_\d+\./.test(name));
  if (tensors.length > 0) return [await readSet(tensors, inputs)];
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  const sets: Feeds[] = [];
  for (const inner of folders.sort(naturalOrder)) {
    const files = (await readdir(inner)).filter(
      (name) => /\.(?:npz|npy|pb)$/.test(name) && !/^output_\d+\./.test(name),
    );
    if (files.length > 0)
      sets.push(
        await readSet(
          files.sort(naturalOrder).map((name) => join(inner, name)),
          inputs,
        ),
      );
  }
  return sets;
}

async function readSet(paths: readonly string[], inputs: readonly string[]): Promise<Feeds> {
  const set: Record<string, TensorValue> = {};
  for (const path of paths) {
    try {
      if (extname(path) === '.npz') {
        for (const [name, array] of await openNpz(path)) set[name] = await array.all();
      } else if (extname(path) === '.npy') {
        set[inputFor(path, '', inputs, paths.length)] = await (await openNpy(path)).all();
      } else {
        const { name, value } = await parseTensorProto(await readMessage(path));
        set[inputFor(path, name, inputs, paths.length)] = value;
      }
    } catch (error) {
      throw new Error(english`${path} could not be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return set;
}

async function readMessage(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size >= mostMessageBytes) throw new Error(english`it has more than the 2 GB of one protobuf message.`);
  return readFile(path);
}

/** Which input a file of one tensor is for. */
export function inputFor(path: string, tensorName: string, inputs: readonly string[], files: number): string {
  const fileName = basename(path, extname(path));
  if (inputs.includes(tensorName)) return tensorName;
  if (inputs.includes(fileName)) return fileName;
  const place = /^input_(\d+)$/.exec(fileName)?.[1];
  if (place !== undefined && inputs[Number(place)] !== undefined) return inputs[Number(place)]!;
  return files === 1 && inputs.length === 1 ? inputs[0]! : tensorName || fileName;
}

/** `input_2` before `input_10`. */
function naturalOrder(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
