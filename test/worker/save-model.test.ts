import { type ChildProcess, spawn } from 'node:child_process';
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
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
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
