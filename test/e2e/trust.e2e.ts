import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { callTools, extensionsWithToolCaller } from './call-tools.ts';
import { type Editor, startEditor } from './editor.ts';
import { runtimeProcesses } from './runtime-processes.ts';

let editor: Editor;
let extensions: string | undefined;

beforeAll(async () => {
  extensions = extensionsWithToolCaller();
  editor = await startEditor({
    extensions,
    files: { 'model.onnx': { copyOf: join(root, 'samples/image-classifier/image-classifier.onnx') } },
    workspaceTrust: true,
    settings: { 'security.workspace.trust.startupPrompt': 'never', 'security.workspace.trust.enabled': true },
  });
});
afterAll(async () => {
  await editor?.close();
  if (extensions) rmSync(extensions, { recursive: true });
});

test('in a workspace that is not trusted a model is drawn, and nothing is run', async () => {
  onTestFailed(() => editor.takePicture('failed-untrusted'));
  await editor.openFile('model.onnx');
  await editor.view.getByRole('grid', { name: 'Operators' }).getByText('/stem/stem.0/Conv').waitFor();
  await editor.takePicture('untrusted');
  await editor.page.keyboard.press('F1');
  await editor.quickInput.locator('input').fill('>Opscope: ');
  await editor.quickInput.locator('.monaco-list-row', { hasText: 'Opscope: Export Model' }).waitFor();
  for (const command of ['Profile Model', 'Fix Problem']) {
    expect(await editor.quickInput.locator('.monaco-list-row', { hasText: `Opscope: ${command}` }).count()).toBe(0);
  }
  await editor.quickInput.locator('input').fill('>Opscope: Export Model');
  await editor.page.keyboard.press('Enter');
  await editor.quickInput.locator('.monaco-list-row', { hasText: 'Folder for MLflow' }).waitFor();
  expect(await editor.quickInput.locator('.monaco-list-row', { hasText: 'ORT file' }).count()).toBe(0);
  await editor.page.keyboard.press('Escape');
  expect(await editor.view.getByRole('button', { name: 'Profile' }).first().isDisabled()).toBe(true);
  expect(runtimeProcesses(editor.serverPid)).toEqual([]);
});

test('there an assistant may read a model, and run none', async () => {
  onTestFailed(() => editor.takePicture('failed-untrusted-tools'));
  const model = 'model.onnx';
  const { answers } = await callTools(editor, [
    { name: 'opscope_inspect', input: { model } },
    { name: 'opscope_profile', input: { model } },
    { name: 'opscope_optimize', input: { model, output: 'small.onnx' } },
  ]);
  expect(answers[0]!.answer).toMatchObject({ nodes: expect.any(Number) });
  expect(answers[1]!.error).toMatch(/not trusted/);
  expect(answers[2]!.error).toMatch(/not trusted/);
  expect(runtimeProcesses(editor.serverPid)).toEqual([]);
});
