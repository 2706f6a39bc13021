import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
import type { ByteSource } from '../../src/core/graph/byte-source.ts';
import type { Model, Tensor } from '../../src/core/graph/model.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { buildModel } from './build-model.ts';

const home = mkdtempSync(join(tmpdir(), 'opscope-save-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A model with `count` weights of a megabyte each, all elements of which are `value`. */
function heavyModel(value: number, count: number) {
  const weight = (): TensorValue => ({
    dtype: 'float32',
    dims: [1 << 18],
    bytes: new Uint8Array(new Float32Array(1 << 18).fill(value).buffer),
  });
  const names = Array.from({ length: count }, (_, index) => `w${index}`);
  return buildModel({
    inputs: { x: ['float32', [1 << 18]] },
    outputs: { y: ['float32', [1 << 18]] },
    initializers: Object.fromEntries(names.map((name) => [name, weight()])),
    nodes: [{ opType: 'Sum', inputs: ['x', ...names], outputs: ['y'] }],
  });
}

/** The value that all elements of all weights have; undefined when they are not all the same. */
async function weightOf(path: string): Promise<number | undefined> {
  const opened = await openModel(path);
  try {
    const values = new Set<number>();
    for (const { data } of opened.model.graph.initializers.values()) {
      const bytes = await data.read(0, data.byteLength);
      for (const each of new Float32Array(bytes.slice().buffer)) values.add(each);
    }
    return values.size === 1 ? [...values][0] : undefined;
  } finally {
    await opened.close();
  }
}

const temporaries = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

function startSaving(
  source: string,
  target: string,
  weights: string,
  shell = '',
): ChildProcess & { output: Promise<string> } {
  const script = join(import.meta.dirname, 'save-child.ts');
  const child = shell
    ? spawn('bash', ['-c', `${shell}; exec "$0" "$@"`, process.execPath, script, source, target, weights])
    : spawn(process.execPath, [script, source, target, weights]);
  let text = '';
  child.stdout!.on('data', (chunk) => {
    text += chunk;
  });
  const output = new Promise<string>((resolve) => child.once('close', () => resolve(text)));
  return Object.assign(child, { output });
}

describe('weights beside the model', () => {
  const zeros = new Uint8Array(1 << 23);
  /** `length` bytes of zeros that are nowhere. */
  const nowhere = (length: number): ByteSource => ({
    byteLength: length,
    read: async (_, count, into) => into?.subarray(0, count) ?? zeros.subarray(0, count),
  });
  const modelOf = (lengths: readonly number[]): Model => {
    const model = heavyModel(0, 0);
    const tensors = lengths.map((length, index): [string, Tensor] => [
      `w${index}`,
      { name: `w${index}`, dtype: 'uint8', dims: [length], data: nowhere(length) },
    ]);
    return { ...model, graph: { ...model.graph, initializers: new Map(tensors) } };
  };
  const placesOf = async (path: string) => {
    const { model, problems, close } = await openModel(path);
    await close();
    expect(problems).toEqual([]);
    return [...model.graph.initializers.values()].map(({ external }) => external);
  };

  test('lie where ONNX Runtime can map them into memory; small ones stay in the model', async () => {
    const path = join(mkdtempSync(join(home, 'aligned-')), 'model.onnx');
    await saveModel(modelOf([100, 5000, 1 << 20, 3000, 3 << 20]), path, { weights: 'external' });
    const location = 'model.onnx.data';
    expect(await placesOf(path)).toEqual([
      undefined,
      { location, offset: 0, length: 5000 },
      { location, offset: 65536, length: 1 << 20 },
      { location, offset: 65536 + (1 << 20), length: 3000 },
      { location, offset: 65536 * 18, length: 3 << 20 },
    ]);
  });

  test('take over by themselves where one file could not hold the model', async () => {
    const folder = mkdtempSync(join(home, 'large-'));
    const path = join(folder, 'model.onnx');
    const model = modelOf([2 ** 30, 2 ** 30]);
    await expect(saveModel(model, path, { weights: 'inline' })).rejects.toThrow(/larger than 2 GB/);
    expect(readdirSync(folder)).toEqual([]);
    await saveModel(model, path);
    expect((await placesOf(path)).map((place) => place?.offset)).toEqual([0, 2 ** 30]);
    rmSync(folder, { recursive: true });
  });
});

describe('saving over a file', () => {
  const small = () => heavyModel(2, 1);

  test('goes through a link and keeps permissions', async () => {
    const folder = mkdtempSync(join(home, 'link-'));
    const real = join(folder, 'real.onnx');
    const link = join(folder, 'link.onnx');
    writeFileSync(real, 'old');
    chmodSync(real, 0o640);
    symlinkSync('real.onnx', link);
    await saveModel(small(), link);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(statSync(real).mode & 0o777).toBe(0o640);
    expect(await weightOf(real)).toBe(2);
    expect(temporaries(folder)).toEqual([]);
  });

  test('removes what killed saves have left, and nothing of those that may still write', async () => {
    const folder = mkdtempSync(join(home, 'left-'));
    const path = join(folder, 'a.onnx');
    const ended = spawnSync(process.execPath, ['-e', '']).pid;
    const left = (name: string, age: number) => {
      writeFileSync(join(folder, name), 'left');
      const written = Date.now() / 1000 - age;
      utimesSync(join(folder, name), written, written);
    };
    left(`.a.onnx.${ended}.0123abcd.tmp`, 3600);
    left(`.a.onnx.${ended}.4567abcd.tmp`, 5);
    left(`.a.onnx.${process.pid}.0123abcd.tmp`, 3600);
    left(`.b.onnx.${ended}.0123abcd.tmp`, 3600);
    await saveModel(small(), path);
    expect(readdirSync(folder).sort()).toEqual(
      [
        `.a.onnx.${ended}.4567abcd.tmp`,
        `.a.onnx.${process.pid}.0123abcd.tmp`,
        `.b.onnx.${ended}.0123abcd.tmp`,
        'a.onnx',
      ].sort(),
    );
  });

  test('says what is in the way', async () => {
    const folder = mkdtempSync(join(home, 'way-'));
    mkdirSync(join(folder, 'folder.onnx'));
    await expect(saveModel(small(), join(folder, 'folder.onnx'))).rejects.toThrow(/is a folder/);
    await expect(saveModel(small(), join(folder, 'none', 'a.onnx'))).rejects.toThrow(/folder of .* does not exist/);
    for (const externalName of ['../w', '/w', '..', 'a/b', 'a.onnx']) {
      const saving = saveModel(small(), join(folder, 'a.onnx'), { weights: 'external', externalName });
      await expect(saving).rejects.toThrow(/beside the model/);
    }
    expect(readdirSync(folder)).toEqual(['folder.onnx']);
  });

  // The superuser may write everywhere, so that nothing can be shown with it.
  test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'leaves a write-protected file alone',
    async () => {
      const path = join(mkdtempSync(join(home, 'protected-')), 'a.onnx');
      writeFileSync(path, 'old', { mode: 0o444 });
      await expect(saveModel(small(), path)).rejects.toThrow(/may not be written/);
      expect(readFileSync(path, 'utf8')).toBe('old');
    },
  );
});

// Windows has neither limits of a shell nor signals.
describe.skipIf(process.platform === 'win32')('a save that does not come to its end', () => {
  const source = join(home, 'source.onnx');
  const oldModel = heavyModel(1, 8);
  beforeAll(() => saveModel(heavyModel(2, 24), source));

  test.each(['inline', 'external'] as const)('no room for it: the old file stays, %s weights', async (weights) => {
    const folder = mkdtempSync(join(home, 'room-'));
    const target = join(folder, 'model.onnx');
    await saveModel(oldModel, target, { weights });
    const files = readdirSync(folder);
    // Files may reach 10 MiB here: as on a full disk, writing fails in the middle.
    const output = await startSaving(source, target, weights, "trap '' XFSZ; ulimit -f 10240").output;
    expect(output).toMatch(/failed: .*(larger than files may be|disk is full)/);
    expect(await weightOf(target)).toBe(1);
    expect(readdirSync(folder)).toEqual(files);
  });

  test.each(['inline', 'external'] as const)('killed at any moment: old or new, whole, %s weights', async (weights) => {
    const seen = new Set<number | undefined>();
    for (let round = 0; round < 8; round++) {
      const folder = mkdtempSync(join(home, 'kill-'));
      const target = join(folder, 'model.onnx');
      await saveModel(oldModel, target, { weights });
      const child = startSaving(source, target, weights);
      await new Promise((resolve) => child.stdout!.once('data', resolve));
      // The first is let through, so that both outcomes are seen.
      if (round > 0) await new Promise((resolve) => setTimeout(resolve, round * 15));
      else await child.output;
      child.kill('SIGKILL');
      await child.output;
      const value = await weightOf(target);
      expect([1, 2]).toContain(value);
      seen.add(value);
      rmSync(folder, { recursive: true });
    }
    expect(seen).toEqual(new Set([1, 2]));
  });

  test('killed before any change of names: weights of a name that was asked for, old or new, whole', async () => {
    const seen: (number | undefined)[] = [];
    for (let step = 1; ; step++) {
      const folder = mkdtempSync(join(home, 'pair-'));
      const target = join(folder, 'model.onnx');
      await saveModel(oldModel, target, { weights: 'external', externalName: 'w.bin' });
      const output = await startSaving(source, target, `w.bin:${step}`).output;
      seen.push(await weightOf(target));
      if (!output.includes('saved')) continue;
      expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'w.bin']);
      break;
    }
    // Before each of the six: two files get their names, the weights theirs, the model that points there, and the first goes.
    expect(seen).toEqual([1, 1, 2, 2, 2, 2, 2]);
  });

  test('Save in the editor, killed at any moment: the name is never gone, and the old file has its backup', async () => {
    const seen = new Set<string>();
    for (let round = 0; round < 8; round++) {
      const folder = mkdtempSync(join(home, 'editor-'));
      const target = join(folder, 'model.onnx');
      await saveModel(oldModel, target);
      const child = startSaving(source, target, 'editor');
      await new Promise((resolve) => child.stdout!.once('data', resolve));
      if (round > 0) await new Promise((resolve) => setTimeout(resolve, round * 10));
      else expect(await child.output).toContain('saved');
      child.kill('SIGKILL');
      await child.output;
      const { model, close } = await openModel(target);
      await close();
      expect(await weightOf(target)).toBe(1);
      seen.add(model.producerName);
      if (model.producerName === 'changed') expect(await weightOf(`${target}.bak`)).toBe(1);
      rmSync(folder, { recursive: true });
    }
    expect(seen).toEqual(new Set(['', 'changed']));
  });

  test('Save in the editor through a link keeps what the link leads to', async () => {
    const folder = mkdtempSync(join(home, 'linked-'));
    const real = join(folder, 'real.onnx');
    const target = join(folder, 'model.onnx');
    await saveModel(oldModel, real);
    symlinkSync(real, target);
    const before = readFileSync(real);
    expect(await startSaving(source, target, 'editor').output).toContain('saved');
    expect(readFileSync(`${target}.bak`)).toEqual(before);
    expect(lstatSync(target).isSymbolicLink()).toBe(true);
    expect(readFileSync(real)).not.toEqual(before);
  });
});
