import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { modelBytes } from '../../src/core/onnx/model-bytes.ts';
import { parseModel } from '../core/passes/graph-text.ts';
import { englishRuns } from '../webview/harness/english-runs.ts';
import { type Editor, startEditor } from './editor.ts';

// What VS Code itself says stays English here: a language pack is an extension of its own.

const old = `opset 11
in x float32 [1, 2, 4, 4]
const w float32 [2, 2, 1, 1] = 1 2 3 4
y = Conv(x, w)
unused = Relu(x)
out y float32 [1, 2, 4, 4]
`;

let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({
    files: {
      'model.onnx': { copyOf: join(root, 'samples/image-classifier/image-classifier.onnx') },
      'old.onnx': await modelBytes(parseModel(old)),
      'text.onnx': '{ "not": "a model" }',
    },
    theme: 'light',
    language: 'zh-cn',
    settings: { 'opscope.measure': false },
  });
});
afterAll(() => editor?.close());

const step = (name: string, picture: string, work: () => Promise<void>) =>
  test(name, async () => {
    onTestFailed(() => editor.takePicture(`failed-${picture}`));
    await work();
    await editor.takePicture(picture);
  });

const english = () => editor.view.locator('body').evaluate(englishRuns);

step('a command, its questions and its result are in Chinese', 'chinese-1-optimized', async () => {
  await editor.openFile('model.onnx');
  await editor.view.getByText('/stem/stem.0/Conv').first().waitFor();
  await editor.runCommand('Opscope: 优化模型');
  await editor.choose('优化模型');
  await editor.notification(/95 → 45 个节点，输出/).waitFor({ timeout: 120_000 });
});

test('no panel has a sentence in English', async () => {
  for (const panel of ['summary', 'node', 'profile', 'optimize', 'quantize', 'compare']) {
    await editor.view.locator(`#tab-${panel}`).click();
    await editor.view.locator(`#tab-${panel}[aria-selected=true]`).waitFor();
    expect({ panel, english: await english() }).toEqual({ panel, english: [] });
    await editor.takePicture(`chinese-2-${panel}`);
  }
});

step('problems are in Chinese where VS Code lists them', 'chinese-3-problems', async () => {
  await editor.openFile('old.onnx');
  await editor.runCommand('View: Focus Problems');
  const markers = editor.page.locator('.markers-panel');
  await markers.getByText('算子集版本 11 太旧，逐通道量化需要 13。').waitFor();
  await markers.getByText('没有输出需要 Relu。').waitFor();
});

step('why a file cannot be opened is in Chinese', 'chinese-4-unreadable', async () => {
  await editor.openFile('text.onnx');
  await editor.view
    .getByText(/不是 ONNX 模型：它看起来是 文本文件/)
    .first()
    .waitFor();
  expect(await english()).toEqual([]);
});
