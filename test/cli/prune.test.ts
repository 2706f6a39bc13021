import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { PruneReport } from '../../src/core/report/report.ts';
import { sampleModels } from '../corpus.ts';
import { runCli } from './run-cli.ts';

const [classifier] = sampleModels as [string, string];
const labelled = join(dirname(classifier), 'evaluation.npz');
const folder = mkdtempSync(join(tmpdir(), 'opscope-prune-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

test('channels go, accuracy before and after is told, and the recipe makes the same again', async () => {
  const files = ['-o', at('small.onnx'), '--recipe', at('small.json')];
  const given = ['prune', classifier, '--ratio', '0.1', '--labelled', labelled, '--no-measure', ...files];
  const { code, stdout, stderr } = await runCli(...given, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { channels, before, after, metric, sqnrDb } = JSON.parse(stdout) as PruneReport;
  expect(channels!.removed).toBeGreaterThan(0);
  expect(channels!.removed).toBeLessThan(channels!.of / 5);
  expect(after.bytes).toBeLessThan(before.bytes);
  expect(metric!.before).toBeGreaterThan(metric!.after);
  expect(sqnrDb).not.toBeNull();
  const recipe = JSON.parse(readFileSync(at('small.json'), 'utf8'));
  expect(recipe.steps).toMatchObject([{ command: 'prune', pattern: 'channels', ratio: 0.1 }]);
  const applied = await runCli('apply', at('small.json'), classifier, '-o', at('again.onnx'));
  expect(applied).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(at('again.onnx')).equals(readFileSync(at('small.onnx')))).toBe(true);
}, 120_000);

test('outputs below the limit that is set end with 1; the model is written all the same', async () => {
  const given = ['prune', classifier, '--pattern', 'unstructured', '--ratio', '0.9', '--min-sqnr', '40'];
  const { code, stdout } = await runCli(...given, '--no-measure', '-o', at('sparse.onnx'));
  expect(code).toBe(1);
  expect(stdout).toMatch(/outputs differ/);
  expect(existsSync(at('sparse.onnx'))).toBe(true);
}, 60_000);

test('what is missing is said', async () => {
  const failures: [string[], RegExp][] = [
    [['-o', at('x.onnx')], /--ratio 0\.3/],
    [['-o', at('x.onnx'), '--ratio', '1'], /between 0 and 1/],
    [['-o', classifier, '--ratio', '0.1'], /belongs to the model itself/],
  ];
  for (const [options, message] of failures) {
    const { code, stderr } = await runCli('prune', classifier, ...options);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  }
}, 60_000);
