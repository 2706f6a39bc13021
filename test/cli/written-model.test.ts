import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openModel } from '../../src/worker/open-model.ts';
import { runCli } from './run-cli.ts';

const sample = resolve(import.meta.dirname, '../../samples/image-classifier/image-classifier.onnx');
const home = mkdtempSync(join(tmpdir(), 'opscope-cli-written-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const commands: readonly (readonly [string, readonly string[]])[] = [
  ['optimize', ['--no-verify']],
  ['quantize', ['--scheme', 'fp16', '--no-verify', '--no-measure']],
  ['prune', ['--ratio', '0.1', '--no-verify', '--no-measure']],
];

describe.each(commands)('opscope %s --external-data', { timeout: 120_000 }, (command, options) => {
  const folder = mkdtempSync(join(home, `${command}-`));
  const output = join(folder, 'model.onnx');
  const run = (weights: string) => runCli(command, sample, '-o', output, '--external-data', weights, ...options);

  test('puts the weights where it is told, also where they were before', async () => {
    for (let time = 0; time < 2; time++) {
      expect((await run('w.bin')).code).toBe(0);
      expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'w.bin']);
    }
    const { model, problems, close } = await openModel(output);
    await close();
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    const places = [...model.graph.initializers.values()].flatMap(({ external }) => external?.location ?? []);
    expect(new Set(places)).toEqual(new Set(['w.bin']));
  });

  test('takes no file that may hold the weights of another model', async () => {
    writeFileSync(join(folder, 'other.bin'), 'of another model');
    const { code, stderr } = await run('other.bin');
    expect([code, stderr]).toEqual([2, expect.stringContaining('weights of another model')]);
    expect(readFileSync(join(folder, 'other.bin'), 'utf8')).toBe('of another model');
  });
});
