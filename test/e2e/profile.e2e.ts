import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { type Editor, startEditor } from './editor.ts';

// What a profile shows beside its figures, in order: each test goes on where the one before it ended.

const sample = join(root, 'samples/image-classifier/image-classifier.onnx');
let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({ files: { 'model.onnx': { copyOf: sample } }, settings: { 'opscope.timeLimit': 3 } });
});
afterAll(() => editor?.close());

const step = (name: string, picture: string, work: () => Promise<void>) =>
  test(name, async () => {
    onTestFailed(() => editor.takePicture(`failed-${picture}`));
    await work();
    await editor.takePicture(picture);
  });

const panel = () => editor.view.getByRole('tabpanel');
const tree = () => editor.view.getByRole('tree', { name: /boxes/ });
const selectedBox = () => tree().locator('[role=treeitem][aria-selected=true]');

step('a timeline of one run and the kernels under the ceilings are drawn', 'profile-1-charts', async () => {
  await editor.openFile('model.onnx');
  await editor.view.getByRole('grid', { name: 'Operators' }).getByText('/stem/stem.0/Conv').waitFor();
  await editor.runCommand('Opscope: Profile Model');
  await editor.choose('Profile Model');
  await panel().getByRole('heading', { name: 'What limits it' }).waitFor({ timeout: 120_000 });
  expect(await panel().locator('.roofline circle.kernel').count()).toBeGreaterThan(3);
  expect(await panel().locator('.roofline path.roof').count()).toBe(1);
  await panel()
    .getByText(/allocated at most/)
    .waitFor();
  await panel().locator('summary', { hasText: 'Timeline of one run' }).click();
  const timeline = panel().getByRole('img', { name: 'One run over time' });
  await timeline.waitFor();
  expect(await timeline.locator('g').count()).toBeGreaterThan(10);
});

step('the selection follows from the model’s graph into the one that ran, and back', 'profile-2-as-run', async () => {
  const show = (graph: string) =>
    editor.view.getByRole('radiogroup', { name: 'Graph' }).getByText(graph, { exact: true }).click();
  await editor.view.getByRole('grid', { name: 'Operators' }).getByText('/stem/stem.0/Conv').click();
  await expect.poll(() => selectedBox().textContent()).toMatch(/^Conv\b/);
  const mine = await selectedBox().textContent();
  await show('As run');
  // The same weights, with room up to whole blocks of 8 or 16 channels; what became part of it is drawn with it.
  await expect.poll(() => selectedBox().textContent()).toMatch(/^group Conv, 3×3, W (?:24|32)×3×3×3\b/);
  await show('Mine');
  await expect.poll(() => selectedBox().textContent()).toBe(mine);
});

step('Export Runs and Export Trace write files', 'profile-3-exports', async () => {
  const save = async (button: string, name: string) => {
    const path = join(editor.folder, name);
    await editor.view.getByRole('tab', { name: 'Profile' }).click();
    await panel().getByRole('button', { name: button }).click();
    await editor.enterPath(path);
    await expect.poll(() => existsSync(path) && readFileSync(path, 'utf8').length, { timeout: 20_000 }).toBeTruthy();
    return readFileSync(path, 'utf8');
  };
  const rows = (await save('Export Runs', 'runs.csv')).trim().split('\n').slice(1);
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) expect(Number(row.split(',').at(-1))).toBeGreaterThan(0);
  const { traceEvents } = JSON.parse(await save('Export Trace', 'run.trace.json'));
  expect(traceEvents.filter(({ ph }: { ph: string }) => ph === 'X').length).toBeGreaterThan(10);
});
