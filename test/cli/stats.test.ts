import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Baseline, StatsReport } from '../../src/core/drift/report.ts';
import { createRandom } from '../../src/core/random.ts';
import { runCli } from './run-cli.ts';

const samples = resolve(import.meta.dirname, '../../samples/image-classifier');
const model = join(samples, 'image-classifier.onnx');

let folder: string;
let baseline: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opscope-stats-'));
  baseline = join(folder, 'baseline.json');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const stats = async (...options: readonly string[]) => {
  const { code, stdout, stderr } = await runCli('stats', model, ...options, '--json');
  return { code, stderr, report: (stdout === '' ? undefined : JSON.parse(stdout)) as StatsReport };
};

/** A float32 array as NumPy writes it (format version 1.0). */
function npy(dims: readonly number[], element: () => number): Uint8Array {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims.join(', ')},), }`;
  const header = Buffer.from(`${description.padEnd(117)}\n`, 'latin1');
  const length = dims.reduce((product, dim) => product * dim, 1);
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0]);
  return Buffer.concat([start, header, new Uint8Array(Float32Array.from({ length }, element).buffer)]);
}

describe('opscope stats', { timeout: 60_000 }, () => {
  test('saves the distributions of inputs and outputs', async () => {
    const { code, report } = await stats('--data', join(samples, 'calibration.npz'), '--save', baseline);
    expect(code).toBe(0);
    expect(report.values.map(({ kind, name, elements }) => [kind, name, elements])).toEqual([
      ['input', 'image', 64 * 3 * 32 * 32],
      ['output', 'logits', 64 * 10],
    ]);
    const saved = JSON.parse(await readFile(baseline, 'utf8')) as Baseline;
    expect(saved).toMatchObject({ schema: 1, samples: 64 });
    expect(saved.values[1]!.sketch).toHaveLength(640);
  });

  test('finds new data of the same kind stable', async () => {
    const { code, report } = await stats('--data', join(samples, 'evaluation.npz'), '--against', baseline);
    expect(code).toBe(0);
    expect(report).toMatchObject({ samples: 500, verdict: 'stable', notes: [] });
    for (const { drift } of report.values) expect(drift!.psi).toBeLessThan(0.05);
  });

  test('finds data of another kind, and fails then', async () => {
    const random = createRandom(3);
    const data = join(folder, 'dark.npy');
    await writeFile(
      data,
      npy([40, 3, 32, 32], () => 0.2 * random.next()),
    );
    const { code, report } = await stats('--data', data, '--against', baseline);
    expect(code).toBe(1);
    expect(report.verdict).toBe('drifted');
    expect(report.values[0]!.drift).toMatchObject({ verdict: 'drifted' });
    const { stdout } = await runCli('stats', model, '--data', data, '--against', baseline);
    expect(stdout).toMatch(/input +image .* drifted/);
  });

  test('refuses what is no baseline', async () => {
    const wrong = join(folder, 'wrong.json');
    await writeFile(wrong, '{"schema": 1, "samples": 3}');
    const { code, stderr } = await stats('--data', join(samples, 'calibration.npz'), '--against', wrong);
    expect(code).toBe(2);
    expect(stderr).toContain('baseline.opscope is missing');
    expect((await stats()).stderr).toContain('--data PATH');
  });
});
