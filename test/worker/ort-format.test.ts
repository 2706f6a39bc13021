import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeInputs } from '../../src/worker/inputs.ts';
import { type OpenedModel, openModel } from '../../src/worker/open-model.ts';
import { writeOrtFormat } from '../../src/worker/ort-format.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';

const manager = createRuntimeManager();
let folder: string;
let opened: OpenedModel;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opscope-ort-'));
  opened = await openModel(resolve(import.meta.dirname, '../../samples/image-classifier/image-classifier.onnx'));
});
afterAll(async () => {
  manager.dispose();
  await opened.close();
  await rm(folder, { recursive: true, force: true });
});

test("a file in ONNX Runtime's format gives what the model gives", async () => {
  const path = join(folder, 'model.ort');
  const bytes = await writeOrtFormat(manager, opened.model, path);
  const written = await readFile(path);
  expect(written.length).toBe(bytes);
  expect(written.toString('latin1', 4, 8)).toBe('ORTM');
  expect(await readdir(folder)).toEqual(['model.ort']);
  const { feeds } = await makeInputs(opened.model, { dims: {}, seed: 1 });
  const run = (model: string) =>
    manager.use(async ({ client }) => {
      const options = { provider: 'cpu', level: 'extended', threads: 1 } as const;
      const { session } = await client.createSession({ model: { path: model }, options });
      const outputs = await client.run({ session, feeds: feeds[0]! });
      await client.release({ session });
      return outputs;
    });
  const expected = await run(opened.path);
  expect(Object.keys(expected)).toEqual(['logits']);
  expect(await run(path)).toEqual(expected);
});

test('another name than .ort is refused, and nothing is written', async () => {
  const path = join(folder, 'model.flatbuffer');
  await expect(writeOrtFormat(manager, opened.model, path)).rejects.toThrow('does not end in .ort');
  expect(await readdir(folder)).not.toContain('model.flatbuffer');
});
