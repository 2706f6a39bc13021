import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { readAll } from '../../src/core/graph/byte-source.ts';
import { missingWeights, openModel, operatorSet, UnreadableModelError } from '../../src/worker/open-model.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { message } from '../core/onnx/proto.ts';

const home = mkdtempSync(join(tmpdir(), 'opscope-open-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

let round = 0;
let outside: string;
let folder: string;
beforeEach(() => {
  outside = join(home, String(round++));
  folder = join(outside, 'model');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(outside, 'secret.bin'), Buffer.from('secret words that nobody may see'));
  writeFileSync(join(folder, 'weights.bin'), new Uint8Array(new Float32Array(8).fill(3).buffer));
});

test('names the weights that are not there, and none from outside', async () => {
  const file = join(folder, 'model.onnx');
  for (const [location, missing] of [
    ['weights.bin', []],
    ['parts/more.bin', ['parts/more.bin']],
    ['../nothing.bin', []],
  ] as const) {
    writeFileSync(file, modelWith(location));
    expect(await missingWeights(file)).toEqual(missing);
  }
});

test('the operator set is read past the graph, and needs none of the weights', async () => {
  const file = join(folder, 'model.onnx');
  const imported = (domain: string, version: number) =>
    message([
      [1, domain],
      [2, version],
    ]);
  const graph = [7, new Uint8Array(100_000)] as const;
  for (const [imports, expected] of [
    [[imported('', 17)], 17],
    [[imported('com.microsoft', 1), imported('ai.onnx', 11)], 11],
    [[imported('', 9), imported('', 13)], 13],
    [[imported('com.microsoft', 1)], null],
    [[], null],
  ] as const) {
    writeFileSync(file, message([[1, 8], graph, ...imports.map((each) => [8, each] as [number, Uint8Array])]));
    expect(await operatorSet(file)).toBe(expected);
  }
  writeFileSync(file, 'version https://git-lfs.github.com/spec/v1');
  await expect(operatorSet(file)).rejects.toThrow(/Git LFS/);
  writeFileSync(file, message([[7, new Uint8Array(1000)]]).subarray(0, 500));
  await expect(operatorSet(file)).rejects.toThrow(/beyond its message/);
});

/** A model whose only weight, eight floats, lies in another file. */
function modelWith(location: string, offset = '0', length = '32'): Uint8Array {
  const entry = (key: string, value: string) =>
    message([
      [1, key],
      [2, value],
    ]);
  const tensor = message([
    [1, 8],
    [2, 1],
    [8, 'w'],
    [13, entry('location', location)],
    [13, entry('offset', offset)],
    [13, entry('length', length)],
    [14, 1],
  ]);
  return message([
    [1, 8],
    [7, message([[5, tensor]])],
    [8, message([[2, 17]])],
  ]);
}

async function open(location: string, offset?: string, length?: string) {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, modelWith(location, offset, length));
  return openModel(path);
}

describe('weights in other files', () => {
  test.each([
    '../secret.bin',
    'sub/../../secret.bin',
    '..\\secret.bin',
    '/etc/passwd',
    'C:\\secret.bin',
    '\\\\host\\share\\secret.bin',
    'weights.bin\0.txt',
    '',
  ])('%j is refused', async (location) => {
    const { model, problems, close } = await open(location);
    expect(problems.map(({ code, message }) => [code, /outside its own folder/.test(message)])).toEqual([
      ['external-data', true],
    ]);
    const target = join(folder, 'copy.onnx');
    writeFileSync(target, 'old');
    await expect(readAll(model.graph.initializers.get('w')!.data)).rejects.toThrow('outside its own folder');
    await expect(saveModel(model, target)).rejects.toThrow('outside its own folder');
    expect(readFileSync(target, 'utf8')).toBe('old');
    await close();
  });

  test.each([
    ['a file', 'secret.bin', 'linked.bin', 'linked.bin'],
    ['a folder', '.', 'linked', 'linked/secret.bin'],
  ])('a link to %s outside is refused', async (_, target, link, location) => {
    symlinkSync(join(outside, target), join(folder, link));
    const { model, problems, close } = await open(location);
    expect(problems[0]?.message).toMatch('a link that leads out');
    await expect(readAll(model.graph.initializers.get('w')!.data)).rejects.toThrow('a link that leads out');
    await close();
  });

  test('a link to another file of the folder is followed', async () => {
    symlinkSync('weights.bin', join(folder, 'linked.bin'));
    const { model, problems, close } = await open('linked.bin');
    expect(problems).toEqual([]);
    expect(new Float32Array((await readAll(model.graph.initializers.get('w')!.data)).slice().buffer)[7]).toBe(3);
    await close();
  });

  test('one file is opened and counted once, however its path is written', async () => {
    const entry = (location: string) =>
      message([
        [1, 'location'],
        [2, location],
      ]);
    symlinkSync('weights.bin', join(folder, 'linked.bin'));
    const locations = Array.from({ length: 500 }, (_, index) => `${'./'.repeat(index)}weights.bin`);
    const tensors = [...locations, 'linked.bin'].map((location, index) =>
      message([
        [1, 8],
        [2, 1],
        [8, `w${index}`],
        [13, entry(location)],
        [14, 1],
      ]),
    );
    const path = join(folder, 'model.onnx');
    const file = message([
      [1, 8],
      [7, message(tensors.map((tensor) => [5, tensor] as const))],
      [8, message([[2, 17]])],
    ]);
    writeFileSync(path, file);
    const descriptors = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);
    const before = descriptors();
    const { model, problems, bytes, close } = await openModel(path);
    expect(descriptors() - before).toBeLessThan(10);
    expect(problems).toEqual([]);
    expect(bytes).toBe(file.length + 32);
    const last = await readAll(model.graph.initializers.get('w500')!.data);
    expect(new Float32Array(last.slice().buffer)[7]).toBe(3);
    await close();
  });

  test('a folder of links to files that lie side by side is opened, as model caches have it', async () => {
    const blobs = join(outside, 'blobs');
    mkdirSync(blobs);
    writeFileSync(join(blobs, 'a1'), modelWith('model.data'));
    writeFileSync(join(blobs, 'b2'), new Uint8Array(32));
    symlinkSync('../blobs/a1', join(folder, 'model.onnx'));
    symlinkSync('../blobs/b2', join(folder, 'model.data'));
    const { problems, bytes, close } = await openModel(join(folder, 'model.onnx'));
    expect(problems).toEqual([]);
    expect(bytes).toBeGreaterThan(32);
    await close();
  });

  test.each([
    ['weights.bin', '-4', '32'],
    ['weights.bin', '0', '-1'],
    ['weights.bin', '99999999999999999999', '32'],
    ['weights.bin', '0', 'many'],
    ['weights.bin', '4', '32'],
    ['missing.bin', '0', '32'],
    ['.', '0', '32'],
  ])('%s from %s, %s bytes, is a problem and not a crash', async (location, offset, length) => {
    const { model, problems, close } = await open(location, offset, length);
    expect(problems.map(({ code }) => code)).toContain('external-data');
    await expect(model.graph.initializers.get('w')!.data.read(0, 1)).rejects.toThrow();
    await close();
  });

  test.skipIf(process.platform === 'win32')('a pipe in its place does not hang', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const { problems, close } = await open('pipe');
    expect(problems.map(({ code }) => code)).toEqual(['external-data']);
    await close();
  });
});

test('weights are written into the folder, never through a link out of it', async () => {
  writeFileSync(join(folder, 'large.bin'), new Uint8Array(4096).fill(5));
  const source = join(folder, 'source.onnx');
  writeFileSync(source, modelWith('large.bin', '0', '4096'));
  const opened = await openModel(source);
  symlinkSync(join(outside, 'secret.bin'), join(folder, 'saved.data'));
  await saveModel(opened.model, join(folder, 'saved.onnx'), { weights: 'external', externalName: 'saved.data' });
  expect(readFileSync(join(outside, 'secret.bin'), 'utf8')).toMatch('secret words');
  expect(lstatSync(join(folder, 'saved.data')).isFile()).toBe(true);
  const saved = await openModel(join(folder, 'saved.onnx'));
  expect((await readAll(saved.model.graph.initializers.get('w')!.data)).every((byte) => byte === 5)).toBe(true);
  await opened.close();
  await saved.close();
});

test.each([
  ['an empty file', '', 'is empty'],
  ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:1\n', 'git lfs pull'],
  ['a web page', '<!DOCTYPE html><html>', 'a text file'],
  ['a ZIP archive', 'PK\x03\x04 and so on', 'a ZIP archive'],
])('%s is named for what it is', async (_, text, expected) => {
  const path = join(folder, 'odd.onnx');
  writeFileSync(path, text);
  const error = await openModel(path).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UnreadableModelError);
  expect((error as Error).message).toMatch(expected);
  expect(existsSync(path)).toBe(true);
});
