import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApplyReport, ModelRecipe } from '../../src/core/report/recipe.ts';
import { sampleModels } from '../corpus.ts';
import { runCli } from './run-cli.ts';

const [classifier, logs] = sampleModels as [string, string];
const folder = mkdtempSync(join(tmpdir(), 'opscope-recipes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const read = (name: string): Buffer => readFileSync(at(name));
const recipeOf = (name: string): ModelRecipe => JSON.parse(readFileSync(at(name), 'utf8'));
const apply = async (...parameters: readonly string[]): Promise<{ code: number | null; report: ApplyReport }> => {
  const { code, stdout, stderr } = await runCli('apply', ...parameters, '--json');
  expect(stderr).toBe('');
  return { code, report: JSON.parse(stdout) };
};

beforeAll(async () => {
  const { code, stderr } = await runCli('optimize', classifier, '-o', at('small.onnx'), '--recipe', at('small.json'));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

describe('apply', () => {
  it('makes the same bytes again, as often as asked', async () => {
    for (const name of ['first.onnx', 'second.onnx']) {
      const { code, report } = await apply(at('small.json'), classifier, '-o', at(name));
      expect(code).toBe(0);
      expect(report).toMatchObject({ schema: 1, reproduced: true, differences: [], source: { same: true } });
      expect(read(name).equals(read('small.onnx'))).toBe(true);
    }
  });

  it('finds the source by the recipe, which names it from its own folder', async () => {
    const { code, report } = await apply(at('small.json'), '-o', at('third.onnx'));
    expect({ code, reproduced: report.reproduced }).toEqual({ code: 0, reproduced: true });
    expect(recipeOf('small.json').source.path).not.toMatch(/^[/\\]/);
  });

  it('says that the source is another model, and fails when the result is another', async () => {
    const { code, report } = await apply(at('small.json'), logs, '-o', at('other.onnx'));
    expect(code).toBe(1);
    expect(report).toMatchObject({ reproduced: false, source: { same: false } });
    expect(report.differences).toEqual([expect.stringContaining('is not the model')]);
    expect(existsSync(at('other.onnx'))).toBe(true);
    const { stdout } = await runCli('apply', at('small.json'), logs, '-o', at('other.onnx'));
    expect(stdout).toContain('another model');
    expect(stdout).toContain('not the one that the recipe names');
  });

  it('replays static quantization from its data, and says when the data has changed', async () => {
    mkdirSync(at('data'));
    copyFileSync(join(dirname(classifier), 'calibration.npz'), at('data/calibration.npz'));
    const parameters = ['--scheme', 'static-int8', '--calibration', at('data'), '--method', 'percentile'];
    const places = ['-o', at('int8.onnx'), '--recipe', at('int8.json')];
    const made = await runCli('quantize', classifier, ...places, '--no-measure', ...parameters);
    expect(made.code).toBe(0);
    expect(recipeOf('int8.json').steps).toMatchObject([{ data: { path: 'data' }, method: 'percentile', seed: 1 }]);
    const again = await apply(at('int8.json'), '-o', at('again.onnx'));
    expect(again.code).toBe(0);
    expect(read('again.onnx').equals(read('int8.onnx'))).toBe(true);

    copyFileSync(at('data/calibration.npz'), at('data/more.npz'));
    const { report } = await apply(at('int8.json'), '-o', at('again.onnx'));
    expect(report.data).toMatchObject([{ same: false }]);
    expect(report.differences).toEqual([expect.stringContaining('has changed')]);
  });

  it('replays random calibration data by its seed, and nodes kept in float', async () => {
    const [node] = JSON.parse((await runCli('inspect', logs, '--nodes', '--json')).stdout).nodeList.filter(
      ({ opType, name }: { opType: string; name: string }) => name !== '' && (opType === 'MatMul' || opType === 'Gemm'),
    );
    const parameters = ['--scheme', 'static-int8', '--random-calibration', '--seed', '7', '--exclude', node.name];
    const places = ['-o', at('random.onnx'), '--recipe', at('random.json')];
    expect((await runCli('quantize', logs, ...places, '--no-measure', ...parameters)).code).toBeLessThan(2);
    expect(recipeOf('random.json').steps).toMatchObject([{ seed: 7, keepFloat: [expect.any(String)] }]);
    expect((await apply(at('random.json'), '-o', at('random-again.onnx'))).code).toBe(0);
    expect(read('random-again.onnx').equals(read('random.onnx'))).toBe(true);
  });

  it('replays steps one after the other, with weights in their file', async () => {
    const places = ['-o', at('both.onnx'), '--recipe', at('both.json')];
    expect((await runCli('quantize', at('small.onnx'), ...places, '--no-measure')).code).toBe(0);
    const { steps, result } = recipeOf('both.json');
    const first = recipeOf('small.json');
    writeFileSync(at('chain.json'), JSON.stringify({ ...first, steps: [...first.steps, ...steps], result }));
    const { code, report } = await apply(at('chain.json'), '-o', at('chain.onnx'));
    expect({ code, steps: report.steps.length }).toEqual({ code: 0, steps: 2 });

    const split = ['--external-data', 'w.data', '--recipe', at('split.json')];
    expect((await runCli('optimize', classifier, '-o', at('split.onnx'), ...split)).code).toBe(0);
    const refused = await runCli('apply', at('split.json'), '-o', at('beside.onnx'));
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('another folder') });
    mkdirSync(at('elsewhere'));
    expect((await apply(at('split.json'), '-o', at('elsewhere/split.onnx'))).code).toBe(0);
    expect(read('elsewhere/w.data').equals(read('w.data'))).toBe(true);
  });

  it('refuses what is no recipe, and to write over the recipe or the model', async () => {
    const good = recipeOf('small.json');
    const wrong: readonly [string, string][] = [
      ['not json', 'not JSON'],
      [JSON.stringify({ ...good, schema: 2 }), 'schema is 2'],
      [JSON.stringify({ ...good, steps: [] }), 'no steps'],
      [JSON.stringify({ ...good, steps: [{ command: 'toString' }] }), 'cannot replay'],
      [JSON.stringify({ ...good, steps: [{ ...good.steps[0], preset: 'most' }] }), 'steps[0].preset'],
      [
        JSON.stringify({ ...good, result: { ...good.result, weights: [{ ...good.result, name: '../w' }] } }),
        'result.weights[0].name',
      ],
    ];
    for (const [json, message] of wrong) {
      writeFileSync(at('wrong.json'), json);
      const { code, stderr } = await runCli('apply', at('wrong.json'), '-o', at('wrong.onnx'));
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
    }
    for (const parameters of [[], ['-o', at('small.json')], ['-o', classifier], ['nothing.onnx', '-o', at('x.onnx')]]) {
      expect((await runCli('apply', at('small.json'), ...parameters)).code).toBe(2);
    }
    const onto = await runCli('optimize', classifier, '-o', at('x.onnx'), '--recipe', at('x.onnx'));
    expect(onto).toMatchObject({ code: 2, stderr: expect.stringContaining('another file for the recipe') });
    expect(existsSync(at('x.onnx'))).toBe(false);
  });
});
