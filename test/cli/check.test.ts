import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckReport, ModelRecipe } from '../../src/core/report/recipe.ts';
import { sampleModels } from '../corpus.ts';
import { runCli } from './run-cli.ts';

const [classifier, logs] = sampleModels as [string, string];
const folder = mkdtempSync(join(tmpdir(), 'opscope-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const check = async (...parameters: readonly string[]): Promise<{ code: number | null; report: CheckReport }> => {
  const { code, stdout, stderr } = await runCli('check', ...parameters, '--json');
  expect(stderr).toBe('');
  return { code, report: JSON.parse(stdout) };
};
const failed = ({ gates }: CheckReport): string[] => gates.filter(({ passed }) => !passed).map(({ name }) => name);

beforeAll(async () => {
  const small = ['-o', at('small.onnx'), '--recipe', at('small.json')];
  expect((await runCli('optimize', classifier, ...small)).code).toBe(0);
  const int8 = ['-o', at('int8.onnx'), '--recipe', at('int8.json'), '--no-measure'];
  const data = ['--scheme', 'static-int8', '--calibration', join(dirname(classifier), 'calibration.npz')];
  expect((await runCli('quantize', classifier, ...int8, ...data)).code).toBe(0);
});

describe('check', () => {
  it('passes where the recipe gives its model again, and writes nothing but its report', async () => {
    const before = readdirSync(folder);
    const { code, report } = await check(at('small.json'), '--junit', at('small.xml'));
    expect({ code, failed: failed(report) }).toEqual({ code: 0, failed: [] });
    expect(report).toMatchObject({ schema: 1, passed: true, reproduced: true });
    expect(report.gates.map(({ name }) => name)).toEqual(['source', 'result', 'optimize outputs']);
    expect(readFileSync(at('small.xml'), 'utf8')).toContain('tests="3" failures="0"');
    expect(readdirSync(folder)).toEqual([...before, 'small.xml'].sort());
  });

  it('holds a quantized model to the signal to noise that it was accepted with, or to what is asked for', async () => {
    const { code, report } = await check(at('int8.json'), '--max-slowdown', '400%', '--time-limit', '5');
    expect({ code, failed: failed(report) }).toEqual({ code: 0, failed: [] });
    expect(report.gates.map(({ name }) => name)).toEqual(['source', 'data', 'result', 'quantize outputs', 'latency']);
    const asked = await check(at('int8.json'), '--min-sqnr', '90');
    expect({ code: asked.code, failed: failed(asked.report) }).toEqual({ code: 1, failed: ['signal to noise'] });
    expect(asked.report.outputs![0]!.sqnrDb).toBeGreaterThan(20);
    const fresh = await check(at('int8.json'), '--inputs', join(dirname(classifier), 'evaluation.npz'));
    expect({ code: fresh.code, failed: failed(fresh.report) }).toEqual({ code: 0, failed: [] });
    expect(fresh.report.gates.at(-1)!.name).toBe('signal to noise');
    expect(fresh.report.outputs![0]!.sqnrDb).toBeGreaterThan(20);
  });

  it('fails on another source, and on another result', async () => {
    const other = await check(at('small.json'), logs);
    expect({ code: other.code, failed: failed(other.report) }).toEqual({ code: 1, failed: ['source', 'result'] });
    const recipe: ModelRecipe = JSON.parse(readFileSync(at('small.json'), 'utf8'));
    const result = { ...recipe.result, sha256: recipe.source.sha256 };
    writeFileSync(at('changed.json'), JSON.stringify({ ...recipe, result, onnxruntime: '1.0.0' }));
    const { code, stdout } = await runCli('check', at('changed.json'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/failed {2}result: .*written with ONNX Runtime 1\.0\.0/);
    expect((await runCli('check', at('nothing.json'))).code).toBe(2);
  });
});
