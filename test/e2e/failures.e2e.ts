import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { type Editor, startEditor } from './editor.ts';
import { runtimeProcesses } from './runtime-processes.ts';

const sample = join(root, 'samples/image-classifier/image-classifier.onnx');
const bytes = readFileSync(sample);

/** Files that are no usable models, and what the editor says of each. */
const unusable = [
  { name: 'text.onnx', content: '{ "not": "a model" }', says: /not an ONNX model/ },
  { name: 'cut.onnx', content: bytes.subarray(0, bytes.length >> 1), says: /cut off or damaged/ },
  {
    name: 'pointer.onnx',
    content: 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n',
    says: /Git LFS pointer/,
  },
  { name: 'empty.onnx', content: '', says: /is empty/ },
];

const missing = /weights\.data/;

let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({
    // Long enough for the runtime to be killed in the middle.
    settings: { 'opscope.runs': 100_000, 'opscope.timeLimit': 30 },
    files: {
      'model.onnx': { copyOf: sample },
      ...Object.fromEntries(unusable.map(({ name, content }) => [name, content])),
    },
  });
});
afterAll(() => editor?.close());

test.each(unusable)('$name gets its own message', async ({ name, says }) => {
  onTestFailed(() => editor.takePicture(`failed-${name}`));
  await editor.openFile(name);
  await editor.view.getByText(says).waitFor();
  await editor.takePicture(`unusable-${name}`);
  await editor.runCommand('View: Close Editor');
});

test('a model whose weights file is missing is drawn, and says which file it misses', async () => {
  onTestFailed(() => editor.takePicture('failed-missing-weights'));
  const { model, close } = await openModel(sample);
  await saveModel(model, join(editor.folder, 'split.onnx'), { weights: 'external', externalName: 'weights.data' });
  await close();
  rmSync(join(editor.folder, 'weights.data'));
  await editor.openFile('split.onnx');
  await editor.view.getByRole('grid', { name: 'Operators' }).getByText('/stem/stem.0/Conv').waitFor();
  await editor.view.getByRole('tabpanel').getByText(missing).first().waitFor();
  await editor.takePicture('missing-weights');
  await editor.runCommand('Opscope: Profile Model');
  await editor.choose('Profile Model');
  await editor.notification(/weights\.data is missing/).waitFor();
  await editor.takePicture('missing-weights-profile');
  await editor.runCommand('View: Close Editor');
  await editor.runCommand('Notifications: Clear All Notifications');
});

test('killing the runtime in the middle of a profile leaves the editor alive, with a message and a working Retry', async () => {
  onTestFailed(() => editor.takePicture('failed-killed'));
  await editor.openFile('model.onnx');
  await editor.view.getByRole('grid', { name: 'Operators' }).getByText('/stem/stem.0/Conv').waitFor();
  await editor.runCommand('Opscope: Profile Model');
  await editor.choose('Profile Model');
  await expect.poll(() => runtimeProcesses(editor.serverPid).length, { timeout: 30_000 }).toBe(1);
  await editor.view
    .getByRole('status')
    .filter({ hasText: /run|Timing|Warming/i })
    .waitFor();
  process.kill(runtimeProcesses(editor.serverPid)[0]!, 'SIGKILL');
  const message = editor.notification(/runtime process|stopped/);
  await message.waitFor();
  await editor.takePicture('killed');
  await message.getByRole('button', { name: 'Retry' }).click();
  await editor.view.getByRole('tabpanel').getByText('a run', { exact: false }).first().waitFor({ timeout: 120_000 });
});
