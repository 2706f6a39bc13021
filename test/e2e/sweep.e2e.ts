import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { type Editor, startEditor } from './editor.ts';

// What the Profile panel shows besides a profile made here: sweeps, and profiles that ONNX Runtime wrote elsewhere.

const sample = join(root, 'samples/image-classifier/image-classifier.onnx');
let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({ files: { 'model.onnx': { copyOf: sample } }, settings: { 'opscope.timeLimit': 3 } });
});
afterAll(() => editor?.close());

test('Sweep Settings… asks for values, and shows every combination', async () => {
  onTestFailed(() => editor.takePicture('failed-sweep'));
  await editor.openFile('model.onnx');
  await editor.view.getByRole('navigation', { name: 'Versions' }).getByText('Original').waitFor();
  await editor.runCommand('Opscope: Sweep Settings…');
  const type = async (prompt: RegExp, text: string) => {
    await editor.quickInput.getByText(prompt).waitFor();
    await editor.quickInput.locator('input').fill(text);
    await editor.page.keyboard.press('Enter');
  };
  await type(/Threads to try/, '1, 2');
  await type(/Sizes of batch to try/, '2');
  await editor.choose('Sweep Settings');
  const chart = editor.view.getByRole('figure', { name: 'Latency by settings, batch 2' });
  await chart.waitFor({ timeout: 60_000 });
  expect(await chart.locator('.estimate').count()).toBe(2);
  await editor.takePicture('sweep');
});

test('Load Trace… puts a profile that ONNX Runtime wrote onto the model', async () => {
  onTestFailed(() => editor.takePicture('failed-trace'));
  await writeTrace(join(editor.folder, 'trace.json'));
  await editor.runCommand('Opscope: Load Trace…');
  await editor.enterPath(join(editor.folder, 'trace.json'));
  await editor.view.getByText('include what profiling itself takes').waitFor({ timeout: 60_000 });
  expect(await editor.view.getByRole('heading', { name: 'Where the time goes' }).isVisible()).toBe(true);
  await editor.takePicture('trace');
});

/** A profile of the sample, as any program with ONNX Runtime can write one. */
async function writeTrace(path: string): Promise<void> {
  const manager = createRuntimeManager();
  try {
    await manager.use(async ({ client }) => {
      const options = { provider: 'cpu', level: 'all', threads: 1, profilePrefix: join(editor.folder, 'run') } as const;
      const { session } = await client.createSession({ model: { path: sample }, options });
      const image = fromNumbers('float32', new Array<number>(3 * 32 * 32).fill(0.5));
      const feeds = { image: { dtype: 'float32', dims: [1, 3, 32, 32], bytes: image } } as const;
      await client.time({ session, feeds, count: 10 });
      copyFileSync((await client.endProfiling({ session })).tracePath, path);
    });
  } finally {
    manager.dispose();
  }
}
