import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { type Editor, startEditor } from './editor.ts';

// Versions as a document of VS Code: dirty, undo, redo, Save, Save As, reload, hot exit. In order.

const source = join(root, 'samples/image-classifier/image-classifier.onnx');
let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({
    files: { 'model.onnx': { copyOf: source } },
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

const versions = () => editor.view.getByRole('navigation', { name: 'Versions' });
const dirtyTab = (name: string) => editor.page.locator('.tab.dirty', { hasText: name });
const bytesOf = (name: string) => readFileSync(join(editor.folder, name));

/** Where Opscope says that the unsaved changes are; VS Code has them backed up about a second after they were made. */
async function noteOfBackup(): Promise<string> {
  const storage = join(dirname(editor.folder), 'user/User/workspaceStorage');
  const notes = () => globSync('**/*.unsaved', { cwd: storage });
  await expect.poll(() => notes().length, { timeout: 30_000 }).toBe(1);
  return readFileSync(join(storage, notes()[0]!), 'utf8');
}

let firstBackup: string;

step('an optimized model is an unsaved change that can be undone and redone', 'versions-1-undo', async () => {
  await editor.openFile('model.onnx');
  await versions().getByText('Original').waitFor();
  await editor.runCommand('Opscope: Optimize Model');
  await editor.choose('Optimize Model');
  await versions().getByText('Simplified').waitFor({ timeout: 60_000 });
  await dirtyTab('model.onnx').waitFor();
  firstBackup = await noteOfBackup();
  // By then VS Code in a browser has noted it too.
  await editor.page.waitForTimeout(6000);
  await editor.runCommand('Undo');
  await versions().getByText('Simplified').waitFor({ state: 'detached' });
  await dirtyTab('model.onnx').waitFor({ state: 'detached' });
  await editor.runCommand('Redo');
  await versions().getByText('Simplified').waitFor();
  await dirtyTab('model.onnx').waitFor();
  expect(bytesOf('model.onnx').equals(readFileSync(source))).toBe(true);
});

step('unsaved versions survive the end of the window', 'versions-2-hot-exit', async () => {
  // Of the change that Redo made again, seconds before VS Code notes where that is.
  await expect.poll(noteOfBackup, { timeout: 30_000 }).not.toBe(firstBackup);
  await editor.reload();
  await versions().getByText('Simplified').waitFor({ timeout: 60_000 });
  await dirtyTab('model.onnx').waitFor();
});

step('Save writes over the source and keeps what was there', 'versions-3-save', async () => {
  await editor.page.locator('.tab', { hasText: 'model.onnx' }).click();
  await editor.runCommand('File: Save');
  await dirtyTab('model.onnx').waitFor({ state: 'detached' });
  expect(bytesOf('model.onnx.bak').equals(readFileSync(source))).toBe(true);
  expect(bytesOf('model.onnx').length).toBeLessThan(readFileSync(source).length);
});

step('a saved model comes back saved, with its history', 'versions-4-saved', async () => {
  await editor.reload();
  await versions().getByText('Simplified').waitFor({ timeout: 60_000 });
  await versions().getByText('Original').waitFor();
  await dirtyTab('model.onnx').waitFor({ state: 'detached' });
});

step('Save As writes another file with the history, and leaves the source alone', 'versions-5-save-as', async () => {
  const before = bytesOf('model.onnx');
  await editor.runCommand('File: Save As...');
  await editor.enterPath(join(editor.folder, 'other.onnx'));
  await editor.page.locator('.tab', { hasText: 'other.onnx' }).waitFor();
  await versions().getByText('Simplified').waitFor({ timeout: 60_000 });
  expect(bytesOf('other.onnx').length).toBe(before.length);
  expect(bytesOf('model.onnx').equals(before)).toBe(true);
});

step('Auto Save never writes over a model; saving on purpose does', 'versions-6-auto-save', async () => {
  const before = bytesOf('other.onnx');
  await editor.runCommand('File: Toggle Auto Save');
  await editor.runCommand('Opscope: Quantize Model');
  await editor.choose('Dynamic');
  await editor.choose('Quantize Model');
  await versions().getByText(/int8/i).first().waitFor({ timeout: 60_000 });
  await dirtyTab('other.onnx').waitFor();
  await editor
    .notification(/Auto Save is on/)
    .first()
    .waitFor();
  expect(bytesOf('other.onnx').equals(before)).toBe(true);
  await editor.runCommand('Opscope: Save Over Source');
  await dirtyTab('other.onnx').waitFor({ state: 'detached' });
  expect(bytesOf('other.onnx').equals(before)).toBe(false);
});
