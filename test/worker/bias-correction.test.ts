import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
import type { Model } from '../../src/core/graph/model.ts';
import { createRandom } from '../../src/core/random.ts';
import { fromNumbers, toFloat32 } from '../../src/core/tensor/convert.ts';
import { writeNpz } from '../../src/core/tensor/npz.ts';
import { createEvaluator } from '../../src/worker/evaluator.ts';
import { makeTemporaryFolder } from '../../src/worker/model-source.ts';
import { quantizeModel } from '../../src/worker/quantize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { buildModel } from './build-model.ts';

const manager = createRuntimeManager();
const evaluator = createEvaluator(manager);
const folder = await makeTemporaryFolder();
afterAll(async () => {
  await evaluator.dispose();
  manager.dispose();
  await folder.remove();
});

const random = createRandom(11);
function tensor(dims: readonly number[], mean = 0): TensorValue {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const numbers = Array.from({ length: count }, () => mean + random.normal());
  return { dtype: 'float32', dims, bytes: fromNumbers('float32', numbers) };
}

/** Inputs far from 0 on the average: what rounding takes from the weights then shifts the outputs. */
const samples = tensor([24, 6, 32], 8);
const path = join(folder.path, 'data.npz');
writeFileSync(path, writeNpz(new Map([['x', samples]])));

const shape = [1, 6, 32] as const;
const initializers = { w: tensor([32, 8]), b: tensor([8]), again: tensor([1]) };
const added = buildModel({
  inputs: { x: ['float32', shape] },
  outputs: { y: ['float32', [1, 6, 8]] },
  initializers,
  nodes: [
    { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] },
    { opType: 'Add', inputs: ['m', 'b'], outputs: ['y'] },
  ],
});
const shared = buildModel({
  inputs: { x: ['float32', shape] },
  outputs: { y: ['float32', [1, 6, 8]], z: ['float32', [8]] },
  initializers,
  nodes: [
    { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] },
    { opType: 'Add', inputs: ['m', 'b'], outputs: ['y'] },
    { opType: 'Sin', inputs: ['b'], outputs: ['z'] },
  ],
});

async function quantized(model: Model, correctBias: boolean): Promise<Model> {
  const result = await quantizeModel(
    { model, identity: { path: 'built', bytes: 0, irVersion: 8, producer: '', opsets: {} } },
    {
      scheme: 'static-int8',
      perChannel: false,
      calibration: path,
      correctBias,
      settings: { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 },
      verify: true,
      measure: false,
    },
    { manager, opscope: 'test' },
  );
  return result.model;
}

async function run(model: Model, name: string): Promise<Float32Array[]> {
  const feeds = Array.from({ length: 24 }, (_, at) => {
    const bytes = samples.bytes.slice(at * 4 * 6 * 32, (at + 1) * 4 * 6 * 32);
    return new Map([['x', { dtype: 'float32' as const, dims: shape, bytes }]]);
  });
  return (await evaluator.run({ model, feeds })).map((outputs) => toFloat32('float32', outputs.get(name)!.bytes));
}

/** By how much each of the 8 channels of `y` is off on the average over all samples, squared and summed. */
async function shift(model: Model, float: Model): Promise<number> {
  const [before, after] = [await run(float, 'y'), await run(model, 'y')];
  const sums = new Float64Array(8);
  for (const [at, values] of before.entries())
    for (const [index, value] of values.entries()) sums[index % 8]! += after[at]![index]! - value;
  return sums.reduce((sum, each) => sum + (each / (24 * 6)) ** 2, 0);
}

describe('what is added to a MatMul takes back what rounded weights shift it by', () => {
  test.each([
    ['a bias of its own', added],
    ['a bias that others read, too', shared],
  ])('%s', async (_, model) => {
    const [corrected, plain] = [await quantized(model, true), await quantized(model, false)];
    expect(await shift(corrected, model)).toBeLessThan(0.2 * (await shift(plain, model)));
  });

  test('who else reads the bias gets it as it was', async () => {
    const [before] = await run(shared, 'z');
    const [after] = await run(await quantized(shared, true), 'z');
    expect([...after!]).toEqual([...before!]);
  });
});
