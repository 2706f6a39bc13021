import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { modelBytes } from '../../src/core/onnx/model-bytes.ts';
import { parseModel } from '../core/passes/graph-text.ts';
import { type Editor, startEditor } from './editor.ts';

// Opscope's places in the window: the Problems panel, from which a problem is mended, and the views of its own.

const old = `opset 11
in x float32 [1, 2, 4, 4]
in d float64 [2, 2]
const w float32 [2, 2, 1, 1] = 1 2 3 4
y = Conv(x, w)
unused = Relu(x)
wide = MatMul(d, d)
out wide float64 [2, 2]
out y float32 [1, 2, 4, 4]
`;
let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({
    files: { 'old #1.onnx': await modelBytes(parseModel(old)), 'text.onnx': 'no model' },
    settings: { 'opscope.measure': false, 'opscope.runs': 20, 'opscope.timeLimit': 4 },
  });
});
afterAll(() => editor?.close());

const step = (name: string, picture: string, work: () => Promise<void>) =>
  test(name, async () => {
    onTestFailed(() => editor.takePicture(`failed-${picture}`));
    await work();
    await editor.takePicture(picture);
  });

const markers = () => editor.page.locator('.markers-panel');
const versions = () => editor.view.getByRole('navigation', { name: 'Versions' });

step('opening a model publishes its problems', 'problems-1-published', async () => {
  await editor.openFile('old #1.onnx');
  await versions().getByText('Original').waitFor();
  await editor.runCommand('View: Focus Problems');
  await markers()
    .getByText(/too old for per-channel quantization/)
    .waitFor();
  await markers().getByText(/Relu/).first().waitFor();
});

const tooOld = () => markers().getByText(/too old for per-channel quantization/);
const row = (text: RegExp) => markers().locator('.monaco-list-row', { hasText: text });

step('the code of a problem mends it as a new version, in which it is gone', 'problems-2-mended', async () => {
  await row(/too old for per-channel/)
    .locator('a', { hasText: 'opset-without-channels' })
    .click();
  await versions().getByText('Simplified').waitFor({ timeout: 60_000 });
  await tooOld().waitFor({ state: 'detached' });
  await row(/Relu/).first().waitFor();
  await editor.runCommand('Undo');
  await tooOld().waitFor();
});

step('the command asks which problem to mend', 'problems-3-asked', async () => {
  await editor.openFile('old #1.onnx');
  await editor.runCommand('Opscope: Fix Problem');
  await editor.choose(/too old for per-channel/);
  await tooOld().waitFor({ state: 'detached', timeout: 60_000 });
  await editor.runCommand('Undo');
  await tooOld().waitFor();
});

step('the summary mends the problem beside its link, and no other', 'problems-4-summary', async () => {
  const problem = editor.view.locator('.problems li', { hasText: /too old for per-channel/ });
  await problem.getByRole('button', { name: 'Fix' }).click();
  await tooOld().waitFor({ state: 'detached', timeout: 60_000 });
  await row(/Relu/).first().waitFor();
  await editor.runCommand('Undo');
  await tooOld().waitFor();
});

step('the code of a problem without a fix shows its node', 'problems-5-node', async () => {
  await row(/computes in float64/)
    .locator('a', { hasText: 'double-precision' })
    .click();
  await editor.view.getByRole('heading', { name: 'MatMul', exact: true }).waitFor();
});

step('the views list the models with their sizes, and the nodes of the one in front', 'views-1-listed', async () => {
  await editor.runCommand('View: Show Opscope');
  const item = (name: string, description: string) =>
    editor.page.locator('.split-view-view .monaco-list-row', { hasText: name }).filter({ hasText: description });
  await item('old #1.onnx', '212 B · opset 11').waitFor();
  await item('Conv', 'float32 [1, 2, 4, 4]').waitFor();
  await item('Relu', 'float32 [1, 2, 4, 4]').click();
  await editor.view.getByRole('heading', { name: 'Relu', exact: true }).waitFor();
  await item('text.onnx', '8 B').click();
  await editor.page.locator('.tab.active', { hasText: 'text.onnx' }).waitFor();
  await item('Conv', 'float32 [1, 2, 4, 4]').waitFor({ state: 'detached' });
});

step('what was measured is listed, compared, and removed', 'views-2-runs', async () => {
  const runs = editor.page.locator('.split-view-view .monaco-list-row', { hasText: 'old #1.onnx · Original' });
  const models = editor.page.locator('.split-view-view .monaco-list-row');
  await models.filter({ hasText: 'old #1.onnx' }).filter({ hasText: '212 B' }).click();
  await editor.page.locator('.tab.active', { hasText: 'old #1.onnx' }).waitFor();
  await editor.runCommand('Opscope: Profile Model');
  await editor.choose('Profile Model');
  await expect.poll(() => runs.count(), { timeout: 60_000 }).toBe(1);
  const settings = editor.view.locator('summary', { hasText: 'Settings' }).first();
  const timedRuns = editor.view.getByRole('spinbutton', { name: 'Timed runs' });
  await settings.click();
  await timedRuns.fill('25');
  await editor.view.getByRole('button', { name: 'Profile Again' }).click();
  await expect.poll(() => runs.count(), { timeout: 60_000 }).toBe(2);
  // What was chosen is remembered.
  await editor.runCommand('View: Close Editor');
  await models.filter({ hasText: 'old #1.onnx' }).filter({ hasText: '212 B' }).click();
  const remembered = editor.view.getByText('As chosen for this model before.');
  await settings.click();
  await remembered.waitFor();
  expect(await timedRuns.inputValue()).toBe('25');
  await editor.takePicture('views-2-remembered');
  await editor.runCommand('Opscope: Forget Settings of This Model');
  await remembered.waitFor({ state: 'detached' });
  expect(await timedRuns.inputValue()).toBe('20');
  const [newest] = await runs.allTextContents();
  expect(newest).toMatch(/old #1\.onnx · Original[▁-█]{2} · .*s \(.+\) · cpu$/);
  await runs.nth(1).click();
  await runs.nth(0).click({ modifiers: ['ControlOrMeta'] });
  await editor.runCommand('Opscope: Compare Runs');
  const dialog = editor.page.locator('.monaco-dialog-box');
  await dialog.getByText(/The median of the later run is|No difference can be told/).waitFor();
  await editor.takePicture('views-2-compared');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  // Both are selected.
  await editor.chooseFromMenu(runs.nth(0), 'Remove Run');
  await expect.poll(() => runs.count()).toBe(0);
  await models.filter({ hasText: 'text.onnx' }).filter({ hasText: '8 B' }).click();
});

step('a file that is no model has its message there, too', 'problems-6-unreadable', async () => {
  await markers()
    .getByText(/is not an ONNX model|not a readable ONNX model/)
    .waitFor();
  expect(
    await markers()
      .getByText(/too old for per-channel quantization/)
      .count(),
  ).toBe(1);
});

const palette = async (title: string) => {
  await editor.page.keyboard.press('F1');
  await editor.quickInput.locator('input').fill(`>Opscope: ${title}`);
  await editor.quickInput.locator('.monaco-list-row').first().waitFor();
  const found = await editor.quickInput.locator('.monaco-list-row', { hasText: `Opscope: ${title}` }).count();
  await editor.page.keyboard.press('Escape');
  return found;
};

step(
  'the palette finds nodes, explains the time of one, and shows what is in the model',
  'palette-1-nodes',
  async () => {
    await editor.runCommand('View: Show Explorer');
    await editor.openFile('old #1.onnx');
    await editor.view.getByRole('tab', { name: 'Node' }).click();
    await editor.runCommand('Opscope: Inspect Model');
    await editor.view.getByRole('tab', { name: 'Summary', selected: true }).waitFor();
    await editor.runCommand('Opscope: Find Nodes');
    await expect
      .poll(() => editor.view.locator('#search').evaluate((box) => box === document.activeElement))
      .toBe(true);
    await editor.runCommand('Opscope: Explain the Time of a Node');
    await editor.choose('Profile Model');
    await editor.choose(/^Conv/);
    await editor.view.getByRole('heading', { name: 'Conv', exact: true }).waitFor();
    await editor.view.getByRole('tab', { name: 'Node', selected: true }).waitFor();
  },
);

step('the palette tunes the model, as a job that can be cancelled from it', 'palette-2-tuned', async () => {
  expect(await palette('Cancel')).toBe(0);
  await editor.runCommand('Opscope: Tune Model');
  await editor.quickInput.locator('input').first().fill('10000');
  await editor.page.keyboard.press('Enter');
  await editor.enterPath(join(editor.folder, 'tuned.onnx'));
  await editor.choose('Folder for deployment');
  await editor.page.keyboard.press('Enter');
  await editor.choose('Folder with programs');
  await editor.notification(/90 % of the runs end within .*, as wanted/).waitFor({ timeout: 60_000 });
  await editor.page.getByRole('button', { name: 'Show the Steps' }).click();
  await editor.page.locator('.view-lines', { hasText: 'The target is met as it is.' }).waitFor();
  const written = ['tuned.onnx', 'tuned.report.html', 'tuned-snippet/model.onnx'];
  expect(written.filter((name) => existsSync(join(editor.folder, name)))).toEqual(written);
});

step('a target out of reach is searched for until it is cancelled', 'palette-3-cancelled', async () => {
  await editor.openFile('old #1.onnx');
  await editor.runCommand('Opscope: Tune Model');
  await editor.quickInput.locator('input').first().fill('0.000001');
  await editor.page.keyboard.press('Enter');
  await editor.enterPath(join(editor.folder, 'never.onnx'));
  await editor.quickInput.getByText('Folder for deployment').waitFor();
  await editor.page.keyboard.press('Enter');
  await editor.view.locator('.job-bar').waitFor();
  expect(await palette('Profile Model')).toBe(0);
  await editor.runCommand('Opscope: Cancel');
  await editor.view.locator('.job-bar').waitFor({ state: 'detached' });
  expect(existsSync(join(editor.folder, 'never.onnx'))).toBe(false);
  expect(await palette('Profile Model')).toBe(1);
});

step('the palette prunes the model, as a version that can be undone', 'palette-4-pruned', async () => {
  await editor.runCommand('Opscope: Prune Model');
  await editor.choose('Single weights');
  await editor.quickInput.locator('input').first().fill('50');
  await editor.page.keyboard.press('Enter');
  await versions().getByText('Pruned').waitFor({ timeout: 60_000 });
  await editor.notification(/2 of 4\sweights are 0/).waitFor();
  await editor.runCommand('Undo');
  await versions().getByText('Pruned').waitFor({ state: 'detached' });
});
