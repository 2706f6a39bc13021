import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { TuneReport } from '../../src/core/report/report.ts';
import { sampleModels } from '../corpus.ts';
import { runCli } from './run-cli.ts';

const [classifier] = sampleModels as [string, string];
const folder = mkdtempSync(join(tmpdir(), 'opscope-tune-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

test('a target that cannot be met is missed, and what was tried is told; the recipe makes the best again', async () => {
  const files = ['-o', at('best.onnx'), '--recipe', at('best.json')];
  const { code, stdout } = await runCli('tune', classifier, '--p90', '0.001', '--time-limit', '6', ...files, '--json');
  const report = JSON.parse(stdout) as TuneReport;
  expect(code).toBe(1);
  expect(report.met).toBe(false);
  expect(report.steps.map(({ step }) => step)).toEqual(['measure', 'simplify', 'threads', 'quantize']);
  for (const { kept, p90, why } of report.steps) {
    expect(why).not.toBe('');
    expect(p90 !== undefined).toBe(kept);
  }
  expect(report.advice[0]).toMatch(/the best is/);
  // What is kept depends on the clock; what is not kept leaves no recipe.
  const changed = report.steps.some(({ step, kept }) => kept && (step === 'simplify' || step === 'quantize'));
  expect(existsSync(at('best.json'))).toBe(changed);
  if (!changed) return;
  const applied = await runCli('apply', at('best.json'), classifier, '-o', at('again.onnx'));
  expect(applied).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(at('again.onnx')).equals(readFileSync(at('best.onnx')))).toBe(true);
}, 120_000);

test('a target that is met already changes nothing', async () => {
  const { code, stdout } = await runCli(
    'tune',
    classifier,
    '--p90',
    '10000',
    '--time-limit',
    '2',
    '-o',
    at('same.onnx'),
    '--json',
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ met: true, steps: [{ step: 'measure', kept: true }] });
  expect(readFileSync(at('same.onnx')).equals(readFileSync(classifier))).toBe(true);
}, 60_000);

test('what is missing is said', async () => {
  const failures: [string[], RegExp][] = [
    [[], /--p90/],
    [['--p90', '0'], /above 0/],
    [['--p90', '1', '--max-metric-drop', '0.5'], /--labelled/],
    [['--p90', '1', '--recipe', at('x.json')], /-o OUT/],
    [['--p90', '1', '-o', classifier], /belongs to the model itself/],
  ];
  for (const [options, message] of failures) {
    const { code, stderr } = await runCli('tune', classifier, ...options);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  }
}, 60_000);
