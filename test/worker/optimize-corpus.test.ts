import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openModel, UnreadableModelError } from '../../src/worker/open-model.ts';
import { optimizeModel } from '../../src/worker/optimize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';

/**
 * Real models: no crash, no wrong result, and a second run that changes nothing. Every sixteenth of the smaller files
 * by default; all of them with OPSCOPE_CORPUS_ALL=1, which takes several minutes.
 */
const corpus = process.env.OPSCOPE_CORPUS ?? join(import.meta.dirname, '../../../shared/models');
const manifest = join(corpus, 'MANIFEST.csv');
const present = existsSync(manifest);
if (!present)
  console.warn(`No models in ${corpus}: set OPSCOPE_CORPUS to a folder with a MANIFEST.csv to run these tests.`);
const all = process.env.OPSCOPE_CORPUS_ALL === '1';

const files = present
  ? readFileSync(manifest, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
      .filter(([file]) => file)
      .filter(([, bytes], index) => all || (index % 16 === 0 && Number(bytes) < 500_000))
      .map(([file]) => file!)
  : [];

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

/** What a file may lack so that nothing can be made of it: its weights, or everything. */
const unusable = /The weights file .* is missing|outside its own folder/;

describe.skipIf(!present)('models of the corpus (needs OPSCOPE_CORPUS)', () => {
  test.each(files)('%s', { timeout: 120_000 }, async (file) => {
    const path = join(corpus, file);
    const opened = await openModel(path).catch((error: unknown) => {
      if (error instanceof UnreadableModelError) return undefined;
      throw error;
    });
    if (!opened) return;
    try {
      const { model, report } = await optimizeModel(opened, {
        preset: 'default',
        verify: true,
        manager,
        opscope: '1.2.3',
      });
      expect(report.verdict.status, report.verdict.reason).not.toBe('different');
      // What may be added is 16 KiB, or a fiftieth of the weights; and a line on how the result was made.
      expect(report.after.bytes).toBeLessThan(
        report.before.bytes + Math.max(16 * 1024, report.before.bytes / 50) + 1500,
      );
      // A rewrite may be taken back for what ONNX Runtime makes of it, never because it was wrong.
      expect(report.rolledBack.filter(({ reason }) => !/fuse|^Optimized by/.test(reason))).toEqual([]);
      expect(report.problems.filter((each) => each.includes('not used'))).toEqual([]);
      const skip = report.rolledBack.map(({ pass }) => pass);
      const again = await optimizeModel(
        { ...opened, model },
        { preset: 'default', skip, verify: false, manager, opscope: '1.2.3' },
      );
      expect(again.report.passes).toEqual([]);
    } catch (error) {
      if (!unusable.test(String(error))) throw error;
    } finally {
      await opened.close();
    }
  });
});
