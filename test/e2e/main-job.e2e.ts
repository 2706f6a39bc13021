import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { type Editor, startEditor } from './editor.ts';
import { largestDifference } from './run-model.ts';

// The main job from end to end, in order: each test goes on where the one before it ended.

const sample = (name: string) => ({ copyOf: join(root, 'samples/image-classifier', name) });
/** A job measures; on a slow machine that takes its time. */
const jobTimeout = 120_000;

let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({
    files: {
      'image-classifier.onnx': sample('image-classifier.onnx'),
      'evaluation.npz': sample('evaluation.npz'),
      'calibration.npz': sample('calibration.npz'),
    },
  });
});
afterAll(() => editor?.close());

const step = (name: string, picture: string, work: () => Promise<void>) =>
  test(name, async () => {
    onTestFailed(() => editor.takePicture(`failed-${picture}`));
    await work();
    await editor.takePicture(picture);
  });

const panel = () => editor.view.getByRole('tabpanel');
/** The sentence that leads a result. */
const headline = (text: RegExp) => panel().locator('.headline.sentence', { hasText: text });

step('a double click draws the graph', '1-graph', async () => {
  await editor.openFile('image-classifier.onnx');
  await editor.view.getByRole('tree', { name: /boxes/ }).getByRole('treeitem').nth(10).waitFor({ state: 'attached' });
  await panel().getByText('pytorch').waitFor();
  await editor.view.getByRole('grid', { name: 'Operators' }).getByText('/stem/stem.0/Conv').waitFor();
});

step('Profile Model colours the graph and shows table and chart', '2-profile', async () => {
  await editor.runCommand('Opscope: Profile Model');
  await editor.choose('Profile Model');
  await panel().getByText('a run', { exact: false }).first().waitFor({ timeout: jobTimeout });
  expect(await panel().locator('.bars li').count()).toBeGreaterThan(5);
  await editor.view.getByRole('img', { name: /^Time/ }).waitFor();
  await editor.view.getByRole('grid', { name: 'Operators' }).getByText('Time').waitFor();
});

step('Optimize Model shows before and after', '3-optimize', async () => {
  await editor.runCommand('Opscope: Optimize Model');
  await headline(/95\s→\s\d+\snodes,\soutputs\sequal/).waitFor({ timeout: jobTimeout });
  await editor.view.getByRole('navigation', { name: 'Versions' }).getByText('Simplified').waitFor();
  await editor.page.locator('.tab.dirty', { hasText: 'image-classifier.onnx' }).waitFor();
});

step('Quantize Model shows accuracy and latency', '4-quantize', async () => {
  await editor.runCommand('Opscope: Quantize Model');
  await editor.choose('Static int8');
  await editor.choose('calibration.npz');
  await headline(/nodes? quantized, .*accuracy \d.*%/).waitFor({ timeout: jobTimeout });
  await panel().getByText('Latency').first().waitFor();
});

step('Compare with… marks what differs', '5-compare', async () => {
  await editor.runCommand('Opscope: Compare with');
  await editor.choose('Original');
  await headline(/95\s→.*outputs\s(equal|close|differ)/).waitFor({ timeout: jobTimeout });
});

step('Export Model… writes a file that ONNX Runtime runs with outputs like the original', '6-export', async () => {
  const path = join(editor.folder, 'exported.onnx');
  await editor.view.getByRole('navigation', { name: 'Versions' }).getByText('Simplified').click();
  await editor.runCommand('Opscope: Export Model');
  await editor.choose('ONNX file');
  await editor.enterPath(path);
  await editor.notification(/Exported/).waitFor();
  expect(existsSync(path)).toBe(true);
  const exported = await openModel(path);
  expect(exported.model.graph.nodes.length).toBeLessThan(60);
  await exported.close();
  expect(await largestDifference(join(editor.folder, 'image-classifier.onnx'), path)).toBeLessThan(1e-4);
});
