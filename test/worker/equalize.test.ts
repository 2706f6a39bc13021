import { afterAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
import type { Model } from '../../src/core/graph/model.ts';
import { equalizeLayers } from '../../src/core/quantize/equalize.ts';
import { createRandom } from '../../src/core/random.ts';
import { fromNumbers, toFloat32 } from '../../src/core/tensor/convert.ts';
import { createEvaluator } from '../../src/worker/evaluator.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { buildModel } from './build-model.ts';

const manager = createRuntimeManager();
const evaluator = createEvaluator(manager);
afterAll(async () => {
  await evaluator.dispose();
  manager.dispose();
});

const random = createRandom(3);
function tensor(dims: readonly number[], size: (at: number) => number = () => 1): TensorValue {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const numbers = Array.from({ length: count }, (_, at) => random.normal() * size(at));
  return { dtype: 'float32', dims, bytes: fromNumbers('float32', numbers) };
}
const scalar = (number: number): TensorValue => ({
  dtype: 'float32',
  dims: [],
  bytes: fromNumbers('float32', [number]),
});

/** Channels of very different sizes, as the last axis counts them. */
const uneven = (columns: number) => (at: number) => 4 ** ((at % columns) - columns / 2);

async function outputOf(model: Model, x: TensorValue): Promise<Float32Array> {
  const [outputs] = await evaluator.run({ model, feeds: [new Map([['x', x]])] });
  return toFloat32('float32', outputs!.get('y')!.bytes);
}

const weightsOf = ({ graph }: Model, name: string) => toFloat32('float32', graph.initializers.get(name)!.data.bytes!);

describe('equalized layers compute the same in ONNX Runtime', () => {
  const gemms = (transB: number) =>
    buildModel({
      inputs: { x: ['float32', [3, 5]] },
      outputs: { y: ['float32', [3, 4]] },
      initializers: {
        w1: transB ? tensor([6, 5], (at) => 4 ** (Math.floor(at / 5) - 3)) : tensor([5, 6], uneven(6)),
        b1: tensor([6]),
        w2: tensor(transB ? [4, 6] : [6, 4]),
      },
      nodes: [
        { opType: 'Gemm', inputs: ['x', 'w1', 'b1'], outputs: ['a'], attributes: { transB } },
        { opType: 'Relu', inputs: ['a'], outputs: ['b'] },
        { opType: 'Gemm', inputs: ['b', 'w2'], outputs: ['y'], attributes: { transB } },
      ],
    });
  const products = buildModel({
    inputs: { x: ['float32', [2, 3, 5]] },
    outputs: { y: ['float32', [2, 3, 4]] },
    initializers: { w1: tensor([5, 6], uneven(6)), b1: tensor([6]), w2: tensor([6, 4]) },
    nodes: [
      { opType: 'MatMul', inputs: ['x', 'w1'], outputs: ['m'] },
      { opType: 'Add', inputs: ['b1', 'm'], outputs: ['a'] },
      { opType: 'LeakyRelu', inputs: ['a'], outputs: ['b'], attributes: { alpha: { float: 0.2 } } },
      { opType: 'MatMul', inputs: ['b', 'w2'], outputs: ['y'] },
    ],
  });
  const convolutions = (most?: string) =>
    buildModel({
      inputs: { x: ['float32', [1, 5, 6, 6]] },
      outputs: { y: ['float32', [1, 6, 4, 4]] },
      initializers: {
        w1: tensor([6, 5, 1, 1], (at) => 4 ** (Math.floor(at / 5) - 3)),
        b1: tensor([6]),
        w2: tensor([6, 1, 3, 3]),
        none: scalar(0),
        six: scalar(6),
      },
      nodes: [
        { opType: 'Conv', inputs: ['x', 'w1', 'b1'], outputs: ['a'] },
        { opType: 'Clip', inputs: ['a', 'none', ...(most ? [most] : [])], outputs: ['b'] },
        { opType: 'Conv', inputs: ['b', 'w2'], outputs: ['y'], attributes: { group: 6 } },
      ],
    });

  test.each([
    ['Gemm, weights as they are', gemms(0), [3, 5]],
    ['Gemm, weights transposed', gemms(1), [3, 5]],
    ['MatMul with its bias apart, in rows of a batch', products, [2, 3, 5]],
    ['Conv, clamped from 0 on without end', convolutions(), [1, 5, 6, 6]],
  ])('%s', async (_, model, dims) => {
    const { model: even, pairs } = await equalizeLayers(model);
    expect(pairs).toBe(1);
    expect([...weightsOf(even, 'w1')]).not.toEqual([...weightsOf(model, 'w1')]);
    expect([...weightsOf(even, 'b1')]).not.toEqual([...weightsOf(model, 'b1')]);
    const x = tensor(dims);
    const [before, after] = [await outputOf(model, x), await outputOf(even, x)];
    const largest = Math.max(...before.map(Math.abs));
    for (const [at, value] of before.entries()) expect(Math.abs(after[at]! - value)).toBeLessThan(1e-5 * largest);
  });

  test.each([
    ['a bound above, which is one for all channels', convolutions('six')],
    [
      'a bias that others add too',
      { ...products, graph: { ...products.graph, nodes: [...products.graph.nodes, ...secondReader()] } },
    ],
  ])('%s ends it', async (_, model) => {
    expect(await equalizeLayers(model)).toEqual({ model, pairs: 0 });
  });

  function secondReader() {
    const { graph } = buildModel({
      inputs: { b1: ['float32', [6]] },
      outputs: { z: ['float32', [6]] },
      nodes: [{ opType: 'Neg', inputs: ['b1'], outputs: ['z'] }],
    });
    return graph.nodes.map((node) => ({ ...node, id: 100 as never }));
  }
});
