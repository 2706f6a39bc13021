import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeId } from '../../src/core/graph/model.ts';
import { boxOfNode } from '../../webview/graph/walk.ts';
import { panelNames } from '../../webview/state.ts';
import { browserPath, buildView, launchBrowser, type OpenView, openView } from './harness/view.ts';
import { startWorkerHost, type WorkerHost } from './harness/worker-host.ts';

if (!browserPath) console.warn('The view is not tested in a browser: set OPSCOPE_CHROMIUM to a Chromium or Chrome.');

/** Other tests run at the same time. */
const patient = { timeout: 20_000 };

describe.skipIf(!browserPath)('the view in a browser, over a real worker (needs a Chromium)', () => {
  let browser: Browser;
  let host: WorkerHost;
  let opened: OpenView;

  beforeAll(async () => {
    host = await startWorkerHost('samples/image-classifier/image-classifier.onnx');
    browser = await launchBrowser();
    opened = await openView({
      browser,
      bundle: await buildView(),
      host: host.handlers,
      theme: 'dark',
      width: 1280,
      height: 800,
    });
    host.attach(opened.view);
    await opened.page.waitForSelector('.data-row');
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    host?.stop();
  });

  test('a row of the table selects its node, and its weights show their statistics', async () => {
    const { page, view } = opened;
    await page.getByRole('row', { name: /stem\.0\/Conv/ }).click();
    await page.getByRole('heading', { name: 'Conv', exact: true }).waitFor();
    const { selected } = await view.probe(undefined);
    const row = await host.worker.nodeTable({ document: host.document, version: 0 });
    expect(row.name[row.id.indexOf(selected!)]).toBe('/stem/stem.0/Conv');
    await page
      .getByRole('img', { name: /^Values of/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Export as .npy…' }).first().click();
    await expect.poll(() => host.exportedTensors).toEqual([{ version: 0, node: selected, value: 'stem.0.weight' }]);
  });

  test('a double click on a row opens its node and selects no text', async () => {
    const { page, view } = opened;
    await page.locator('.data-row').nth(2).locator('td').nth(1).dblclick();
    expect(await page.evaluate(() => getSelection()?.toString())).toBe('');
    const { id } = await host.worker.nodeTable({ document: host.document, version: 0 });
    expect((await view.probe(undefined)).selected).toBe(id[2]);
  });

  test('the table shows what comes first when it is sorted, whatever is selected', async () => {
    const { page } = opened;
    const table = page.locator('.data-table');
    const scrolled = () => table.evaluate(({ scrollTop }) => scrollTop);
    await page.locator('.data-row').first().click();
    await page.keyboard.press('End');
    await expect.poll(scrolled).toBeGreaterThan(100);
    const head = table.getByRole('button', { name: /^Bytes moved/ });
    await head.click();
    await table.locator('th[aria-sort=descending]').waitFor();
    expect(await scrolled()).toBe(0);
    // The third press takes the order away again.
    await head.click();
    await head.click();
  });

  test('a node tells what it leaves out, and all values of its weights', async () => {
    const { page } = opened;
    await page.getByRole('row', { name: /stem\.0\/Conv/ }).click();
    await page.getByRole('heading', { name: 'Conv', exact: true }).waitFor();
    await page.getByText('NOTSET when left out').waitFor();
    expect(await page.locator('.slot').first().getAttribute('title')).toBe('May be float16, float32, float64');
    await page.getByText('All values').first().click();
    const values = page.getByRole('region', { name: 'Values of stem.0.weight' });
    await expect.poll(() => values.locator('li').first().textContent()).toMatch(/^\[0, 0, 0, 0\] -?\d/);
    const [first] = (await host.worker.tensorValues({
      document: host.document,
      version: 0,
      node: (await opened.view.probe(undefined)).selected!,
      value: 'stem.0.weight',
      offset: 0,
      count: 8,
    }))!;
    expect(await values.locator('li').first().textContent()).toBe(`[0, 0, 0, 0] ${first}`);
    await values.evaluate((list) => list.scrollTo(0, list.scrollHeight));
    await expect.poll(() => values.locator('li').last().textContent()).toMatch(/^\[\d+, 2, 2, 2\] -?\d/);
  });

  test('a group tells its sums, an input its type', async () => {
    const { page } = opened;
    const tree = page.getByRole('tree');
    await tree.focus();
    await page.keyboard.press('Home');
    await page.getByText('Input of the model').waitFor();
    await page.locator('.facts code', { hasText: 'float32' }).first().waitFor();
    while (!/^(frame|group)/.test((await tree.locator('[aria-selected=true]').textContent())!))
      await page.keyboard.press('ArrowDown');
    await page.getByText(/^Group of \d+ nodes$/).waitFor();
    await page.locator('.facts dt', { hasText: 'Multiply-accumulates' }).waitFor();
  });

  test('the keys of the help sheet do what it says', async () => {
    const { page, view } = opened;
    await page.locator('.top-bar').click({ position: { x: 4, y: 4 } });
    for (const [index, name] of panelNames.entries()) {
      await page.keyboard.press(String(index + 1));
      expect((await view.probe(undefined)).panel).toBe(name);
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    // No title stands alone at the foot of a column.
    const lefts = await page
      .locator('.help-groups section')
      .evaluateAll((sections) =>
        sections.map((section) =>
          ['h3', 'dt'].map((part) => section.querySelector(part)!.getBoundingClientRect().left),
        ),
      );
    for (const [title, first] of lefts) expect(title).toBe(first);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    await page.keyboard.type('op:Conv 1');
    // Digits typed into the box are text, not panels.
    expect(await page.getByRole('textbox', { name: 'Search nodes' }).inputValue()).toBe('op:Conv 1');
    expect((await view.probe(undefined)).panel).toBe('compare');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('textbox', { name: 'Search nodes' }).inputValue()).toBe('');
  });

  test('the overview can be taken away from over the boxes, and stays away', async () => {
    const { page } = opened;
    const overview = page.locator('.graph-minimap');
    await page.getByRole('button', { name: /^Zoom in/ }).dblclick();
    const place = (await overview.boundingBox())!;
    const below = () =>
      page.evaluate(([x, y]) => document.elementFromPoint(x, y)?.className, [
        place.x + place.width / 2,
        place.y + place.height / 2,
      ] as const);
    expect(await below()).toBe('graph-minimap');
    await page.keyboard.press('o');
    await overview.waitFor({ state: 'detached' });
    expect(await below()).not.toBe('graph-minimap');
    await expect.poll(() => host.viewState()?.overviewShown).toBe(false);
    await page.getByRole('button', { name: /^Show the overview/ }).click();
    await overview.waitFor();
  });

  test('a sweep tells a list that is none, and shows every combination with its interval', {
    timeout: 60_000,
  }, async () => {
    const { page } = opened;
    await page.click('#tab-profile');
    await page.getByText('Sweep settings').click();
    const threads = page.getByRole('textbox', { name: 'Threads to try' });
    await threads.fill('1, many');
    await threads.press('Enter');
    await page.getByText('Threads: type whole numbers with commas between.').waitFor();
    await threads.fill('1, 2');
    await threads.press('Enter');
    await page.getByRole('textbox', { name: 'Sizes of batch to try' }).fill('1, 4');
    await page.getByRole('textbox', { name: 'Sizes of batch to try' }).press('Enter');
    await page.getByRole('button', { name: 'Sweep', exact: true }).click();
    for (const size of [1, 4]) {
      const chart = page.getByRole('figure', { name: `Latency by settings, batch ${size}` });
      await chart.waitFor({ timeout: 50_000 });
      expect((await chart.locator('.estimate-name').allTextContents()).map((name) => name.replace(/\s/g, ' '))).toEqual(
        ['1 thread', '2 threads'],
      );
    }
    await page.getByRole('button', { name: 'Sweep Again' }).waitFor();
  });

  test('a choice in a part that is unfolded late shows what is chosen', async () => {
    const { page } = opened;
    for (const panel of ['optimize', 'quantize']) {
      await page.click(`#tab-${panel}`);
      await page.getByText('Input and run settings').click();
      await page.locator('vscode-single-select[label="Execution provider"] .text', { hasText: 'CPU' }).waitFor();
    }
  });

  test('a node that a closed group hides, and one that is a line in a box, come into the window', async () => {
    const { page, view } = opened;
    await page.locator('.top-bar').click({ position: { x: 4, y: 4 } });
    const table = await host.worker.nodeTable({ document: host.document, version: 0 });
    for (const opType of ['Conv', 'Constant']) {
      // Opens all groups, then closes them; each is waited for, since a scene that is late moves the camera again.
      const boxes = async () => (await view.probe(undefined)).boxes;
      await page.keyboard.press('e');
      await expect.poll(boxes, patient).toBeGreaterThan(20);
      await page.keyboard.press('e');
      await expect.poll(boxes, patient).toBeLessThan(20);
      const node = table.id[table.opType.lastIndexOf(opType)]!;
      await view.reveal({ node: node as NodeId });
      const distance = async () => {
        const { open, camera } = host.viewState()!;
        const scene = await host.worker.scene({ document: host.document, version: 0, open, asRun: false });
        const box = boxOfNode(scene, node);
        expect(scene.nodes.kind[box]).toBe('node');
        return Math.abs(scene.nodes.y[box]! - camera!.y) * camera!.zoom;
      };
      await expect.poll(() => distance().catch(() => Number.NaN), patient).toBeLessThan(250);
    }
    await page.keyboard.press('e');
  });

  test('pictures: the whole as SVG and PNG, and what is in the window as PNG', async () => {
    const { page } = opened;
    for (const name of ['Save as SVG…', 'Save as PNG…', 'Save what is in the window as PNG…']) {
      await page.locator('.top-bar').click({ position: { x: 4, y: 4 } });
      await page.keyboard.press('s');
      await page.getByRole('button', { name }).click();
    }
    await expect.poll(() => host.savedFiles.length, patient).toBe(3);
    const [svg, whole, part] = host.savedFiles.map(({ content }) => content);
    expect(svg).toMatch(/^<svg .*>Conv<.*<\/svg>$/s);
    const sizeOf = (png: unknown) => {
      const bytes = Buffer.from(png as Uint8Array);
      expect(bytes.subarray(1, 4).toString()).toBe('PNG');
      return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
    };
    const [, tall] = sizeOf(whole);
    const canvas = await page
      .locator('canvas[role=application]')
      .evaluate(({ clientWidth, clientHeight }) => [clientWidth, clientHeight]);
    expect(tall).toBeGreaterThan(canvas[1]! * 2);
    expect(sizeOf(part)[0]).toBe(canvas[0]! * 2);
  });

  test('no panel is wider than its place, however narrow that is', async () => {
    const { page } = opened;
    const separator = page.getByRole('separator', { name: 'Width of the side panel' });
    for (let press = 0; press < 12; press++) await separator.press('ArrowRight');
    expect(await separator.getAttribute('aria-valuenow')).toBe('260');
    for (const name of panelNames) {
      await page.click(`#tab-${name}`);
      const [content, place] = await page.locator('#panel').evaluate((panel) => [panel.scrollWidth, panel.clientWidth]);
      expect(content, name).toBeLessThanOrEqual(place!);
    }
  });

  test('beside another editor the bar stays one line', async () => {
    const { page } = opened;
    const size = page.viewportSize()!;
    await page.setViewportSize({ width: 520, height: 800 });
    const middles = await page.locator('.top-bar > *:not(.unseen)').evaluateAll((parts) =>
      parts.map((part) => {
        const { top, bottom } = part.getBoundingClientRect();
        return (top + bottom) / 2;
      }),
    );
    expect(Math.max(...middles) - Math.min(...middles)).toBeLessThan(4);
    await page.setViewportSize(size);
  });

  test('nothing was written to the console as an error', () => {
    expect(opened.errors).toEqual([]);
  });
});
