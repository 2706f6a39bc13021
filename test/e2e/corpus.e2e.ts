import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { corpusModel, corpusPresent } from '../corpus.ts';
import { type Editor, startEditor } from './editor.ts';
import { largestDifference } from './run-model.ts';

/** Models of others: one with unnamed nodes and weights as inputs, one with two symbols, one with branches and a state. */
const models: readonly { readonly path: string; readonly dims: Readonly<Record<string, number>> }[] = [
  { path: 'version-RFB-320.onnx', dims: {} },
  { path: 'standard_v3_3/model.onnx', dims: {} },
  { path: 'silero_vad/data/silero_vad.onnx', dims: { 'input[1]': 576, 'state[1]': 1 } },
];

describe.skipIf(!corpusPresent)('models of the corpus (needs OPSCOPE_CORPUS)', () => {
  let editor: Editor;
  const nameOf = (path: string) => basename(path);

  beforeAll(async () => {
    editor = await startEditor({
      files: Object.fromEntries(models.map(({ path }) => [nameOf(path), { copyOf: corpusModel(path) }])),
      settings: { 'opscope.measure': false, 'opscope.timeLimit': 20 },
    });
  });
  afterAll(() => editor?.close());

  test.each(models)('$path is drawn, profiled, optimized and exported', async ({ path, dims }) => {
    const name = nameOf(path);
    onTestFailed(() => editor.takePicture(`failed-corpus-${name}`));
    const panel = editor.view.getByRole('tabpanel');
    await editor.openFile(name);
    await editor.view.getByRole('treeitem').nth(3).waitFor({ state: 'attached' });
    await editor.runCommand('Opscope: Profile Model');
    for (const [dim, size] of Object.entries(dims)) {
      await editor.choose(`${dim} = `);
      await editor.quickInput.locator('input').first().fill(String(size));
      await editor.page.keyboard.press('Enter');
    }
    await editor.choose('Profile Model');
    await panel.getByText('a run', { exact: false }).first().waitFor({ timeout: 60_000 });
    await editor.takePicture(`corpus-${name}-1-profile`);
    await editor.runCommand('Opscope: Optimize Model');
    await panel.locator('.headline.sentence', { hasText: /nodes,\soutputs\sequal/ }).waitFor({ timeout: 60_000 });
    await editor.takePicture(`corpus-${name}-2-optimize`);
    await editor.runCommand('Opscope: Export Model');
    await editor.choose('ONNX file');
    const exported = join(editor.folder, `exported-${name}`);
    await editor.enterPath(exported);
    await editor.notification(/Exported/).waitFor();
    expect(await largestDifference(join(editor.folder, name), exported, dims)).toBeLessThan(1e-3);
    await editor.runCommand('Notifications: Clear All Notifications');
    await editor.runCommand('View: Revert and Close Editor');
  });
});
