import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { runCli } from '../cli/run-cli.ts';
import { type Editor, extensionsFolder, startEditor } from './editor.ts';

// What an assistant in VS Code gets to use: each tool through vscode.lm.invokeTool, beside the command line's figures.

const source = join(root, 'samples/image-classifier/image-classifier.onnx');
const extensions = mkdtempSync(join(tmpdir(), 'opscope-extensions-'));
let editor: Editor;

interface Answer {
  readonly name: string;
  readonly answer?: Record<string, unknown>;
  readonly error?: string;
}

beforeAll(async () => {
  const opscope = readdirSync(extensionsFolder).find((name) => name.startsWith('opscope.opscope-'))!;
  symlinkSync(join(extensionsFolder, opscope), join(extensions, opscope), 'junction');
  symlinkSync(join(root, 'test/e2e/tool-caller'), join(extensions, 'opscope.tool-caller'), 'junction');
  editor = await startEditor({ files: { 'model.onnx': { copyOf: source } }, extensions });
});
afterAll(async () => {
  await editor?.close();
  rmSync(extensions, { recursive: true });
});

async function callTools(calls: readonly { name: string; input: object }[]): Promise<readonly Answer[]> {
  const answers = join(editor.folder, 'answers.json');
  rmSync(answers, { force: true });
  writeFileSync(join(editor.folder, 'calls.json'), JSON.stringify(calls));
  await editor.runCommand('Call Tools');
  await confirmUntil(() => existsSync(answers));
  return JSON.parse(readFileSync(answers, 'utf8'));
}

/** Tools that write ask first. */
async function confirmUntil(done: () => boolean): Promise<void> {
  const yes = editor.page
    .locator('.monaco-dialog-box')
    .getByRole('button', { name: /^(Yes|OK|Continue)/ })
    .first();
  while (!done()) {
    if (await yes.isVisible()) await yes.click();
    await editor.page.waitForTimeout(200);
  }
}

test('every tool answers as the command line does', async () => {
  onTestFailed(() => editor.takePicture('failed-tools'));
  const model = 'model.onnx';
  const answers = await callTools([
    { name: 'opscope_inspect', input: { model } },
    { name: 'opscope_find_nodes', input: { model, query: 'op:Conv', limit: 1 } },
    { name: 'opscope_profile', input: { model, timeLimit: 4 } },
    { name: 'opscope_optimize', input: { model, output: 'small.onnx' } },
    { name: 'opscope_compare', input: { a: model, b: 'small.onnx', timeLimit: 5 } },
    { name: 'opscope_quantize', input: { model, output: 'int8.onnx', scheme: 'int8-weights', measure: false } },
    { name: 'opscope_inspect', input: { model: 'nowhere.onnx' } },
  ]);
  const of = (name: string) => answers.find((each) => each.name === name)?.answer;
  expect(answers.slice(0, 6).filter(({ error }) => error)).toEqual([]);
  const path = join(editor.folder, model);
  const inspected = JSON.parse((await runCli('inspect', path, '--json')).stdout);
  expect(of('opscope_inspect')).toMatchObject({
    nodes: inspected.nodes,
    operators: inspected.operators,
    macs: inspected.macs,
  });
  expect(of('opscope_find_nodes')).toMatchObject({ matches: inspected.operators.Conv });
  expect(of('opscope_profile')).toMatchObject({ latency: { medianMs: expect.any(Number) } });
  const again = join(editor.folder, 'again.onnx');
  const optimized = JSON.parse((await runCli('optimize', path, '-o', again, '--json')).stdout);
  expect(of('opscope_optimize')).toMatchObject({
    nodes: [optimized.before.nodes, optimized.after.nodes],
    verdict: optimized.verdict.status,
  });
  expect(readFileSync(join(editor.folder, 'small.onnx')).equals(readFileSync(again))).toBe(true);
  expect(of('opscope_compare')).toMatchObject({ nodes: [optimized.before.nodes, optimized.after.nodes] });
  const int8 = join(editor.folder, 'int8-again.onnx');
  const scheme = ['--scheme', 'int8-weights', '--no-measure', '--json'];
  const quantized = JSON.parse((await runCli('quantize', path, '-o', int8, ...scheme)).stdout);
  expect(of('opscope_quantize')).toMatchObject({ scheme: quantized.scheme, sqnrDb: quantized.sqnrDb });
  expect(answers.at(-1)!.error).toMatch(/There is no file/);
});
