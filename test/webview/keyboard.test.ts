import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, buildView, launchBrowser, type OpenView, openView } from './harness/view.ts';
import { startWorkerHost, type WorkerHost } from './harness/worker-host.ts';

const jobTimeout = 120_000;

// The main job by keys alone, in order: each test goes on where the one before it ended. Nothing is clicked.
describe.skipIf(!browserPath)('the view by keys alone (needs a Chromium)', () => {
  let browser: Browser;
  let host: WorkerHost;
  let opened: OpenView;

  beforeAll(async () => {
    host = await startWorkerHost('samples/image-classifier/image-classifier.onnx');
    browser = await launchBrowser();
    const bundle = await buildView();
    opened = await openView({ browser, bundle, host: host.handlers, theme: 'light', width: 1280, height: 800 });
    host.attach(opened.view);
    await opened.page.waitForSelector('.data-row');
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    host?.stop();
  });

  const press = async (...keys: readonly string[]) => {
    for (const key of keys) await opened.page.keyboard.press(key);
  };

  /** What has the focus, as a screen reader names it, and whether one sees that it has. */
  const focused = () =>
    opened.page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const name = element.getAttribute('aria-label') ?? element.textContent?.trim() ?? '';
      return { name, outlined: outlineStyle !== 'none' && outlineWidth !== '0px', isTab: element.role === 'tab' };
    });

  /** Goes on to the next stop whose name begins so, over stops that all show their focus. */
  const tabTo = async (name: RegExp) => {
    const passed: string[] = [];
    for (let stop = 0; stop < 80; stop++) {
      await press('Tab');
      const at = await focused();
      passed.push(at.name);
      if (name.test(at.name) && !at.isTab)
        return expect(at.outlined, `The focus on “${at.name}” is not seen.`).toBe(true);
    }
    throw new Error(`No stop is named ${name}: ${passed.join(' · ')}`);
  };

  /** What the view says aloud of the selection. */
  const said = () => opened.page.locator('.unseen [aria-live]').first().textContent();

  /** What is said is drawn, too, and keys go by what is drawn. */
  const drawn = () =>
    opened.page.evaluate(
      () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
    );

  test('arrows walk the graph, Enter opens a group, Escape leaves it', async () => {
    await tabTo(/^Graph of /);
    await press('ArrowDown');
    await expect.poll(said).toMatch(/^Selected: input image/);
    await press('ArrowDown');
    await expect.poll(said).toMatch(/^Selected: Sub/);
    await press('ArrowDown', 'ArrowDown');
    await expect.poll(said).toMatch(/^Selected: frame stem/);
    await press('Enter');
    await expect.poll(said).toMatch(/^Selected: group stem/);
    await drawn();
    await press('Enter');
    await expect.poll(said).toMatch(/^Selected: frame stem/);
    await drawn();
    await press('ArrowDown');
    await expect.poll(said).toMatch(/^Selected: Conv/);
    const path = opened.page.getByRole('navigation', { name: 'Groups around the selection' });
    expect(await path.getByRole('button').allTextContents()).toEqual(['stem', 'Conv']);
    await press('Escape');
    await expect.poll(said).toMatch(/^Selected: frame stem/);
    // In at its upper edge, out at its lower one.
    await press('ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown');
    await expect.poll(said).toMatch(/^Selected: frame blocks/);
    await press('ArrowUp', 'Escape');
    await expect.poll(said).toBe('');
  });

  test('Shift with an arrow follows a value, Enter jumps to its other end', async () => {
    await press('ArrowDown', 'ArrowDown');
    await expect.poll(said).toMatch(/^Selected: Sub/);
    await press('Shift+ArrowRight');
    await expect.poll(said).toMatch(/Follows image .*, from image to Sub$/);
    await press('Shift+ArrowLeft');
    await expect.poll(said).toMatch(/from Sub to Div$/);
    await drawn();
    await press('Enter');
    await expect.poll(said).toMatch(/^Selected: Div/);
    await press('Escape', 'Escape');
    await expect.poll(said).toBe('');
  });

  test('the boxes are a tree that has keys of its own', async () => {
    await tabTo(/, \d+ boxes$/);
    const item = () => opened.page.locator('[role=treeitem][aria-selected=true]');
    await press('Home');
    await expect.poll(() => item().getAttribute('aria-posinset')).toBe('1');
    while (!/^frame stem/.test((await item().textContent())!)) await press('ArrowDown');
    expect(await item().getAttribute('aria-level')).toBe('1');
    await press('ArrowRight');
    await expect.poll(() => item().getAttribute('aria-level')).toBe('2');
    await press('ArrowLeft');
    await expect.poll(() => item().textContent()).toMatch(/^frame stem/);
    await press('ArrowLeft');
    await expect.poll(() => item().getAttribute('aria-expanded')).toBe('false');
    await press('ArrowRight');
    await expect.poll(() => item().getAttribute('aria-expanded')).toBe('true');
    await press('Shift+Tab');
    await expect.poll(async () => (await focused()).name).toMatch(/^Graph of /);
  });

  test('a letter marks what feeds a node, and the path between two', async () => {
    const { page } = opened;
    const hits = () => page.locator('#search-count').textContent();
    await press('/');
    await page.keyboard.type('op:Gemm');
    await expect.poll(hits).toBe('1');
    await press('Enter');
    await expect.poll(said).toMatch(/^Selected: Gemm/);
    await press('Escape', 'Escape', 'u');
    await page.locator('.chip', { hasText: 'Feeds Gemm' }).waitFor();
    await press('p', ']', 'p');
    await page.locator('.chip', { hasText: /^Path from \w+ to Gemm/ }).waitFor();
    const count = Number(await hits());
    for (let step = 0; step < count; step++) await press(']');
    await expect.poll(said).toMatch(/^Selected: Gemm/);
    await press('/', 'Escape', 'Escape', 'Escape');
  });

  test('search, hits and the node', async () => {
    await press('/');
    await opened.page.keyboard.type('op:Gemm');
    await expect.poll(() => opened.page.locator('#search-count').textContent()).toBe('1');
    await press('Enter');
    await expect.poll(said).toMatch(/^Selected: Gemm/);
    await opened.page.getByRole('heading', { name: 'Gemm', exact: true }).waitFor();
    await press('Escape', 'Escape');
    expect((await focused()).name).toMatch(/^Graph of /);
  });

  const job = (key: string, button: RegExp, result: RegExp) => async () => {
    await press(key);
    await tabTo(button);
    await press('Enter');
    await opened.page.getByRole('tabpanel').getByText(result).first().waitFor({ timeout: jobTimeout });
  };

  test('profile', job('3', /^Profile$/, /a run/), jobTimeout);
  test('optimize', job('4', /^Optimize$/, /outputs\s(equal|close)/), jobTimeout);
  test('compare', job('6', /^Compare$/, /outputs\s(equal|close)/), jobTimeout);

  test('the table sorts and selects', async () => {
    await tabTo(/^Operators$/);
    await press('Home');
    expect(await opened.page.locator('.data-row[aria-selected="true"]').count()).toBe(1);
    await tabTo(/^Node/);
    await press('Enter');
    await opened.page.locator('th[aria-sort="ascending"]').waitFor();
  });
});
