import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DiffReport } from '../../src/core/report/report.ts';
import { runCli } from './run-cli.ts';

const root = resolve(import.meta.dirname, '../..');
const sample = join(root, 'samples/image-classifier/image-classifier.onnx');

let folder: string;
let simplified: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opscope-text-'));
  simplified = join(folder, 'simplified.onnx');
  await runCli('optimize', sample, '-o', simplified, '--no-verify', '--quiet');
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('opscope text', () => {
  test('prints the same text each time, and writes it to a file', async () => {
    const { stdout } = await runCli('text', sample);
    expect(stdout).toContain('"/stem/stem.0/Conv_output_0" = Conv <dilations: ints = [1, 1]');
    expect((await runCli('text', sample)).stdout).toBe(stdout);
    const file = join(folder, 'model.txt');
    await runCli('text', sample, '-o', file);
    expect(await readFile(file, 'utf8')).toBe(stdout);
  });

  test('shows git what changed in a model, as its textconv', async () => {
    const git = (...words: readonly string[]) =>
      execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...words], {
        cwd: folder,
        encoding: 'utf8',
      });
    git('init', '-q');
    git('config', 'diff.onnx.textconv', `"${process.execPath}" "${join(root, 'src/cli/main.ts')}" text`);
    await writeFile(join(folder, '.gitattributes'), '*.onnx diff=onnx\n');
    await copyFile(sample, join(folder, 'model.onnx'));
    git('add', 'model.onnx');
    git('commit', '-qm', 'original');
    await copyFile(simplified, join(folder, 'model.onnx'));
    const changed = git('diff', 'model.onnx').split('\n');
    expect(changed.filter((line) => /^-.* = BatchNormalization /.test(line))).toHaveLength(20);
    expect(changed.filter((line) => /^\+.* = BatchNormalization /.test(line))).toHaveLength(0);
  });
});

describe('opscope diff', () => {
  test('lists removed and changed nodes, for programs and for people', async () => {
    const report = JSON.parse((await runCli('diff', sample, simplified, '--json')).stdout) as DiffReport;
    expect(report).toMatchObject({ schema: 1, a: { path: sample }, b: { path: simplified }, added: [] });
    expect(report.same + report.changed.length + report.removed.length).toBe(95);
    expect(report.removed.filter(({ opType }) => opType === 'BatchNormalization')).toHaveLength(20);
    expect(report.changed).toContainEqual(
      expect.objectContaining({ differences: ['input 3: no constant → float[24]'] }),
    );
    const { stdout } = await runCli('diff', sample, simplified);
    expect(stdout).toContain('- BatchNormalization /head/head.1/BatchNormalization');
    expect(stdout).toMatch(/~ Conv \/stem\/stem\.0\/Conv +input 3: no constant → float\[24\]/);
  });

  test('finds nothing between a model and itself, elements of weights included', async () => {
    const { stdout, code } = await runCli('diff', sample, sample, '--weights', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ same: 95, changed: [], added: [], removed: [] });
  });
});
