import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { afterAll, expect, onTestFailed, test } from 'vitest';
import { modelBytes } from '../../src/core/onnx/model-bytes.ts';
import { parseModel } from '../core/passes/graph-text.ts';
import { type Editor, type EditorOptions, startEditor } from './editor.ts';

// VS Code's own diffs of models: both sides show the graph, what differs is marked, and selection follows.

const before = `opset 17
in x float32 [1, 4]
const w float32 [4, 4] = random
a = MatMul(x, w)
b = Relu(a)
c = Identity(b)
y = Tanh(c)
out y float32 [1, 4]
`;
const after = before.replace('c = Identity(b)\ny = Tanh(c)', 'y = Sigmoid(b)');

const editors: Editor[] = [];
afterAll(() => Promise.all(editors.map((editor) => editor.close())));

async function start(options: EditorOptions, failed: string): Promise<Editor> {
  const editor = await startEditor(options);
  editors.push(editor);
  onTestFailed(() => editor.takePicture(failed));
  return editor;
}

/** The views of both sides, left and right. */
async function sidesOf({ page }: Editor): Promise<readonly [FrameLocator, FrameLocator]> {
  const frames = page.locator('iframe.webview.ready:visible');
  await expect.poll(() => frames.count(), { timeout: 30_000 }).toBe(2);
  const placed = await Promise.all(
    (await frames.all()).map(async (frame) => ({
      id: await frame.getAttribute('name'),
      box: await frame.boundingBox(),
    })),
  );
  const [left, right] = placed
    .sort((one, other) => one.box!.x - other.box!.x)
    .map(({ id }) => page.frameLocator(`iframe[name="${id}"]`).frameLocator('#active-frame'));
  return [left!, right!];
}

async function expectLinkedSides(editor: Editor): Promise<void> {
  const sides = await sidesOf(editor);
  const figures = '2 nodes the same, 1 changed, 1 removed, 0 added';
  for (const side of sides) await side.getByText(figures).waitFor({ timeout: 30_000 });
  const [left, right] = sides;
  await left.getByText('Removed', { exact: true }).click();
  await left.getByRole('button', { name: /^Identity/ }).waitFor();
  await right.getByText('Changed', { exact: true }).click();
  await right.getByRole('button', { name: /^Sigmoid/ }).click();
  const chosen = (side: FrameLocator) => side.getByRole('treeitem', { selected: true }).textContent();
  await expect.poll(() => chosen(left)).toMatch('Tanh');
  expect(await chosen(right)).toMatch('Sigmoid');
}

test('Compare with Selected shows two models as linked graphs', async () => {
  const options = {
    files: {
      'after.onnx': await modelBytes(parseModel(after)),
      'before.onnx': await modelBytes(parseModel(before)),
    },
  };
  const editor = await start(options, 'failed-diff-files');
  // The window knows then whose models are.
  await editor.openFile('before.onnx');
  const file = (name: string) => editor.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name });
  await editor.chooseFromMenu(file('before.onnx'), 'Select for Compare');
  await editor.chooseFromMenu(file('after.onnx'), 'Compare with Selected');
  await expectLinkedSides(editor);
  await editor.takePicture('diff-1-files');
});

test('what Git calls changes of a model is shown as linked graphs', async () => {
  const options = {
    files: { 'model.onnx': await modelBytes(parseModel(before)) },
    settings: { 'git.enabled': true },
  };
  const editor = await start(options, 'failed-diff-git');
  const git = (...parameters: string[]) =>
    execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@localhost', ...parameters], {
      cwd: editor.folder,
    });
  git('init', '--quiet');
  git('add', 'model.onnx');
  git('commit', '--quiet', '--message', 'before');
  writeFileSync(join(editor.folder, 'model.onnx'), await modelBytes(parseModel(after)));
  await editor.reload();
  await editor.openFile('model.onnx');
  await editor.page
    .getByRole('tab', { name: /^Source Control/ })
    .first()
    .click();
  await editor.page.locator('.scm-view .monaco-list-row', { hasText: 'model.onnx' }).click();
  await expectLinkedSides(editor);
  await editor.takePicture('diff-2-git');
});
