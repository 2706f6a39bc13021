/**
 * Pictures of the view: ten different models in the light, the dark and a high-contrast theme, to look at.
 *
 *     OPSCOPE_BENCH_MODELS=folder OPSCOPE_CORPUS=folder node bench/view/pictures.ts [model …]
 *
 * The app as it is shipped, over a real model worker, in the tests' harness: each model as it opens, coloured by its
 * multiply-accumulates in the dark theme. Writes bench/results/pictures/<model>-<theme>.png and an index. With names
 * only those models are drawn anew.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/processes.ts';
import { corpusModel } from '../../test/corpus.ts';
import { buildView, launchBrowser, openView } from '../../test/webview/harness/view.ts';
import { startWorkerHost } from '../../test/webview/harness/worker-host.ts';
import { smallPng } from './small-png.ts';

const folder = process.env.OPSCOPE_BENCH_MODELS;
if (!folder) throw new Error('Set OPSCOPE_BENCH_MODELS to the folder of exported models.');
const exported = (name: string) => join(folder, `${name}.onnx`);

/** Of every kind: networks of convolutions, transformers from both exporters, bodies of loops, trees, very wide ones. */
const models: Readonly<Record<string, string>> = {
  sample: join(root, 'samples/image-classifier/image-classifier.onnx'),
  resnet50: exported('resnet50'),
  efficientnet_b0: exported('efficientnet_b0'),
  bert_base: exported('bert_base'),
  gpt2_small: exported('gpt2_small'),
  llama_tiny_dynamo: exported('llama_tiny_dynamo'),
  swin_t: exported('swin_t'),
  qwen2_48_layers_narrow: exported('qwen2_48_layers_narrow'),
  silero_vad: corpusModel('/silero_vad.onnx'),
  light_densenet121: corpusModel('/light_densenet121.onnx'),
};
const themes = ['light', 'dark', 'high-contrast'] as const;
const size = { width: 1280, height: 800 };
const asked = process.argv.slice(2);

const target = join(import.meta.dirname, '../results/pictures');
mkdirSync(target, { recursive: true });
const browser = await launchBrowser();
const bundle = await buildView();
for (const [name, path] of Object.entries(models)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const host = await startWorkerHost(path);
  for (const theme of themes) {
    const { page } = await openView({ browser, bundle, host: host.handlers, theme, ...size });
    await page.locator('.data-row').first().waitFor({ timeout: 120_000 });
    await page.getByRole('tree', { name: /\d box/ }).waitFor({ state: 'attached', timeout: 120_000 });
    if (theme === 'dark') {
      await page.keyboard.press('c');
      await page.locator('.graph-legend').waitFor({ timeout: 60_000 });
    }
    await page.waitForTimeout(500);
    const file = join(target, `${name}-${theme}.png`);
    writeFileSync(file, smallPng(await page.screenshot()));
    console.log(`${name}-${theme}.png ${Math.round(statSync(file).size / 1000)} KB`);
    await page.close();
  }
  host.stop();
}
await browser.close();
const head = `| model | ${themes.join(' | ')} |\n|---|${'---|'.repeat(themes.length)}`;
const rows = Object.keys(models).map(
  (name) => `| ${name} | ${themes.map((theme) => `![${name}, ${theme}](${name}-${theme}.png)`).join(' | ')} |`,
);
writeFileSync(
  join(target, 'index.md'),
  `# Ten models in three themes\n\nAs they open, at ${size.width}×${size.height}; in the dark theme coloured by multiply-accumulates. Made by bench/view/pictures.ts.\n\n${head}\n${rows.join('\n')}\n`,
);
