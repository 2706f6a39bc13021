import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { toNumbers } from '../../src/core/tensor/convert.ts';
import { parseNpy } from '../../src/core/tensor/npy.ts';
import { runCli } from './run-cli.ts';

const sample = resolve(import.meta.dirname, '../../samples/image-classifier/image-classifier.onnx');
const folder = mkdtempSync(join(tmpdir(), 'opscope-cli-tensor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('opscope tensor', { timeout: 60_000 }, () => {
  test('prints statistics, for programs and for people', async () => {
    const { code, stdout } = await runCli('tensor', sample, 'stem.0.weight', '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      schema: 1,
      model: sample,
      name: 'stem.0.weight',
      dtype: 'float32',
      dims: [24, 3, 3, 3],
      count: 648,
      nan: 0,
    });
    expect(report.min).toBeLessThan(report.mean);
    expect(report.values).toHaveLength(64);
    const text = (await runCli('tensor', sample, 'stem.0.weight')).stdout;
    expect(text).toContain('stem.0.weight · float32 [24, 3, 3, 3] · ');
    expect(text).toMatch(/range +−?[\d.]+ to [\d.]+/);
  });

  test('writes the elements', async () => {
    const output = join(folder, 'mean.npy');
    const { code, stdout } = await runCli('tensor', sample, 'mean', '-o', output, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'mean', output, written: 'float32', notes: [] });
    const { dtype, dims, bytes } = parseNpy(readFileSync(output));
    expect([dtype, dims, [...toNumbers(dtype, bytes)]]).toEqual(['float32', [1, 3, 1, 1], [0.5, 0.5, 0.5]]);
  });

  test('says what is wrong with the request', async () => {
    const unknown = await runCli('tensor', sample, 'stem.0');
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('Names like it: stem.0.weight.')]);
    const other = await runCli('tensor', sample, 'mean', '-o', join(folder, 'mean.npz'));
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('ends in .npy')]);
    const model = join(folder, 'model.npy');
    await copyFile(sample, model);
    const itself = await runCli('tensor', model, 'mean', '-o', model);
    expect([itself.code, itself.stderr]).toEqual([2, expect.stringContaining('belongs to the model itself')]);
  });
});
