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
  const reports = ['--html', at('tuned.html'), '--markdown', at('tuned.md')];
  const files = ['-o', at('best.onnx'), '--recipe', at('best.json'), ...reports];
  const { code, stdout } = await runCli('tune', classifier, '--p90', '0.001', '--time-limit', '1', ...files, '--json');
  const report = JSON.parse(stdout) as TuneReport;
  expect(code).toBe(1);
  expect(report.met).toBe(false);
  expect(report.steps.map(({ step }) => step)).toEqual(['measure', 'simplify', 'threads', 'quantize', 'prune']);
  for (const { kept, p90, why } of report.steps.slice(1)) {
    expect(why).not.toBe('');
    expect(p90 !== undefined).toBe(kept);
  }
  expect(report.steps.at(-1)!.why).toMatch(/only with labelled data/);
  const { after } = report.p90;
  expect(after.rounds).toBe(6);
  expect(after.interval[0]).toBeLessThanOrEqual(after.median);
  expect(after.interval[0]).toBeGreaterThan(0.001);
  expect(readFileSync(at('tuned.html'), 'utf8')).toMatch(/What was tried/);
  expect(readFileSync(at('tuned.md'), 'utf8')).toMatch(/90 % of the runs within 1\.00 µs: missed/);
  expect(report.advice[0]).toMatch(/the best is/);
  // What is kept depends on the clock; what is not kept leaves no recipe.
  const changed = report.steps.some(({ step, kept }) => kept && (step === 'simplify' || step === 'quantize'));
  expect(existsSync(at('best.json'))).toBe(changed);
  if (!changed) return;
  const applied = await runCli('apply', at('best.json'), classifier, '-o', at('again.onnx'));
  expect(applied).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(at('again.onnx')).equals(readFileSync(at('best.onnx')))).toBe(true);
}, 240_000);

test('a target that is met already changes nothing', async () => {
  const { code, stdout } = await runCli(
    'tune',
    classifier,
    '--p90',
    '10000',
    '--time-limit',
    '1',
    '-o',
    at('same.onnx'),
    '--threads',
    '1',
    '--package',
    at('deployed'),
    '--as',
    'triton',
    '--recipe',
    at('none.json'),
    '--json',
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout).advice.join(' ')).toMatch(/No recipe is written/);
  expect(existsSync(at('none.json'))).toBe(false);
  expect(readFileSync(at('deployed/config.pbtxt'), 'utf8')).toMatch(/intra_op_thread_count[^}]*"1"/s);
  expect(readFileSync(at('deployed/1/model.onnx')).equals(readFileSync(classifier))).toBe(true);
  expect(JSON.parse(stdout)).toMatchObject({ met: true, steps: [{ step: 'measure', kept: true }] });
  expect(readFileSync(at('same.onnx')).equals(readFileSync(classifier))).toBe(true);
}, 60_000);

test('what is missing is said', async () => {
  const failures: [string[], RegExp][] = [
    [[], /--p90/],
    [['--p90', '0'], /above 0/],
    [['--p90', '1', '--max-metric-drop', '0.5'], /--labelled/],
    [['--p90', '1', '--image', 'unit'], /--calibration/],
    [['--p90', '1', '--recipe', at('x.json')], /-o OUT/],
    [['--p90', '1', '--package', at('x')], /-o OUT/],
    [['--p90', '1', '-o', classifier], /belongs to the model itself/],
    [['--p90', '1', '-o', at('x.onnx'), '--package', folder], /is not empty/],
  ];
  for (const [options, message] of failures) {
    const { code, stderr } = await runCli('tune', classifier, ...options);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
  }
}, 60_000);
