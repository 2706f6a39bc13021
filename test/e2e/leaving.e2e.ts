import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { modelConfig, parseTextFormat } from '../core/export/text-format.ts';
import { type Editor, launchBrowser, startEditor } from './editor.ts';

// What leaves the editor: packages, reports, text. In order.

let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({
    files: { 'model.onnx': { copyOf: join(root, 'samples/image-classifier/image-classifier.onnx') } },
    settings: { 'files.autoSave': 'off', 'opscope.measure': false },
  });
});
afterAll(() => editor?.close());

const step = (name: string, picture: string, work: () => Promise<void>) =>
  test(name, async () => {
    onTestFailed(() => editor.takePicture(`failed-${picture}`));
    await work();
    await editor.takePicture(picture);
  });

step('Export Model… writes a folder for Triton with the version on view', 'leaving-1-triton', async () => {
  await editor.openFile('model.onnx');
  await editor.runCommand('Opscope: Optimize Model');
  await editor.choose('Optimize Model');
  await editor.view.getByRole('navigation', { name: 'Versions' }).getByText('Simplified').waitFor({ timeout: 60_000 });
  await editor.runCommand('Opscope: Export Model');
  await editor.choose('Folder for Triton');
  const folder = join(editor.folder, 'classifier');
  await editor.enterPath(folder);
  await editor.notification(/Exported/).waitFor();
  const config = parseTextFormat(readFileSync(join(folder, 'config.pbtxt'), 'utf8'), modelConfig);
  expect(config).toMatchObject({ name: 'classifier', backend: 'onnxruntime', max_batch_size: 8 });
  expect(readFileSync(join(folder, '1/model.onnx')).length).toBeLessThan(
    readFileSync(join(editor.folder, 'model.onnx')).length,
  );
  expect(existsSync(join(folder, 'README.md'))).toBe(true);
});

step('Export Report… writes one file that shows everything with the network cut', 'leaving-2-report', async () => {
  const path = join(editor.folder, 'report.html');
  await editor.runCommand('Opscope: Export Report');
  await editor.enterPath(path);
  await editor.notification(/Wrote the report/).waitFor();
  const browser = await launchBrowser();
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ offline: true, colorScheme });
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(pathToFileURL(path).href);
      expect(asked).toEqual([pathToFileURL(path).href]);
      await page.getByRole('row', { name: /Simplified Original 45/ }).waitFor();
      await page.getByRole('heading', { name: 'Simplified: What was done' }).waitFor();
      await page
        .getByText(/fuse-conv-bn/)
        .first()
        .waitFor();
      const graphs = await page
        .locator('figure svg')
        .evaluateAll((all) =>
          all.map((svg) => ({ width: svg.getBoundingClientRect().width, boxes: svg.querySelectorAll('rect').length })),
        );
      expect(graphs).toHaveLength(2);
      for (const { width, boxes } of graphs) {
        expect(width).toBeGreaterThan(100);
        expect(boxes).toBeGreaterThan(5);
      }
      await page.screenshot({ path: join(root, `test-results/leaving-2-report-${colorScheme}.png`) });
      await page.close();
    }
  } finally {
    await browser.close();
  }
});

/** Lines of a text editor that VS Code shows now. */
const linesWith = (text: string) => editor.page.locator('.view-line', { hasText: text });

step('Open as Text shows the version on view', 'leaving-3-text', async () => {
  await editor.runCommand('Opscope: Open as Text');
  await editor.page.locator('.tab', { hasText: 'model.onnx (Simplified).txt' }).waitFor();
  await linesWith('opset_import').waitFor();
  await linesWith('float[batch, 10] logits').waitFor();
});

step('Compare as Text with… shows the texts of two versions side by side', 'leaving-4-diff', async () => {
  await editor.page.locator('.tab', { hasText: 'model.onnx' }).first().click();
  await editor.runCommand('Opscope: Compare as Text');
  await editor.choose('Original');
  await editor.page.locator('.tab', { hasText: 'model.onnx ↔ model.onnx (Simplified)' }).waitFor();
  await editor.page.locator('.diffOverview').waitFor();
  await editor.page.locator('.line-delete').first().waitFor();
});
