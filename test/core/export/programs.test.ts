import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programs } from '../../../src/core/export/programs.ts';
import { exported, measured, value } from './exported-model.ts';

const repository = resolve(import.meta.dirname, '../../..');
/** A Python that has onnxruntime. */
const python = process.env.OPSCOPE_PYTHON;
const classifier = exported({
  inputs: [value('image', 'float32', 1, 3, 32, 32)],
  measured: measured({ threads: 2, dims: {} }),
});

let folder: string;
beforeAll(async () => {
  // Inside the repository, where Node finds onnxruntime-node.
  await mkdir(join(repository, 'test-results'), { recursive: true });
  folder = await mkdtemp(join(repository, 'test-results/programs-'));
  await copyFile(join(repository, 'samples/image-classifier/image-classifier.onnx'), join(folder, 'model.onnx'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = async (command: string, file: string, text: string) => {
  await writeFile(join(folder, file), text);
  const { status, stdout, stderr } = spawnSync(command, [file], { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr: status === 0 ? '' : stderr };
};

describe('programs that run a model', () => {
  test('in Node', async () => {
    const ran = await run(process.execPath, 'run.mjs', programs(classifier, 'model.onnx').javascript);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toMatch(/float32 \[ 1, \d+ \]/);
  });

  // Needs a Python with onnxruntime, named in OPSCOPE_PYTHON.
  test.skipIf(!python)('in Python', async () => {
    const ran = await run(python!, 'run.py', programs(classifier, 'model.onnx').python);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toMatch(/float32 \(1, \d+\)/);
  });

  test('have what was measured best in them', () => {
    const { python, javascript, csharp } = programs(exported({ measured: measured() }), 'model.onnx');
    expect(javascript).toContain('intraOpNumThreads: 4');
    expect(javascript).toContain('new Float32Array(1204224), [8, 3, 224, 224]');
    expect(python).toContain('np.zeros((8, 3, 224, 224), np.float32)');
    expect(csharp).toContain('new DenseTensor<float>(new int[] { 8, 3, 224, 224 })');
    expect(csharp).toContain('options.IntraOpNumThreads = 4;');
  });

  test('take 1 for a size that was not measured, whatever its name', () => {
    const { python } = programs(exported({ inputs: [value('x', 'int64', 'constructor')] }), 'model.onnx');
    expect(python).toContain('np.zeros((1,), np.int64)');
  });

  test('are not written for inputs that they cannot make', () => {
    expect(() => programs(exported({ inputs: [value('x', 'int4', 2)] }), 'm.onnx')).toThrow('x cannot be given');
  });
});
