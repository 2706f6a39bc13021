import { afterAll, expect, test } from 'vitest';
import type { Evaluator, TensorValue } from '../../../src/core/evaluator.ts';
import type { Model } from '../../../src/core/graph/model.ts';
import { observe, remaining } from '../../../src/core/quantize/calibration.ts';
import { createEvaluator } from '../../../src/worker/evaluator.ts';
import { createRuntimeManager } from '../../../src/worker/runtime-client.ts';
import { buildModel } from '../../worker/build-model.ts';

const manager = createRuntimeManager();
const evaluator = createEvaluator(manager);
afterAll(() => manager.dispose());

test('values are reduced as soon as they are there: what is read of the first ones stands last in the file', async () => {
  const model = buildModel({
    inputs: { x: ['float32', [1, 2, 4]] },
    outputs: { c: ['float32', [1, 2, 4]] },
    nodes: [
      { opType: 'Neg', inputs: ['x'], outputs: ['a'] },
      { opType: 'Exp', inputs: ['a'], outputs: ['b'] },
      { opType: 'Sqrt', inputs: ['b'], outputs: ['c'] },
    ],
  });
  let run: Model | undefined;
  const noting: Evaluator = {
    run: (request) => {
      run = request.model;
      return evaluator.run(request);
    },
  };
  const x: TensorValue = {
    dtype: 'float32',
    dims: [1, 2, 4],
    bytes: new Uint8Array(new Float32Array([0, 1, 2, 3, 4, 5, 6, 7]).buffer),
  };
  const samples = {
    count: 1,
    async *feeds() {
      yield new Map([['x', x]]);
    },
  };
  const channels = new Map([['a', { axes: [0, 2], channels: 2 }]]);
  const { ranges, means } = await observe(model, ['x', 'a', 'c'], channels, samples, { evaluator: noting });
  expect(ranges.get('x')).toEqual({ min: 0, max: 7 });
  expect(ranges.get('a')).toEqual({ min: -7, max: -0 });
  expect(ranges.get('c')!.max).toBeCloseTo(1, 6);
  expect([...means.get('a')!]).toEqual([-1.5, -5.5]);
  const reductions = run!.graph.nodes.filter(({ opType }) => opType.startsWith('Reduce'));
  expect(reductions.map(({ inputs }) => inputs[0])).toEqual(['c', 'c', 'a', 'a', 'a', 'x', 'x']);
});

test('the next sample is read while the current one runs, and reading ends with an error of either', async () => {
  const log: string[] = [];
  const samples = {
    count: 3,
    async *feeds() {
      try {
        for (const name of ['1', '2', '3']) {
          log.push(`read ${name}`);
          yield new Map();
        }
      } finally {
        log.push('closed');
      }
    },
  };
  const run = async () => {
    for await (const [, index] of remaining(samples, {}, [], [])) {
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`run ${index + 1}`);
      if (index === 1) throw new Error('no more');
    }
  };
  await expect(run()).rejects.toThrow('no more');
  expect(log).toEqual(['read 1', 'read 2', 'run 1', 'read 3', 'run 2', 'closed']);
});
