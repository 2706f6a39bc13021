import { existsSync } from 'node:fs';
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

test('with the answers given, the buttons lead from the sample to an exported model', {
  timeout: 400_000,
}, async () => {
  onTestFailed(() => editor.takePicture('failed-walkthrough-whole'));
  const versions = editor.view.getByRole('navigation', { name: 'Versions' });
  const done = { timeout: 120_000 };
  await (await openStep('See where the time goes', 'Profile Model')).click();
  await editor.choose('Profile Model');
  await editor.view.locator('.bars li').first().waitFor(done);
  await (await openStep('Simplify it', 'Optimize Model')).click();
  await versions.getByText('Simplified').waitFor(done);
  await (await openStep('Quantize it', 'Quantize Model')).click();
  await editor.choose('Dynamic');
  await versions.getByText(/int8/).waitFor(done);
  await (await openStep('Compare two versions', 'Compare with…')).click();
  await editor.choose('Original');
  await editor.view.locator('.headline.sentence', { hasText: /outputs/ }).waitFor(done);
  await (await openStep('Export it', 'Export Model…')).click();
  await editor.choose('ONNX file');
  const path = join(editor.folder, 'exported.onnx');
  await editor.enterPath(path);
  await editor.notification(/Exported/).waitFor();
  expect(existsSync(path)).toBe(true);
});
