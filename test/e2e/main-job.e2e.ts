import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { type Editor, startEditor } from './editor.ts';

const sample = (name: string) => ({ copyOf: join(root, 'samples/image-classifier', name) });

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

test('a double click draws the graph', async () => {
  await editor.openFile('image-classifier.onnx');
  await editor.view.locator('canvas').first().waitFor();
  await editor.page.waitForTimeout(3000);
  await editor.takePicture('graph');
  expect(await editor.view.locator('canvas').count()).toBeGreaterThan(0);
});
