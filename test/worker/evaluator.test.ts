import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { RuntimeError, type TensorValue } from '../../src/core/evaluator.ts';
import { bufferSource } from '../../src/core/graph/byte-source.ts';
import type { Model } from '../../src/core/graph/model.ts';
import { readModel } from '../../src/core/onnx/read-model.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { createEvaluator } from '../../src/worker/evaluator.ts';
import { prepareModel } from '../../src/worker/model-source.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { buildModel } from './build-model.ts';

const manager = createRuntimeManager();
const evaluator = createEvaluator(manager);
afterAll(() => manager.dispose());

const float = (dims: readonly number[], values: readonly number[]): TensorValue => ({
  dtype: 'float32',
  dims,
  bytes: fromNumbers('float32', values),
});

const doubling: Model = buildModel({
  inputs: { x: ['float32', ['n']] },
  outputs: { y: ['float32', ['n']], z: ['float32', ['n']] },
  nodes: [
    { opType: 'Add', inputs: ['x', 'x'], outputs: ['y'] },
    { opType: 'Neg', inputs: ['y'], outputs: ['z'] },
  ],
});

const numbers = (value: TensorValue | undefined) => Array.from(new Float32Array(value!.bytes.slice().buffer));

describe('evaluator', () => {
  test('runs a model once for each set of feeds, and gives the outputs asked for', async () => {
    const feeds = [new Map([['x', float([2], [1, 2])]]), new Map([['x', float([3], [0, -1, 4])]])];
    const both = await evaluator.run({ model: doubling, feeds });
    expect(both.map((outputs) => numbers(outputs.get('y')))).toEqual([
      [2, 4],
      [0, -2, 8],
    ]);
    const one = await evaluator.run({ model: doubling, feeds, outputs: ['z'] });
    expect([...one[0]!.keys()]).toEqual(['z']);
    expect(numbers(one[0]!.get('z'))).toEqual([-2, -4]);
  });

  test('giving up the sessions of a process that is gone starts none', async () => {
    const own = createRuntimeManager();
    const of = createEvaluator(own);
    await of.run({ model: doubling, feeds: [new Map([['x', float([1], [1])]])] });
    expect(own.pid).not.toBeNull();
    own.dispose();
    await of.dispose();
    expect(own.pid).toBeNull();
  });

  test('goes back and forth between more models than it keeps, also after the process died', async () => {
    const models = [1, 2, 3].map((step) =>
      buildModel({
        inputs: {},
        outputs: { y: ['float32', [1]] },
        initializers: { c: float([1], [step]) },
        nodes: [{ opType: 'Neg', inputs: ['c'], outputs: ['y'] }],
      }),
    );
    for (const round of [0, 1]) {
      for (const [index, model] of models.entries()) {
        const [outputs] = await evaluator.run({ model, feeds: [new Map()] });
        expect(numbers(outputs!.get('y'))).toEqual([-(index + 1)]);
      }
      if (round === 0) {
        const dying = manager.use(({ client, pid }) => {
          process.kill(pid, 'SIGKILL');
          return client.describe(undefined);
        });
        await expect(dying).rejects.toThrow(/The system killed the runtime process/);
      }
    }
  });

  test('a refused model is a RuntimeError with its reason', async () => {
    const model = buildModel({
      inputs: { x: ['float32', [1]] },
      outputs: { y: ['float32', [1]] },
      nodes: [{ opType: 'NoSuchOperator', inputs: ['x'], outputs: ['y'] }],
    });
    const run = evaluator.run({ model, feeds: [new Map([['x', float([1], [1])]])] });
    await expect(run).rejects.toBeInstanceOf(RuntimeError);
    await expect(run).rejects.toThrow(/NoSuchOperator/);
  });

  test.each(['bfloat16', 'float8e4m3fn'] as const)(
    '%s, which the binding cannot pass, is refused in words',
    async (dtype) => {
      const model = buildModel({
        inputs: { x: [dtype, [1]] },
        outputs: { y: ['float32', [1]] },
        nodes: [{ opType: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: 1 } }],
      });
      const value: TensorValue = { dtype, dims: [1], bytes: new Uint8Array(dtype === 'bfloat16' ? 2 : 1) };
      await expect(evaluator.run({ model, feeds: [new Map([['x', value]])] })).rejects.toThrow(
        /cannot pass|implementation/,
      );
    },
  );

  test('strings, booleans and 64-bit integers cross unchanged', async () => {
    const values: TensorValue[] = [
      { dtype: 'string', dims: [2], bytes: new Uint8Array(0), strings: ['é', ''] },
      { dtype: 'bool', dims: [2], bytes: new Uint8Array([1, 0]) },
      { dtype: 'int64', dims: [2], bytes: new Uint8Array(new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n]).buffer) },
    ];
    for (const value of values) {
      const model = buildModel({
        inputs: { x: [value.dtype, [2]] },
        outputs: { y: [value.dtype, [2]] },
        nodes: [{ opType: 'Identity', inputs: ['x'], outputs: ['y'] }],
      });
      const [outputs] = await evaluator.run({ model, feeds: [new Map([['x', value]])] });
      const result = outputs!.get('y')!;
      expect({ ...result, bytes: [...result.bytes] }).toEqual({ ...value, bytes: [...value.bytes] });
    }
  });
});

test('a large model goes as a file, which is gone afterwards', async () => {
  const big = buildModel({
    inputs: {},
    outputs: { y: ['float32', []] },
    initializers: { w: { dtype: 'float32', dims: [10_000_000], bytes: new Uint8Array(40_000_000) } },
    nodes: [{ opType: 'ReduceSum', inputs: ['w'], outputs: ['y'], attributes: { keepdims: 0 } }],
  });
  const prepared = await prepareModel(big);
  const path = 'path' in prepared.source ? prepared.source.path : '';
  const { model } = await readModel(bufferSource(await readFile(path)), () => bufferSource(new Uint8Array(0)));
  expect(model.graph.initializers.get('w')!.dims).toEqual([10_000_000]);
  await prepared.dispose();
  await expect(readFile(path)).rejects.toThrow(/ENOENT/);
});
