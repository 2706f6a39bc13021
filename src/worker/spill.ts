import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { bufferSource, byteRange, isByteRange, readAll } from '../core/graph/byte-source.ts';
import type { Model, Tensor } from '../core/graph/model.ts';
import { type FileSource, openFileSource } from './file-source.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './model-source.ts';
import { writeFully } from './write-file.ts';

/** Smaller tensors stay in memory; together they weigh little. */
const minTensorBytes = 1 << 16;
/** Below this, writing costs more than the memory is worth. */
const minModelBytes = 1 << 21;

/** Weights that passes made, kept in a temporary file rather than in memory while a model is worked on. */
export interface Spill {
  /** The model with its large weights in the file. Its own bytes go once nobody else holds them. */
  spilled(model: Model): Promise<Model>;
  /** A model made of spilled ones, with what it still has in the file back in memory, so that it outlives the file. */
  restored(model: Model): Promise<Model>;
  /** Removes the file: spilled models can be read no more. */
  dispose(): Promise<void>;
}

/** A spill without a file as yet. */
export function createSpill(): Spill {
  const folders: TemporaryFolder[] = [];
  const files = new Set<FileSource>();
  return {
    spilled: async (model) => {
      const resident = [...model.graph.initializers.values()].filter(({ data }) => isLarge(data.bytes));
      if (resident.reduce((sum, { data }) => sum + data.byteLength, 0) < minModelBytes) return model;
      const folder = await makeTemporaryFolder();
      folders.push(folder);
      const path = join(folder.path, 'weights.bin');
      const written = await open(path, 'wx');
      const places = await writeAll(written, resident).finally(() => written.close());
      const file = openFileSource(path);
      files.add(file);
      return withTensors(model, (tensor) => {
        const place = places.get(tensor);
        return place === undefined ? tensor : { ...tensor, data: byteRange(file, place, tensor.data.byteLength) };
      });
    },
    restored: async (model) => {
      const back = new Map<Tensor, Tensor>();
      for (const tensor of model.graph.initializers.values()) {
        const { data } = tensor;
        if (isByteRange(data) && files.has(data.source as FileSource))
          back.set(tensor, { ...tensor, data: bufferSource(await readAll(data)) });
      }
      return back.size === 0 ? model : withTensors(model, (tensor) => back.get(tensor) ?? tensor);
    },
    dispose: async () => {
      for (const file of files) file.close();
      for (const folder of folders) await folder.remove();
    },
  };
}

const isLarge = (bytes: Uint8Array | undefined) => bytes !== undefined && bytes.byteLength >= minTensorBytes;

/** Writes tensors one after the other, and tells where each lies. */
async function writeAll(file: FileHandle, tensors: readonly Tensor[]): Promise<Map<Tensor, number>> {
  const places = new Map<Tensor, number>();
  let at = 0;
  for (const tensor of tensors) {
    await writeFully(file, tensor.data.bytes!);
    places.set(tensor, at);
    at += tensor.data.byteLength;
  }
  return places;
}

const withTensors = (model: Model, change: (tensor: Tensor) => Tensor): Model => ({
  ...model,
  graph: {
    ...model.graph,
    initializers: new Map(Array.from(model.graph.initializers, ([name, tensor]) => [name, change(tensor)])),
  },
});
