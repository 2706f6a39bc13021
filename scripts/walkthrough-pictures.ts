// Takes the pictures of the walkthrough: the view over a real worker, on the sample. `node scripts/walkthrough-pictures.ts`
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { buildView, launchBrowser, openView } from '../test/webview/harness/view.ts';
import { startWorkerHost } from '../test/webview/harness/worker-host.ts';
import { root } from './processes.ts';

const folder = join(root, 'media/walkthrough');
const sample = 'samples/image-classifier/image-classifier.onnx';
const calibration = join(root, 'samples/image-classifier/calibration.npz');

/** What leads to each picture, in order. */
const steps: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  open: async (page) => {
    await page.waitForSelector('.data-row');
  },
  profile: async (page) => {
    await page.click('#tab-profile');
    await page.getByRole('button', { name: 'Profile', exact: true }).click();
    await page.getByRole('heading', { name: 'Where the time goes' }).waitFor({ timeout: 120_000 });
  },
  optimize: async (page) => {
    await page.click('#tab-optimize');
    await page.getByRole('button', { name: 'Optimize', exact: true }).click();
    await page.getByRole('navigation', { name: 'Versions' }).getByText('Simplified').waitFor({ timeout: 120_000 });
  },
  quantize: async (page) => {
    await page.click('#tab-quantize');
    await page.getByRole('combobox', { name: 'Scheme' }).click();
    await page
      .getByRole('option', { name: /Static/ })
      .first()
      .click();
    await page.getByRole('textbox', { name: 'Calibration data' }).fill(calibration);
    await page.getByRole('textbox', { name: 'Calibration data' }).press('Enter');
    await page.getByRole('button', { name: 'Quantize', exact: true }).click();
    await page.getByRole('navigation', { name: 'Versions' }).getByText(/int8/i).first().waitFor({ timeout: 120_000 });
  },
  compare: async (page) => {
    await page.click('#tab-compare');
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.getByRole('heading', { name: 'Outputs' }).waitFor({ timeout: 120_000 });
  },
  export: async (page) => {
    await page.click('#tab-summary');
  },
};

mkdirSync(folder, { recursive: true });
const browser = await launchBrowser();
try {
  const bundle = await buildView();
  for (const theme of ['light', 'dark'] as const) {
    const host = await startWorkerHost(sample);
    const { page, view } = await openView({ browser, bundle, host: host.handlers, theme, width: 1100, height: 720 });
    host.attach(view);
    for (const [name, lead] of Object.entries(steps)) {
      await lead(page);
      await page.mouse.move(5, 400);
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
    }
    host.stop();
  }
} finally {
  await browser.close();
}
