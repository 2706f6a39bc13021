import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { english } from '../core/english.ts';
import { ExportError } from '../core/export/exported-model.ts';
import type { Model } from '../core/graph/model.ts';
import { prepareModel } from './model-source.ts';
import type { RuntimeManager } from './runtime-client.ts';

/** What ONNX Runtime does to a graph before it is written: all that holds on any machine, no layouts of this one. */
const level = 'extended';

/**
 * Writes a model in ONNX Runtime's own format (`.ort`, a flatbuffer that it maps and runs without optimizing it again),
 * which only ONNX Runtime reads. The file is whole or not there, and was loaded before it gets its name; gives its size
 * in bytes. Rejects with an `ExportError` for another file name, and when ONNX Runtime refuses the model.
 */
export async function writeOrtFormat(
  manager: RuntimeManager,
  model: Model,
  path: string,
  signal?: AbortSignal,
): Promise<number> {
  if (!path.endsWith('.ort')) {
    throw new ExportError(english`${basename(path)} does not end in .ort, by which ONNX Runtime knows its own format.`);
  }
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path, '.ort')}.${randomUUID().slice(0, 8)}.ort`);
  const prepared = await prepareModel(model, signal);
  try {
    await manager.use(
      async ({ client }) => {
        const options = { provider: 'cpu', level, threads: 0 } as const;
        const made = await client.createSession({
          model: prepared.source,
          options: { ...options, ortPath: temporary },
        });
        await client.release(made);
        await client.release(await client.createSession({ model: { path: temporary }, options }));
      },
      { signal },
    );
    const file = await open(temporary, 'r+');
    try {
      await file.sync();
      const { size } = await file.stat();
      await rename(temporary, path);
      return size;
    } finally {
      await file.close();
    }
  } finally {
    await prepared.dispose();
    await rm(temporary, { force: true });
  }
}
