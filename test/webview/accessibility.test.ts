import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { panelNames } from '../../webview/state.ts';
import type { ThemeName } from './harness/themes.ts';
import { browserPath, buildView, launchBrowser, type OpenView, openView } from './harness/view.ts';
import { startWorkerHost, type WorkerHost } from './harness/worker-host.ts';

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

interface Axe {
  run(context: Document, options: object): Promise<Readonly<Record<'passes' | 'violations', readonly Finding[]>>>;
}

/** What axe finds on the page that shuts somebody out: its two upper levels, each with the element that has it. */
async function seriousFindings({ page }: OpenView): Promise<readonly string[]> {
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { readonly axe: Axe };
    const { passes, violations } = await axe.run(document, { resultTypes: ['violations'] });
    if (!passes.some(({ id }) => id === 'color-contrast')) throw new Error('No contrast was measured.');
    return violations;
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary ?? ''}`));
}

describe.skipIf(!browserPath)('the view, audited by axe (needs a Chromium)', () => {
  let browser: Browser;
  let bundle: Awaited<ReturnType<typeof buildView>>;
  let host: WorkerHost;
  let axe: string;

  beforeAll(async () => {
    host = await startWorkerHost('samples/image-classifier/image-classifier.onnx');
    browser = await launchBrowser();
    bundle = await buildView();
    axe = await readFile('node_modules/axe-core/axe.min.js', 'utf8');
    // With results, so that the panels show all they can.
    const { settings } = host.state();
    const asked = { version: 0, settings };
    const context = { signal: new AbortController().signal, progress: () => {} };
    await host.handlers.profile({ ...asked, runs: 3, warmup: 1, level: 'all' }, context);
    await host.handlers.optimize({ ...asked, preset: 'default', verify: true, measure: false }, context);
    await host.handlers.profile({ ...asked, version: 1, runs: 3, warmup: 1, level: 'all' }, context);
    await host.handlers.compare({ a: { version: 0 }, b: { version: 1 }, settings, measure: false }, context);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    host?.stop();
  });

  const theme = (name: ThemeName) =>
    test(`${name}: no panel has a serious finding`, { timeout: 120_000 }, async () => {
      const opened = await openView({ browser, bundle, host: host.handlers, theme: name, width: 1280, height: 800 });
      const { page } = opened;
      await page.addScriptTag({ content: axe });
      await page.getByRole('row', { name: /stem\.0\/Conv/ }).click();
      for (const panel of panelNames) {
        await page.locator(`#tab-${panel}`).click();
        expect(await seriousFindings(opened), panel).toEqual([]);
      }
      await page.keyboard.press('?');
      expect(await seriousFindings(opened), 'keys').toEqual([]);
      await page.close();
    });

  test('an audit finds what is wrong', async () => {
    const opened = await openView({ browser, bundle, host: host.handlers, theme: 'dark', width: 1280, height: 800 });
    await opened.page.addScriptTag({ content: axe });
    await opened.page.locator('#panel').evaluate((panel) => {
      panel.append(document.createElement('button'));
    });
    expect(await seriousFindings(opened)).toEqual([expect.stringMatching(/^button-name/)]);
    await opened.page.close();
  });

  theme('light');
  theme('dark');
  theme('high-contrast');
});
