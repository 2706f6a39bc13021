import { mkdir, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { english } from '../core/english.ts';
import type { TensorValue } from '../core/evaluator.ts';
import { ExportError } from '../core/export/exported-model.ts';
import { writeNpz } from '../core/tensor/npz.ts';
import { writeTensorProto } from '../core/tensor/tensor-proto.ts';
import type { Feeds } from '../protocol/runtime.ts';
import { explainWriting } from './write-file.ts';

/** One set of data: what goes into a model, and what came out of it where it was run. */
export interface DataSet {
  readonly inputs: Feeds;
  readonly outputs?: ReadonlyMap<string, TensorValue>;
}

/**
 * Writes data that `readInputFiles` reads back: to an `.npz` when the path ends so, one set; else to a folder as ONNX test
 * data has it, `test_data_set_0/input_0.pb`, with outputs as `output_0.pb`. Gives the files. Replaces nothing: rejects
 * when one of them is there.
 */
export async function writeInputs(path: string, sets: readonly DataSet[]): Promise<readonly string[]> {
  const written: string[] = [];
  const write = async (file: string, bytes: Uint8Array) => {
    await writeFile(file, bytes, { flag: 'wx' });
    written.push(file);
  };
  try {
    if (extname(path).toLowerCase() === '.npz') {
      const [set, ...others] = sets;
      if (others.length > 0)
        throw new ExportError(english`An .npz holds one set of inputs, and there are ${sets.length}. Name a folder.`);
      await write(path, writeNpz(new Map(Object.entries(set!.inputs))));
      return written;
    }
    for (const [index, { inputs, outputs }] of sets.entries()) {
      const folder = join(path, `test_data_set_${index}`);
      await mkdir(folder, { recursive: true });
      for (const [place, [name, value]] of Object.entries(inputs).entries())
        await write(join(folder, `input_${place}.pb`), writeTensorProto(name, value));
      for (const [place, [name, value]] of [...(outputs ?? [])].entries())
        await write(join(folder, `output_${place}.pb`), writeTensorProto(name, value));
    }
    return written;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new ExportError(
        english`${(error as NodeJS.ErrnoException).path ?? path} is there already. Name another place.`,
      );
    const explained = explainWriting(error, path);
    throw explained instanceof Error && explained !== error ? new ExportError(explained.message) : error;
  }
}
