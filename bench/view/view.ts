/**
 * The view on a large model, drawn by Chromium without any graphics card: frames while panning and zooming, search, memory.
 *
 *     OPSCOPE_BENCH_MODELS=folder node bench/view/view.ts
 *
 * The app as it is shipped, over a real model worker, in the tests' harness. Frames: 120 of panning and 120 of zooming,
 * one wheel event a frame, over the whole graph fitted into the window and close up; both what drawing took and the
 * time from frame to frame. Search: a query typed letter by letter, from the letter to the hits. Memory: resident set
 * of the page's process above that of a page without a script. Writes bench/results/view.md,
 * with the machine's load, which the times suffer from.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { buildView, launchBrowser, type OpenView, openView } from '../../test/webview/harness/view.ts';
import { startWorkerHost } from '../../test/webview/harness/worker-host.ts';

const folder = process.env.OPSCOPE_BENCH_MODELS;
if (!folder) throw new Error('Set OPSCOPE_BENCH_MODELS to the folder of exported models.');
const model = 'qwen2_48_layers_narrow';
const frames = 120;

const quantile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;
const spread = (values: readonly number[]) => ({ median: quantile(values, 0.5), p95: quantile(values, 0.95) });

/** Turns the wheel once a frame; times from frame to frame, and what drawing took of each. */
async function wheel({ page, view }: OpenView, kind: 'pan' | 'zoom') {
  const intervals = await page.evaluate(
    async ([count, kind]) => {
      const canvas = document.querySelector('canvas[role=application]')!;
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const times: number[] = [];
      for (let frame = 0; frame <= count; frame++) {
        times.push(await new Promise<number>((resolve) => requestAnimationFrame(resolve)));
        // To and fro, so that the same part of the graph stays in the window.
        const deltaY = (frame % 40 < 20 ? 1 : -1) * (kind === 'pan' ? 24 : 6);
        const place = { clientX: left + width / 2, clientY: top + height / 2 };
        canvas.dispatchEvent(new WheelEvent('wheel', { deltaY, ctrlKey: kind === 'zoom', ...place, cancelable: true }));
      }
      return times.slice(1).map((time, index) => time - times[index]!);
    },
    [frames, kind] as const,
  );
  const { drawn, frames: drawing } = await view.probe(undefined);
  return { kind, boxesInWindow: drawn, drawing: spread(drawing), interval: spread(intervals) };
}

/** Types a query; milliseconds from every letter to the hits that it gave, where those are others than before. */
async function search({ page }: OpenView): Promise<readonly number[]> {
  await page.keyboard.press('/');
  await page.evaluate(() => {
    const times: number[] = [];
    let pressed = Number.NaN;
    document.addEventListener('input', () => (pressed = performance.now()), { capture: true });
    new MutationObserver(() => {
      if (!Number.isNaN(pressed) && /\d/.test(document.getElementById('search-count')!.textContent!))
        times.push(performance.now() - pressed);
      pressed = Number.NaN;
    }).observe(document.getElementById('search-count')!, { childList: true, characterData: true, subtree: true });
    Object.assign(window, { searchTimes: times });
  });
  for (const letter of 'attn op:MatMul') {
    await page.keyboard.press(letter === ' ' ? 'Space' : letter);
    await page.waitForTimeout(400);
  }
  await page.keyboard.press('Escape');
  return page.evaluate(() => (window as unknown as { searchTimes: number[] }).searchTimes);
}

/** Resident bytes of the page's own process, after garbage is collected. */
async function residentBytes(browser: Browser, page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { processInfo } = await (await browser.newBrowserCDPSession()).send('SystemInfo.getProcessInfo');
  return Math.max(
    ...processInfo
      .filter(({ type }) => type === 'renderer')
      .map(({ id }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))![1]) * 1024),
  );
}

async function emptyPageBytes(): Promise<number> {
  const browser = await launchBrowser('software');
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.setContent('<!doctype html><title>Empty</title>');
  const bytes = await residentBytes(browser, page);
  await browser.close();
  return bytes;
}

const empty = await emptyPageBytes();
const host = await startWorkerHost(join(folder, `${model}.onnx`));
// The view asks for all overlays before anybody searches.
await host.worker.overlays({ document: host.document, version: 0 });
await host.worker.search({ document: host.document, version: 0, query: 'shape:[1]' });
const worker: number[] = [];
for (const query of ['o', 'op:', 'op:MatMul', 'name:~attn', 'name:~attn op:MatMul', 'shape:[*,*,64]']) {
  const start = performance.now();
  await host.worker.search({ document: host.document, version: 0, query });
  worker.push(performance.now() - start);
}
const browser = await launchBrowser('software');
const opened = await openView({
  browser,
  bundle: await buildView(),
  host: host.handlers,
  theme: 'dark',
  width: 1440,
  height: 900,
});
const { page, view } = opened;
await page.waitForSelector('.data-row');
const opening = (await view.probe(undefined)).boxes;
await page.getByRole('button', { name: /^Open all groups/ }).click();
await page.getByRole('button', { name: /^Close groups/ }).waitFor();
// How many boxes there are then is the layout's affair; that there are many more tells that they have come.
const deadline = performance.now() + 60_000;
while ((await view.probe(undefined)).boxes < 10 * opening) {
  if (performance.now() > deadline) throw new Error('The opened groups were not drawn within 60 s.');
  await page.waitForTimeout(200);
}
await page.getByRole('button', { name: /^Fit the graph/ }).click();
await page.waitForTimeout(1000);
const runs: (Awaited<ReturnType<typeof wheel>> & { readonly zoom: string })[] = [];
const measure = async (zoom: string) => {
  for (const kind of ['pan', 'zoom'] as const) runs.push({ zoom, ...(await wheel(opened, kind)) });
};
/** The first press empties the box, the second leaves it. */
const leaveSearch = async () => {
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
};
await measure('whole graph');
await page.keyboard.press('/');
await page.keyboard.type('op:~a or op:~u');
await page.waitForTimeout(1000);
await measure('whole graph, most boxes found');
await leaveSearch();
await page.keyboard.press('/');
await page.keyboard.type('op:MatMul');
await page.waitForTimeout(1000);
await page.keyboard.press('Enter');
await page.waitForTimeout(1000);
await measure('close up');
await leaveSearch();
const letters = await search(opened);
const above = (await residentBytes(browser, page)) - empty;
const { boxes } = await view.probe(undefined);
await browser.close();
host.stop();

const machine = `${cpus()[0]!.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
const load = loadavg()[0]!.toFixed(1);
const ms = ({ median, p95 }: ReturnType<typeof spread>) => `${median.toFixed(1)} | ${p95.toFixed(1)}`;
const lines = [
  ...runs.map(
    ({ kind, zoom, boxesInWindow, interval }) =>
      `| ${kind}, ${zoom}: frame to frame | ${boxesInWindow} | ${ms(interval)} |`,
  ),
  ...runs.map(
    ({ kind, zoom, boxesInWindow, drawing }) =>
      `| ${kind}, ${zoom}: our drawing of it | ${boxesInWindow} | ${ms(drawing)} |`,
  ),
  `| search, in the worker | | ${ms(spread(worker))} |`,
  `| search, from the key to the hits | | ${ms(spread(letters))} |`,
];
writeFileSync(
  join(import.meta.dirname, '../results/view.md'),
  `# The view

${machine}; load average ${load}. ${model}, all groups open: ${boxes} boxes (constants are lines in the boxes that read them). Names of 12,620 nodes are in the table; what is no box of its own is a line in one. Chromium without a graphics card; 60 frames a second are its most, 16.7 ms from one to the next. Milliseconds.

| what | boxes in the window | median | 95 % |
|---|---:|---:|---:|
${lines.join('\n')}

The page's process holds ${Math.round(above / 1e6)} MB more than an empty page's.
`,
);
console.log(lines.join('\n'));
