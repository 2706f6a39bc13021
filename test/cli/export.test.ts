import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExportPackageReport } from '../../src/protocol/worker.ts';
import { modelConfig, parseTextFormat } from '../core/export/text-format.ts';
import { runCli } from './run-cli.ts';

const sample = resolve(import.meta.dirname, '../../samples/image-classifier/image-classifier.onnx');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opscope-export-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const report = ({ stdout, stderr }: { stdout: string; stderr: string }): ExportPackageReport => {
  expect(stderr).toBe('');
  return JSON.parse(stdout) as ExportPackageReport;
};
const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describe('opscope export', { timeout: 120_000 }, () => {
  test('writes a Triton model with the settings that a sweep found best', async () => {
    const sweep = join(folder, 'sweep.json');
    const { stdout, code } = await runCli(
      ...['profile', sample, '--sweep', 'batch=1,4', '--sweep', 'threads=1', '--time-limit', '4', '--json'],
    );
    expect(code).toBe(0);
    await writeFile(sweep, stdout);
    const output = join(folder, 'repository/classifier');
    const { files } = report(
      await runCli('export', sample, '--as', 'triton', '-o', output, '--measured', sweep, '--json'),
    );
    expect((await readdir(output)).sort()).toEqual(['1', 'README.md', 'config.pbtxt']);
    expect(files[0]).toMatchObject({ name: join('1', 'model.onnx'), sha256: await sha256(sample) });
    expect(await sha256(join(output, '1/model.onnx'))).toBe(files[0]!.sha256);
    const config = parseTextFormat(await readFile(join(output, 'config.pbtxt'), 'utf8'), modelConfig);
    expect(config).toMatchObject({
      name: 'classifier',
      max_batch_size: 4,
      input: [{ name: 'image', data_type: 'TYPE_FP32', dims: [3, 32, 32] }],
      output: [{ name: 'logits', data_type: 'TYPE_FP32', dims: [10] }],
    });
    expect(config.parameters).toContainEqual({ key: 'intra_op_thread_count', value: { string_value: '1' } });
    const { points, fastest } = JSON.parse(stdout);
    const rates = fastest.map(({ point }: { point: number }) => ({
      batch: points[point].dims.batch,
      rate: points[point].dims.batch / points[point].latency.median,
    }));
    const best = rates.toSorted((a: { rate: number }, b: { rate: number }) => b.rate - a.rate)[0].batch;
    expect(config.dynamic_batching).toEqual({ preferred_batch_size: [best] });
  });

  test('writes an MLflow model with the recipe that made it, and a card that says how', async () => {
    const made = join(folder, 'made.onnx');
    const recipe = join(folder, 'made.json');
    expect((await runCli('optimize', sample, '-o', made, '--recipe', recipe, '--json')).code).toBe(0);
    const output = join(folder, 'mlflow');
    await runCli('export', made, '--as', 'mlflow', '-o', output, '--recipe', recipe);
    expect((await readdir(output)).sort()).toEqual([
      'MLmodel',
      'README.md',
      'model.onnx',
      'python_env.yaml',
      'requirements.txt',
    ]);
    const mlmodel = await readFile(join(output, 'MLmodel'), 'utf8');
    const card = await readFile(join(output, 'README.md'), 'utf8');
    for (const text of [mlmodel, card]) {
      expect(text).toContain(await sha256(sample));
      expect(text).toContain(await sha256(made));
      expect(text).not.toContain(folder);
    }
    expect(card).toContain('- Optimized, preset default');
    const other = await runCli('export', sample, '--as', 'mlflow', '-o', join(folder, 'other'), '--recipe', recipe);
    expect(other).toMatchObject({ code: 2, stdout: '' });
    expect(other.stderr).toContain('is the recipe of another model');
    expect(await readdir(folder)).not.toContain('other');
  });

  test('writes programs beside the model, and never into a folder with something in it', async () => {
    const output = join(folder, 'programs');
    await runCli('export', sample, '--as', 'snippet', '-o', output);
    expect((await readdir(output)).sort()).toEqual(['README.md', 'model.onnx', 'run.cs', 'run.mjs', 'run.py']);
    const again = await runCli('export', sample, '--as', 'snippet', '-o', output);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('is not empty') });
  });

  test("writes a file in ONNX Runtime's own format", async () => {
    const output = join(folder, 'classifier.ort');
    const { files } = report(await runCli('export', sample, '--as', 'ort', '-o', output, '--json'));
    expect(files).toEqual([{ name: 'classifier.ort', bytes: expect.any(Number), sha256: await sha256(output) }]);
    const wrong = await runCli('export', sample, '--as', 'ort', '-o', join(folder, 'classifier.onnx'));
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('does not end in .ort') });
  });

  test('asks for what it needs', async () => {
    expect((await runCli('export', sample, '-o', folder)).stderr).toContain('--as triton');
    expect((await runCli('export', sample, '--as', 'triton')).stderr).toContain('-o FOLDER');
  });
});
