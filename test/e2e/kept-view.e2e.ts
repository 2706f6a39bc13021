import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { type Editor, startEditor } from './editor.ts';

// What an editor shows comes back after its tab was away and after a reload, for each of two editors of one model. In order.

const source = join(root, 'samples/image-classifier/image-classifier.onnx');
let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({
    files: { 'model.onnx': { copyOf: source }, 'other.onnx': { copyOf: source } },
    settings: { 'workbench.editor.enablePreview': false },
  });
});
afterAll(() => editor?.close());

const step = (name: string, picture: string, work: () => Promise<void>) =>
  test(name, async () => {
    onTestFailed(() => editor.takePicture(`failed-${picture}`));
    await work();
    await editor.takePicture(picture);
  });

/** The pages of the editors that are drawn. */
const views = async () => {
  const frames = await editor.page.locator('iframe.webview.ready').all();
  return frames.map((frame) => frame.contentFrame().frameLocator('#active-frame'));
};
const panelOf = (view: Editor['view']) => view.locator('[role=tab][aria-selected=true]').textContent();
const queryOf = (view: Editor['view']) => view.getByRole('textbox', { name: 'Search nodes' }).inputValue();
const tableOf = (view: Editor['view']) =>
  view.getByRole('button', { name: 'Operators', exact: true }).getAttribute('aria-expanded');
const shownIn = async (view: Editor['view']) => [await panelOf(view), await queryOf(view), await tableOf(view)];
/** Longer than a view takes to keep itself. */
const kept = () => editor.page.waitForTimeout(1000);
/** Longer than VS Code in a browser takes to note which editors are open, and what they keep. */
const noted = () => editor.page.waitForTimeout(8000);

step('another tab and back', 'kept-view-1-tab', async () => {
  await editor.openFile('model.onnx');
  await editor.view.locator('.data-row').first().waitFor({ timeout: 60_000 });
  await editor.view.locator('#tab-optimize').click();
  await editor.view.getByRole('button', { name: 'Operators', exact: true }).click();
  await editor.view.getByRole('textbox', { name: 'Search nodes' }).fill('op:Conv');
  await kept();
  await editor.openFile('other.onnx');
  await expect.poll(async () => (await views()).length).toBe(1);
  await editor.view.locator('.data-row').first().waitFor({ timeout: 60_000 });
  expect(await panelOf(editor.view)).toBe('Summary');
  await editor.page.locator('.tab', { hasText: 'model.onnx' }).click();
  await expect.poll(() => panelOf(editor.view), { timeout: 30_000 }).toBe('Optimize');
  expect(await shownIn(editor.view)).toEqual(['Optimize', 'op:Conv', 'false']);
});

step('a reload of the window', 'kept-view-2-reload', async () => {
  await noted();
  await editor.reload();
  await editor.page.locator('.tab', { hasText: 'model.onnx' }).click();
  await editor.view.locator('#search-count', { hasText: /\d/ }).waitFor({ timeout: 60_000 });
  expect(await shownIn(editor.view)).toEqual(['Optimize', 'op:Conv', 'false']);
});

step('two editors of one model keep their own', 'kept-view-3-split', async () => {
  await editor.page.locator('.tab', { hasText: 'model.onnx' }).click();
  await editor.runCommand('View: Split Editor Right');
  await expect.poll(async () => (await views()).length, { timeout: 30_000 }).toBe(2);
  const all = async () => {
    const shown = [];
    for (const view of await views()) shown.push((await shownIn(view)).join(' '));
    return shown.sort();
  };
  for (const view of await views()) await view.locator('#search-count', { hasText: /\d/ }).waitFor({ timeout: 60_000 });
  // A new editor begins as the model was last seen.
  expect(await all()).toEqual(['Optimize op:Conv false', 'Optimize op:Conv false']);
  const second = (await views())[1]!;
  await second.locator('#tab-compare').click();
  await second.getByRole('textbox', { name: 'Search nodes' }).fill('op:Relu');
  await noted();
  const different = ['Compare op:Relu false', 'Optimize op:Conv false'];
  expect(await all()).toEqual(different);
  await editor.reload();
  await expect.poll(async () => (await views()).length, { timeout: 60_000 }).toBe(2);
  await expect.poll(all, { timeout: 60_000 }).toEqual(different);
});
