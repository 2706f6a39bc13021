/**
 * The view on large models, drawn by Chromium without any graphics card: frames while panning and zooming, search, memory.
 *
 *     OPSCOPE_BENCH_MODELS=folder node bench/view/view.ts
 *
 * In the real VS Code with the packaged extension (`npm run package` first), and the app as it is shipped over a real
 * model worker in the tests' harness, which tells how many boxes are in the window and what drawing alone took. Chromium
 * draws a frame as soon as the one before is done, so that the time from frame to frame is what a frame costs: with its
 * usual 60 a second none could take less than 16.7 ms. Frames: 120 of panning and 120 of zooming, one wheel event a
 * frame, over the whole graph fitted into the window and close up. Search: a query typed letter by letter, from the
 * letter to the hits. Memory: resident set of the page's process, in VS Code above that of the window without an
 * editor. Constants are lines in the boxes that read them, so a second model is generated that has more boxes than the
 * exported one has nodes. Writes bench/results/view.md, with the machine's load, which the times suffer from.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FrameLocator, Page } from 'playwright-core';
import { saveModel } from '../../src/worker/save-model.ts';
import { startEditor } from '../../test/e2e/editor.ts';
import installExtension from '../../test/e2e/install-extension.ts';
import { buildView, launchBrowser, openView } from '../../test/webview/harness/view.ts';
import { startWorkerHost } from '../../test/webview/harness/worker-host.ts';
import { buildModel } from '../../test/worker/build-model.ts';
import { machine } from '../process.ts';

const folder = process.env.OPSCOPE_BENCH_MODELS;
if (!folder) throw new Error('Set OPSCOPE_BENCH_MODELS to the folder of exported models.');
const exported = join(folder, 'qwen2_48_layers_narrow.onnx');
const frames = 120;

/** Where a view is: a page of its own, or the frame inside VS Code. */
interface Surface {
  readonly page: Page;
  readonly view: Page | FrameLocator;
  /** What the view says of what it drew last; VS Code lets nobody ask. */
  probe?(): Promise<{ readonly drawn: number; readonly frames: readonly number[] }>;
}

interface Spread {
  readonly median: number;
  readonly p95: number;
}

interface Run {
  readonly what: string;
  readonly boxesInWindow: number | undefined;
  readonly interval: Spread;
  readonly drawing: Spread | undefined;
}

const quantile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;
const spread = (values: readonly number[]): Spread => ({ median: quantile(values, 0.5), p95: quantile(values, 0.95) });

/** Turns the wheel once a frame; times from frame to frame, and what drawing took of each. */
async function wheel({ view, probe }: Surface, kind: 'pan' | 'zoom', where: string): Promise<Run> {
  const intervals = await view.locator('canvas[role=application]').evaluate(
    async (canvas, [count, kind]) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      const times: number[] = [];
      for (let frame = 0; frame <= count; frame++) {
        times.push(await new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now()))));
        // To and fro, so that the same part of the graph stays in the window.
        const deltaY = (frame % 40 < 20 ? 1 : -1) * (kind === 'pan' ? 24 : 6);
        const place = { clientX: left + width / 2, clientY: top + height / 2 };
        canvas.dispatchEvent(new WheelEvent('wheel', { deltaY, ctrlKey: kind === 'zoom', ...place, cancelable: true }));
      }
      return times.slice(1).map((time, index) => time - times[index]!);
    },
    [frames, kind] as const,
  );
  const probed = await probe?.();
  return {
    what: `${kind}, ${where}`,
    boxesInWindow: probed?.drawn,
    interval: spread(intervals),
    drawing: probed && spread(probed.frames),
  };
}

const boxesOf = async ({ view }: Surface) =>
  Number(/([\d,]+) boxes/.exec((await view.getByRole('tree').getAttribute('aria-label'))!)![1]!.replaceAll(',', ''));

/** Opens all groups and fits the graph into the window; gives the number of boxes. */
async function openAll(surface: Surface): Promise<number> {
  const { page, view } = surface;
  await view.locator('.data-row').first().waitFor();
  const opening = await boxesOf(surface);
  await view.getByRole('button', { name: /^Open all groups/ }).click();
  // How many boxes there are then is the layout's affair; that there are many more tells that they have come.
  for (const deadline = performance.now() + 60_000; (await boxesOf(surface)) < 10 * opening; ) {
    if (performance.now() > deadline) throw new Error('The opened groups were not drawn within 60 s.');
    await page.waitForTimeout(200);
  }
  await view.getByRole('button', { name: /^Fit the graph/ }).click();
  await page.waitForTimeout(1000);
  return boxesOf(surface);
}

/** Searches, and empties and leaves the box again afterwards. */
async function whileFound<T>({ page, view }: Surface, query: string, work: () => Promise<T>): Promise<T> {
  await view.getByRole('textbox', { name: 'Search nodes' }).click();
  await page.keyboard.type(query);
  await page.waitForTimeout(1000);
  const result = await work();
  await view.getByRole('textbox', { name: 'Search nodes' }).fill('');
  await page.keyboard.press('Escape');
  return result;
}

async function wheelEverywhere(surface: Surface, first: string, others: readonly [many: string, one: string] | null) {
  const runs: Run[] = [];
  const measure = async (where: string) => {
    for (const kind of ['pan', 'zoom'] as const) runs.push(await wheel(surface, kind, where));
  };
  await measure(first);
  if (others) {
    await whileFound(surface, others[0], () => measure('whole graph, most boxes found'));
    await whileFound(surface, others[1], async () => {
      await surface.page.keyboard.press('Enter');
      await surface.page.waitForTimeout(1000);
      await measure('close up');
    });
  }
  return runs;
}

/** Types a query; milliseconds from every letter to the hits that it gave, where those are others than before. */
async function search({ page, view }: Surface): Promise<readonly number[]> {
  const box = view.getByRole('textbox', { name: 'Search nodes' });
  await box.click();
  await box.evaluate(() => {
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
  return box.evaluate(() => (window as unknown as { searchTimes: number[] }).searchTimes);
}

/** Resident bytes of the largest of the browser's pages, after garbage is collected. */
async function residentBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const browser = await page.context().browser()!.newBrowserCDPSession();
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
  return Math.max(
    ...processInfo
      .filter(({ type }) => type === 'renderer')
      .map(({ id }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))![1]) * 1024),
  );
}

/** Parallel chains of nodes in layers, all with names: every node is a box. */
function generatedModel() {
  const [layers, heads, steps] = [100, 10, 13];
  const nodes = [];
  let from = 'x';
  for (let layer = 0; layer < layers; layer++) {
    const ends: string[] = [];
    for (let head = 0; head < heads; head++) {
      let value = from;
      for (let step = 0; step < steps; step++) {
        const name = `/layers.${layer}/head.${head}/step.${step}`;
        nodes.push({ name, opType: ['Relu', 'Sigmoid', 'Tanh', 'Neg'][step % 4]!, inputs: [value], outputs: [name] });
        value = name;
      }
      ends.push(value);
    }
    const name = `/layers.${layer}/sum`;
    nodes.push({ name, opType: 'Sum', inputs: ends, outputs: [name] });
    from = name;
  }
  return buildModel({ inputs: { x: ['float32', [1, 64]] }, outputs: { [from]: ['float32', [1, 64]] }, nodes });
}

async function inVsCode() {
  installExtension();
  const editor = await startEditor({ files: { 'model.onnx': { copyOf: exported } }, drawing: 'unlimited' });
  try {
    const { page, view } = editor;
    const surface = { page, view };
    await page.waitForTimeout(2000);
    const empty = await residentBytes(page);
    await editor.openFile('model.onnx');
    const boxes = await openAll(surface);
    const runs = await wheelEverywhere(surface, 'whole graph', ['op:~a or op:~u', 'op:MatMul']);
    const letters = await search(surface);
    return { boxes, runs, letters, above: (await residentBytes(page)) - empty };
  } finally {
    await editor.close();
  }
}

async function inHarness(path: string, others: readonly [many: string, one: string] | null) {
  const host = await startWorkerHost(path);
  const browser = await launchBrowser('unlimited');
  try {
    const bundle = await buildView();
    const opened = await openView({ browser, bundle, host: host.handlers, theme: 'dark', width: 1440, height: 900 });
    const surface = { page: opened.page, view: opened.page, probe: () => opened.view.probe(undefined) };
    const boxes = await openAll(surface);
    return { boxes, runs: await wheelEverywhere(surface, 'whole graph', others) };
  } finally {
    await browser.close();
    host.stop();
  }
}

const temporary = mkdtempSync(join(tmpdir(), 'opscope-view-'));
const generated = join(temporary, 'generated.onnx');
try {
  await saveModel(generatedModel(), generated);
  const real = await inVsCode();
  const harness = await inHarness(exported, ['op:~a or op:~u', 'op:MatMul']);
  const many = await inHarness(generated, null);
  const ms = ({ median, p95 }: Spread) => `${median.toFixed(1)} | ${p95.toFixed(1)}`;
  const row = ({ what, boxesInWindow, interval, drawing }: Run) =>
    `| ${what} | ${boxesInWindow ?? ''} | ${ms(interval)} | ${drawing ? ms(drawing) : ' | '} |`;
  const table = (runs: readonly Run[]) =>
    `| | boxes in the window | frame to frame: median | 95 % | our drawing of it: median | 95 % |
|---|---:|---:|---:|---:|---:|
${runs.map(row).join('\n')}`;
  const text = `# The view

${machine()}; load average ${loadavg()[0]!.toFixed(1)}. Chromium without a graphics card, drawing frames as fast as it can: with its usual 60 a second none takes less than 16.7 ms. All groups open. Milliseconds.

## qwen2_48_layers_narrow in VS Code

${real.boxes} boxes for 12,620 nodes: constants are lines in the boxes that read them.

${table(real.runs)}

Search over 12,620 nodes, from the key to the hits: median ${spread(real.letters).median.toFixed(1)}, 95 % ${spread(real.letters).p95.toFixed(1)} (${real.letters.length} keys).

The process of the window, in which the view runs, holds ${Math.round(real.above / 1e6)} MB more than without an editor.

## The same in the harness

${harness.boxes} boxes.

${table(harness.runs)}

## A generated model in the harness

${many.boxes} boxes: 13,100 nodes, each a box of its own, and the frames of their groups.

${table(many.runs)}
`;
  writeFileSync(join(import.meta.dirname, '../results/view.md'), text);
  console.log(text);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
