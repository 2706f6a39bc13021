import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseTensorProto } from '../../src/core/tensor/tensor-proto.ts';
import { runCli } from './run-cli.ts';

const sample = resolve(import.meta.dirname, '../../samples/log-classifier/log-classifier.onnx');
const folder = mkdtempSync(join(tmpdir(), 'opscope-cli-inputs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const command = (...parameters: string[]) => runCli('inputs', sample, '--dim', 'batch=2', ...parameters);

describe('opscope inputs', { timeout: 60_000 }, () => {
  test('writes what a measurement runs on, and what comes of it; both ways it is read back the same', async () => {
    const output = join(folder, 'data');
    const { code, stdout } = await command('-o', output, '--expected', '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ schema: 1, model: sample, output, sets: 1 });
    const file = (name: string) => join(output, 'test_data_set_0', name);
    expect(report.files).toEqual([
      ...report.inputs.map((_: unknown, index: number) => file(`input_${index}.pb`)),
      file('output_0.pb'),
    ]);
    const result = await parseTensorProto(readFileSync(file('output_0.pb')));
    expect(result.value.dims[0]).toBe(2);

    const archive = join(folder, 'again.npz');
    expect((await command('--inputs', output, '-o', archive)).code).toBe(0);
    const again = join(folder, 'again');
    expect((await command('--inputs', archive, '-o', again, '--expected')).code).toBe(0);
    for (const name of report.files.map((each: string) => each.slice(file('').length)))
      expect(readFileSync(join(again, 'test_data_set_0', name))).toEqual(readFileSync(file(name)));
  });

  test('says what is wrong with the request, and replaces nothing', async () => {
    const archive = join(folder, 'one.npz');
    expect((await command('-o', archive)).code).toBe(0);
    const before = readFileSync(archive);
    const twice = await command('--seed', '2', '-o', archive);
    expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining('is there already')]);
    expect(readFileSync(archive)).toEqual(before);
    const expected = await command('-o', join(folder, 'two.npz'), '--expected');
    expect([expected.code, expected.stderr]).toEqual([2, expect.stringContaining('holds inputs only')]);
    const none = await command('-o', join(folder, 'none', 'two.npz'));
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('does not exist')]);
  });
});
