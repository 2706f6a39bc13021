import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { type Editor, startEditor } from './editor.ts';

// The walkthrough: each of its buttons does what it says, from the walkthrough's own page.

let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({
    files: { 'other.onnx': { copyOf: join(root, 'samples/image-classifier/image-classifier.onnx') } },
  });
});
afterAll(() => editor?.close());

const openStep = async (title: string, button: string) => {
  await editor.runCommand('Welcome: Open Walkthrough...');
  await editor.choose('Make a Model Fast');
  const page = editor.page.locator('.gettingStartedContainer');
  await page.getByText(title, { exact: true }).first().click();
  const link = page.getByRole('button', { name: button, exact: true });
  await link.waitFor();
  return link;
};
const input = () => editor.quickInput;

test('Open Sample Model opens a copy of the sample', async () => {
  onTestFailed(() => editor.takePicture('failed-walkthrough'));
  const button = await openStep('Open a model', 'Open Sample Model');
  await editor.takePicture('walkthrough');
  await button.click();
  await editor.view
    .getByRole('grid', { name: 'Operators' })
    .getByText('/stem/stem.0/Conv')
    .waitFor({ timeout: 60_000 });
  expect(await editor.page.locator('.tab.active', { hasText: 'image-classifier.onnx' }).count()).toBe(1);
});

test.each([
  ['See where the time goes', 'Profile Model', /Profile Model/],
  ['Simplify it', 'Optimize Model', /Optimize Model/],
  ['Quantize it', 'Quantize Model', /Dynamic/],
  ['Compare two versions', 'Compare with…', /Another file/],
  ['Export it', 'Export Model…', /ONNX file/],
])('%s: %s asks for what it needs, over the model', async (title, label, asks) => {
  onTestFailed(() => editor.takePicture(`failed-walkthrough-${label.slice(0, 7)}`));
  const button = await openStep(title, label);
  await button.click();
  if (label === 'Compare with…') {
    // With a single version there is nothing to choose but a file.
    await editor.page.getByText('Compare with', { exact: true }).first().waitFor();
  } else {
    await input().locator('.monaco-list-row', { hasText: asks }).first().waitFor();
  }
  expect(await editor.page.locator('.tab.active', { hasText: 'image-classifier.onnx' }).count()).toBe(1);
  await editor.page.keyboard.press('Escape');
});
