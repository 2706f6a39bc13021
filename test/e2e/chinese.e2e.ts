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

/** Three English words in a row, once names are gone. */
const isEnglish = (text: string) =>
  /(?:\b[A-Za-z’']{2,}[,;:]? ){2}[a-z]{2,}/.test(text.replaceAll(/ONNX Runtime|Hugging Face|[\w/-]+\.onnx/g, '§'));
const isChinese = (text: string) => /[\u4e00-\u9fff]/.test(text);
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

/** What the status bar says of a job, from now on. */
async function watchStatusBar() {
  await editor.page.evaluate(() => {
    const seen = new Set<string>();
    Object.assign(globalThis, { seenInStatusBar: seen });
    const note = () => {
      for (const item of document.querySelectorAll('.statusbar-item')) {
        if (item.textContent?.includes('old.onnx')) seen.add(item.textContent);
      }
    };
    const bar = document.querySelector('.part.statusbar')!;
    new MutationObserver(note).observe(bar, { subtree: true, childList: true, characterData: true });
  });
  return () =>
    editor.page.evaluate(() => [...(globalThis as unknown as { seenInStatusBar: Set<string> }).seenInStatusBar]);
}

step('the status bar tells of a job in Chinese', 'chinese-5-status-bar', async () => {
  await editor.openFile('old.onnx');
  const seen = await watchStatusBar();
  await editor.runCommand('Opscope: 分析模型性能');
  await editor.choose('分析模型性能');
  await expect.poll(async () => (await seen()).length, { timeout: 60_000 }).toBeGreaterThan(2);
  await editor.view.locator('.bars li').first().waitFor({ timeout: 60_000 });
  const texts = await seen();
  expect(texts.filter(isEnglish)).toEqual([]);
  expect(texts.filter(isChinese).length).toBeGreaterThan(0);
});

step('the views are in Chinese', 'chinese-6-views', async () => {
  await editor.runCommand('View: Show Opscope');
  const view = editor.page.locator('.part.sidebar');
  await view
    .getByText(/opset 11/)
    .first()
    .waitFor();
  const titles = await view.locator('.pane-header .title').allTextContents();
  expect(titles.length).toBe(3);
  expect(titles.filter((title) => !isChinese(title))).toEqual([]);
  expect((await view.locator('.monaco-list-row').allTextContents()).filter(isEnglish)).toEqual([]);
});

step('what commands ask is in Chinese', 'chinese-7-questions', async () => {
  for (const command of ['导出模型', '量化模型', '修复问题']) {
    await editor.runCommand(`Opscope: ${command}`);
    const rows = editor.quickInput.locator('.monaco-list-row:visible');
    await rows.first().waitFor();
    const asked = [await editor.quickInput.locator('.quick-input-title').innerText(), ...(await rows.allInnerTexts())];
    expect({ command, english: asked.filter(isEnglish) }).toEqual({ command, english: [] });
    expect(asked.filter(isChinese).length, command).toBeGreaterThan(1);
    await editor.page.keyboard.press('Escape');
  }
});

step('the walkthrough is in Chinese', 'chinese-8-walkthrough', async () => {
  await editor.runCommand('Welcome: Open Walkthrough...');
  await editor.choose('让模型更快');
  const page = editor.page.locator('.gettingStartedContainer');
  const texts = page.locator('h2.category-title, .getting-started-step :is(h3, .step-description-container)');
  await texts.first().waitFor();
  const own = (await texts.allInnerTexts()).filter(Boolean);
  expect(own.length).toBeGreaterThanOrEqual(6);
  expect(own.filter((text) => !isChinese(text))).toEqual([]);
  expect(own.filter(isEnglish)).toEqual([]);
});
