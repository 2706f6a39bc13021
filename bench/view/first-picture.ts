/**
 * From the double click to the first picture, in the real VS Code under Chromium with the packaged extension.
 *
 *     OPSCOPE_BENCH_MODELS=folder node bench/view/first-picture.ts
 *
 * VS Code is warm: the sample was opened before. Every model is opened and closed five times; the clock runs from the
 * second click until the graph has boxes and a frame was drawn. The sample, of 95 nodes, shows what VS Code itself
 * takes. Writes bench/results/first-picture.md.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/processes.ts';
import { startEditor } from '../../test/e2e/editor.ts';
import installExtension from '../../test/e2e/install-extension.ts';

const folder = process.env.OPSCOPE_BENCH_MODELS;
if (!folder) throw new Error('Set OPSCOPE_BENCH_MODELS to the folder of exported models.');
const models = ['sample', 'resnet50', 'qwen2_48_layers_narrow'];
const repetitions = 5;

installExtension();
const editor = await startEditor({
  files: {
    'sample.onnx': { copyOf: join(root, 'samples/image-classifier/image-classifier.onnx') },
    ...Object.fromEntries(models.slice(1).map((name) => [`${name}.onnx`, { copyOf: join(folder, `${name}.onnx`) }])),
  },
});

async function open(name: string): Promise<number> {
  const file = editor.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name }).first();
  await file.click();
  await editor.runCommand('View: Close All Editors');
  await file.waitFor();
  const start = performance.now();
  await file.dblclick();
  await editor.view.getByRole('tree', { name: /\d boxes/ }).waitFor({ state: 'attached', timeout: 30_000 });
  await editor.view
    .locator('canvas')
    .first()
    .evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  return performance.now() - start;
}

try {
  await editor.openFile('sample.onnx');
  await editor.view.getByRole('tree', { name: /\d boxes/ }).waitFor({ state: 'attached', timeout: 60_000 });
  const rows = [];
  for (const model of models) {
    const milliseconds: number[] = [];
    for (let run = 0; run < repetitions; run++) milliseconds.push(Math.round(await open(model)));
    rows.push({ model, milliseconds });
    console.error(JSON.stringify(rows.at(-1)));
  }
  const machine = `${cpus()[0]!.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
  writeFileSync(
    join(import.meta.dirname, '../results/first-picture.md'),
    `# Double click to first picture

${machine}; load average ${loadavg()[0]!.toFixed(1)}. VS Code in Chromium with an emulated graphics card. Milliseconds.

| model | median | all |
|---|---:|---|
${rows.map(({ model, milliseconds }) => `| ${model} | ${milliseconds.toSorted((a, b) => a - b)[2]} | ${milliseconds.join(', ')} |`).join('\n')}
`,
  );
} finally {
  await editor.close();
}
