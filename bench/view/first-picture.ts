/**
 * From the double click to the first picture, in the real VS Code under Chromium with the packaged extension.
 *
 *     OPSCOPE_BENCH_MODELS=folder [OPSCOPE_NETRON=folder] node bench/view/first-picture.ts
 *
 * VS Code is warm: the sample was opened before. Every model is opened and closed five times; the clock runs from the
 * second click until the graph has boxes and a frame was drawn. The sample, of 95 nodes, shows what VS Code itself
 * takes. What the model worker did by then is told in milliseconds of a processor, which other programs disturb less.
 * With the folder of Netron's package in `OPSCOPE_NETRON`, Netron opens the same models in the same run, three times
 * each. Needs the package: `npm run package`. Writes bench/results/first-picture.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/processes.ts';
import { startEditor } from '../../test/e2e/editor.ts';
import installExtension from '../../test/e2e/install-extension.ts';
import { runtimeProcesses } from '../../test/e2e/runtime-processes.ts';
import { machine } from '../process.ts';
import { type NetronTimes, netronFirstPictures } from './netron.ts';

const folder = process.env.OPSCOPE_BENCH_MODELS;
if (!folder) throw new Error('Set OPSCOPE_BENCH_MODELS to the folder of exported models.');
const models: Readonly<Record<string, string>> = {
  sample: join(root, 'samples/image-classifier/image-classifier.onnx'),
  resnet50: join(folder, 'resnet50.onnx'),
  qwen2_48_layers_narrow: join(folder, 'qwen2_48_layers_narrow.onnx'),
};
const repetitions = 5;
const netronLimit = 120_000;

installExtension();
const editor = await startEditor({
  files: Object.fromEntries(Object.entries(models).map(([name, path]) => [`${name}.onnx`, { copyOf: path }])),
});

/** Milliseconds of a processor that the model worker has had; the kernel counts in hundredths of a second. */
function workerCpu(): number {
  const [pid] = runtimeProcesses(editor.serverPid, 'worker.cjs');
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(11, 13);
  return 10 * (Number(user) + Number(system));
}

async function open(name: string) {
  const file = editor.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name }).first();
  await file.click();
  await editor.runCommand('View: Close All Editors');
  await file.waitFor();
  const cpu = workerCpu();
  const start = performance.now();
  await file.dblclick();
  await editor.view.getByRole('tree', { name: /\d boxes/ }).waitFor({ state: 'attached', timeout: 30_000 });
  await editor.view
    .locator('canvas')
    .first()
    .evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const milliseconds = Math.round(performance.now() - start);
  const work = workerCpu() - cpu;
  // All that is read beside the graph belongs to this opening, not to the next.
  await editor.view.locator('.data-row').first().waitFor();
  return { milliseconds, work };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

function netronCells(netron: NetronTimes | null, model: string): string {
  const times = netron?.milliseconds[model];
  if (!times) return '|  |';
  if (times.includes(null)) return `| none in ${netronLimit / 1000} s |`;
  return `| ${median(times as number[])} (${times.join(', ')}) |`;
}

const rows = [];
try {
  await editor.openFile('sample.onnx');
  await editor.view.getByRole('tree', { name: /\d boxes/ }).waitFor({ state: 'attached', timeout: 60_000 });
  for (const model of Object.keys(models)) {
    const runs = [];
    for (let run = 0; run < repetitions; run++) runs.push(await open(model));
    rows.push({ model, milliseconds: runs.map((run) => run.milliseconds), work: median(runs.map((run) => run.work)) });
    console.error(JSON.stringify(rows.at(-1)));
  }
} finally {
  await editor.close();
}
const load = loadavg()[0]!.toFixed(1);
const netronFolder = process.env.OPSCOPE_NETRON;
const netron = netronFolder
  ? await netronFirstPictures(netronFolder, models, { repetitions: 3, limit: netronLimit })
  : null;
const beside = netron
  ? `Netron ${netron.version}: its page stands ready in the same Chromium, the clock runs from the choice of the file until a node is shown; its layout runs in a web worker of its own.`
  : 'Netron did not run beside it: `OPSCOPE_NETRON` named no folder of its package.';
writeFileSync(
  join(import.meta.dirname, '../results/first-picture.md'),
  `# Double click to first picture

${machine()}; load average ${load}. VS Code in Chromium with an emulated graphics card. Milliseconds; “worker” is what the model worker had of a processor until the picture was there. ${beside}

| model | median | all | worker | Netron |
|---|---:|---|---:|---:|
${rows.map(({ model, milliseconds, work }) => `| ${model} | ${median(milliseconds)} | ${milliseconds.join(', ')} | ${work} ${netronCells(netron, model)}`).join('\n')}
`,
);
