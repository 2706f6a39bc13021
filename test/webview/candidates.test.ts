import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeId } from '../../src/core/graph/model.ts';
import { browserPath, buildView, launchBrowser, type OpenView, openView } from './harness/view.ts';
import { startWorkerHost, type WorkerHost } from './harness/worker-host.ts';

const call = { signal: new AbortController().signal, progress: () => {} };

describe.skipIf(!browserPath)('what a search tried, in a browser over a real worker (needs a Chromium)', () => {
  let browser: Browser;
  let host: WorkerHost;
  let opened: OpenView;

  beforeAll(async () => {
    host = await startWorkerHost('samples/image-classifier/image-classifier.onnx');
    browser = await launchBrowser();
    const bundle = await buildView();
    opened = await openView({ browser, bundle, host: host.handlers, theme: 'dark', width: 1280, height: 1400 });
    host.attach(opened.view);
    await opened.page.waitForSelector('.data-row');
    // Few rounds: what counts here is that there are figures, on a busy machine too.
    await host.handlers.setSettings({ ...host.state().settings, threads: 1, timeLimit: 1 }, call);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    host?.stop();
  });

  test('a budget that nothing keeps makes no version, and lists what was tried', { timeout: 90_000 }, async () => {
    const { page } = opened;
    await page.click('#tab-quantize');
    await page.locator('vscode-single-select[label="Scheme"]').click();
    await page.getByRole('option', { name: /Find the best/ }).click();
    const least = page.getByRole('textbox', { name: 'Least signal to noise, dB' });
    await least.fill('500');
    await least.press('Enter');
    await page.getByRole('button', { name: 'Quantize', exact: true }).click();
    await page.getByText('What was tried').waitFor({ timeout: 80_000 });
    expect(host.state().versions).toHaveLength(1);
    await page.getByText(/Keep fp32: nothing that was tried stays within the budget/).waitFor();
    await page.getByText('beyond the budget').first().waitFor();
  });

  test('its row, and its point in the chart, open a candidate as a version', { timeout: 60_000 }, async () => {
    const { page } = opened;
    await page.getByRole('button', { name: 'Open int8-weights as a version' }).click();
    await expect.poll(() => host.state().versions.length).toBe(2);
    expect(host.state()).toMatchObject({ current: 1, reports: { 1: { quantize: { scheme: 'int8-weights' } } } });
    await page.locator('.scatter .opens').first().locator('circle').click();
    await expect.poll(() => host.state().versions.length).toBe(3);
    const { versions } = host.state();
    expect(versions[2]).toMatchObject({ kind: 'quantized', parent: 0 });
    expect(opened.errors).toEqual([]);
  });

  test('one button keeps a node float and quantizes again as the version on view was', {
    timeout: 60_000,
  }, async () => {
    const { page } = opened;
    const { worker, document } = host;
    const settings = host.state().settings;
    const request = { version: 0, settings, scheme: 'static-int8', perChannel: false, randomCalibration: true };
    await host.handlers.quantize({ ...request, exclude: [], verify: true, measure: false }, call);
    const table = await worker.nodeTable({ document, version: 3 });
    const node = table.id[table.opType.indexOf('Conv')] as NodeId;
    await opened.view.reveal({ node });
    await page.click('#tab-node');
    await page.getByRole('button', { name: 'Keep float and quantize again' }).click();
    await expect.poll(() => host.state().versions.length, { timeout: 40_000 }).toBe(5);
    const { reports, versions } = host.state();
    expect(versions[4]).toMatchObject({ parent: 0, kind: 'quantized' });
    const [before, after] = [reports[3]!.quantize!, reports[4]!.quantize!];
    expect(after.options).toMatchObject({ perChannel: false, randomCalibration: true });
    expect(after.quantized.nodes).toBeLessThan(before.quantized.nodes);
    expect(after.kept.map(({ reason }) => reason)).toContain('kept float on request');
  });

  test('what speaks against a scheme stands before the button, and errors at nodes stand in the result, worst first', {
    timeout: 60_000,
  }, async () => {
    const { page } = opened;
    const { worker, document } = host;
    await page.click('#tab-quantize');
    const rows = page.locator('.virtual-list[aria-label="Errors at nodes, worst first"] li');
    const decibels = async () => {
      const texts = await rows.allTextContents();
      return texts.map((text) => Number(/(-?[\d.]+)\sdB, cosine/.exec(text)?.[1]));
    };
    await rows.first().waitFor();
    const found = await decibels();
    expect(found.length).toBeGreaterThan(3);
    expect(found).toEqual(found.toSorted((a, b) => a - b));
    await page
      .getByText(/^\d+ runs? on made-up inputs$/)
      .first()
      .waitFor();
    const [said] = await worker.quantizeAdvice({ document, version: 0, scheme: 'fp16', provider: 'cpu' });
    await host.handlers.showVersion({ version: 0 }, call);
    await page.getByText('Quantize again', { exact: true }).click();
    await page.locator('vscode-single-select[label="Scheme"]').click();
    await page.getByRole('option', { name: /^fp16/ }).click();
    await page.getByText(said!).waitFor();
    expect(opened.errors).toEqual([]);
  });
});
