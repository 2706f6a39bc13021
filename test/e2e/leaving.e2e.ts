import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { modelConfig, parseTextFormat } from '../core/export/text-format.ts';
import { type Editor, startEditor } from './editor.ts';

// What leaves the editor: packages, reports, text. In order.

let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({
    files: { 'model.onnx': { copyOf: join(root, 'samples/image-classifier/image-classifier.onnx') } },
    settings: { 'files.autoSave': 'off', 'opscope.measure': false },
  });
});
afterAll(() => editor?.close());

const step = (name: string, picture: string, work: () => Promise<void>) =>
  test(name, async () => {
    onTestFailed(() => editor.takePicture(`failed-${picture}`));
    await work();
    await editor.takePicture(picture);
  });

step('Export Model… writes a folder for Triton with the version on view', 'leaving-1-triton', async () => {
  await editor.openFile('model.onnx');
  await editor.runCommand('Opscope: Optimize Model');
  await editor.choose('Optimize Model');
  await editor.view.getByRole('navigation', { name: 'Versions' }).getByText('Simplified').waitFor({ timeout: 60_000 });
  await editor.runCommand('Opscope: Export Model');
  await editor.takePicture('leaving-1-forms');
  await editor.choose('Folder for Triton');
  const folder = join(editor.folder, 'classifier');
  await editor.enterPath(folder);
  await editor.notification(/Exported/).waitFor();
  const config = parseTextFormat(readFileSync(join(folder, 'config.pbtxt'), 'utf8'), modelConfig);
  expect(config).toMatchObject({ name: 'classifier', backend: 'onnxruntime', max_batch_size: 8 });
  expect(readFileSync(join(folder, '1/model.onnx')).length).toBeLessThan(
    readFileSync(join(editor.folder, 'model.onnx')).length,
  );
  expect(existsSync(join(folder, 'README.md'))).toBe(true);
});
