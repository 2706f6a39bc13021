import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { budget } from '../../src/cli/budget.ts';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import { sampleModels } from '../corpus.ts';
import { complaints, runCli } from './run-cli.ts';

const [classifier] = sampleModels as [string, string];
const folder = mkdtempSync(join(tmpdir(), 'opscope-budget-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('limits are read in the terms they are thought of in', () => {
  expect(budget('sqnr=30,drop=0.5, size=0.3')).toEqual({ minSqnr: 30, maxMetricDrop: 0.5, maxSize: 0.3 });
  expect(budget('size=20MB')).toEqual({ maxSize: 2e7 });
  for (const wrong of ['', 'sqnr', 'sqnr=0', 'size=3', 'drop=1MB', 'speed=2', 'size=1e3'])
    expect(() => budget(wrong)).toThrow(/sqnr=30/);
});

test('a model that is best as it is leaves nothing written, and what was tried is listed', async () => {
  const output = join(folder, 'none.onnx');
  const given = ['quantize', classifier, '-o', output, '--scheme', 'auto', '--budget', 'sqnr=500', '--time-limit', '1'];
  const { code, stdout, stderr } = await runCli(...given);
  expect({ code, stderr: complaints(stderr) }).toEqual({ code: 1, stderr: [] });
  expect(existsSync(output)).toBe(false);
  expect(stdout).toMatch(/Nothing is written/);
  expect(stdout).toMatch(/int8-weights +\d+\.\d\sdB .* beyond the budget/);
  expect(stdout).toMatch(/static-int8 was not tried/);
}, 120_000);

test('a limit of size alone is kept', async () => {
  const output = join(folder, 'small.onnx');
  const data = join(dirname(classifier), 'calibration.npz');
  const given = ['quantize', classifier, '-o', output, '--scheme', 'auto', '--calibration', data];
  const { stdout, code } = await runCli(...given, '--budget', 'size=0.35', '--time-limit', '1', '--json');
  const report = JSON.parse(stdout) as QuantizeReport;
  expect(code).toBe(0);
  expect(report.after.bytes).toBeLessThanOrEqual(report.before.bytes * 0.35);
  expect(report.candidates!.filter(({ chosen }) => chosen)).toHaveLength(1);
  expect(existsSync(output)).toBe(true);
}, 240_000);

test('a drop without labels is refused', async () => {
  const given = ['quantize', classifier, '-o', join(folder, 'x.onnx'), '--scheme', 'auto', '--budget', 'drop=0.5'];
  const { code, stderr } = await runCli(...given);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/--labelled/);
}, 30_000);
