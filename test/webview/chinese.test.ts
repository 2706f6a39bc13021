import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { panelNames } from '../../webview/state.ts';
import { englishRuns } from './harness/english-runs.ts';
import { browserPath, buildView, launchBrowser, type OpenView, openView } from './harness/view.ts';
import { startWorkerHost, type WorkerHost } from './harness/worker-host.ts';

if (!browserPath) console.warn('The Chinese view is not tested: set OPSCOPE_CHROMIUM to a Chromium or Chrome.');

describe.skipIf(!browserPath)('the view in Chinese (needs a Chromium)', () => {
  const texts: Record<string, string> = JSON.parse(readFileSync('l10n/bundle.l10n.zh-cn.json', 'utf8'));
  let browser: Browser;
  let host: WorkerHost;
  let opened: OpenView;

  beforeAll(async () => {
    host = await startWorkerHost('samples/image-classifier/image-classifier.onnx');
    browser = await launchBrowser();
    const bundle = await buildView();
    opened = await openView({ browser, bundle, host: host.handlers, theme: 'light', texts, width: 1280, height: 800 });
    host.attach(opened.view);
    await opened.page.waitForSelector('.data-row');
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    host?.stop();
  });

  const englishIn = () => opened.page.evaluate(englishRuns);

  test('says what the engine found, did and measured', { timeout: 300_000 }, async () => {
    const { page, view } = opened;
    const jobs = { profile: 'Profile', optimize: 'Optimize', quantize: 'Quantize', compare: 'Compare' };
    for (const [panel, button] of Object.entries(jobs) as [keyof typeof jobs, string][]) {
      await view.showPanel({ panel });
      await page.getByRole('button', { name: texts[button]!, exact: true }).click();
      await page.waitForSelector('.headline', { timeout: 120_000 });
      expect({ panel, english: await englishIn() }).toEqual({ panel, english: [] });
      await page.screenshot({ path: `test-results/chinese-${panel}-done.png` });
    }
    await page.locator('.data-row').nth(3).click();
    await view.showPanel({ panel: 'node' });
    await page.waitForSelector('.node-head');
    expect({ panel: 'node', english: await englishIn() }).toEqual({ panel: 'node', english: [] });
    await page.screenshot({ path: 'test-results/chinese-node-done.png' });
    for (const panel of panelNames) {
      await view.showPanel({ panel });
      expect({ panel, english: await englishIn() }).toEqual({ panel, english: [] });
    }
  });

  test('names its panels, and none shows a text that has a translation in English', async () => {
    const { page, view } = opened;
    expect(await page.getByRole('tab').allInnerTexts()).toEqual(['概览', '节点', '性能分析', '优化', '量化', '对比']);
    // A single word may as well be a name in the model; a sentence may not.
    const sentences = Object.keys(texts).filter((text) => /\w \w/.test(text) && !text.includes('{'));
    for (const panel of panelNames) {
      await view.showPanel({ panel });
      await page.waitForSelector(`#tab-${panel}[aria-selected=true]`);
      const shown = (await page.locator('body').innerText()).split('\n').map((line) => line.trim());
      expect({ panel, english: shown.filter((line) => sentences.includes(line)) }).toEqual({ panel, english: [] });
      expect(shown.filter((line) => /[\u4e00-\u9fff]/.test(line)).length).toBeGreaterThan(5);
      await page.screenshot({ path: `test-results/chinese-${panel}.png` });
    }
  });
});
