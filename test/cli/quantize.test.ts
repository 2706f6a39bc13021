import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import { sampleModels } from '../corpus.ts';
import { runCli } from './run-cli.ts';

const [classifier, log] = sampleModels as [string, string];
const folder = mkdtempSync(join(tmpdir(), 'opscope-quantize-'));
afterAll(() => rmSync(folder, { recursive: true }));

const quantize = (model: string, ...options: readonly string[]) =>
  runCli('quantize', model, '-o', join(folder, 'made.onnx'), '--no-measure', ...options);

it('leaves all nodes of an operator float: the block list of mixed precision', async () => {
  const { code, stdout } = await quantize(classifier, '--scheme', 'fp16', '--exclude', 'op:Conv', '--json');
  expect(code).toBe(0);
  const { kept, quantized } = JSON.parse(stdout) as QuantizeReport;
  const convolutions = kept.filter(({ node }) => node.startsWith('Conv '));
  expect(convolutions.length).toBeGreaterThan(1);
  expect(convolutions.every(({ reason }) => reason === 'kept float on request')).toBe(true);
  expect(quantized.nodes).toBeGreaterThan(0);
  const refused = await quantize(classifier, '--exclude', 'op:Foo');
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/has no Foo/) });
});

it('says in words what was done before, and on which samples outputs were compared', async () => {
  const calibration = ['--calibration', join(dirname(log), 'calibration.npz')];
  const options = ['--scheme', 'static-int8', ...calibration, '--smooth', '0.5', '--equalize', '--prune', '0.1'];
  const { stdout } = await quantize(log, ...options);
  expect(stdout).toMatch(/before +pruned by 10 %, layers equalized, smoothed with a strength of 0.5/);
  expect(stdout).toMatch(/8 runs on samples that calibration did not see/);
  expect(stdout).toMatch(/integer +\d+ of \d+ run with an integer kernel/);
  const half = await quantize(log, '--scheme', 'fp16');
  expect(half.stdout).toMatch(/8 runs on made-up inputs/);
  expect(half.stdout).not.toMatch(/integer/);
  expect(half.stdout).not.toMatch(/before/);
});
