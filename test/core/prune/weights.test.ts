import { describe, expect, test } from 'vitest';
import { type Pruning, pruneWeights } from '../../../src/core/prune/weights.ts';
import { fromNumbers, toFloat32 } from '../../../src/core/tensor/convert.ts';
import { buildModel } from '../../worker/build-model.ts';

async function pruned(
  opType: 'MatMul' | 'Gemm' | 'Conv',
  dims: readonly number[],
  numbers: readonly number[],
  pruning: Pruning,
) {
  const isConv = opType === 'Conv';
  const model = buildModel({
    inputs: { x: ['float32', isConv ? [1, dims[1]!, 4, 4] : [1, opType === 'Gemm' ? dims[1]! : dims[0]!]] },
    outputs: { y: ['float32', isConv ? [1, dims[0]!, 4, 4] : [1, opType === 'Gemm' ? dims[0]! : dims[1]!]] },
    initializers: { w: { dtype: 'float32', dims, bytes: fromNumbers('float32', numbers) } },
    nodes: [{ opType, inputs: ['x', 'w'], outputs: ['y'], attributes: opType === 'Gemm' ? { transB: 1 } : {} }],
  });
  const result = await pruneWeights(model, pruning);
  expect(model.graph.initializers.get('w')!.data.bytes).toEqual(fromNumbers('float32', numbers));
  return {
    zeros: result.zeros,
    of: result.elements,
    outside: result.outside,
    weights: Array.from(toFloat32('float32', result.model.graph.initializers.get('w')!.data.bytes!)),
  };
}

describe('pruneWeights', () => {
  test('a share: the smallest by size, of equal ones the first', async () => {
    expect(await pruned('MatMul', [2, 3], [3, -1, 1, 2, -5, 4], 0.5)).toEqual({
      zeros: 3,
      of: 6,
      outside: 0,
      weights: [3, 0, 0, 0, -5, 4],
    });
  });

  test('nothing at 0', async () => {
    expect((await pruned('MatMul', [2, 1], [3, -1], 0)).weights).toEqual([3, -1]);
  });

  test('2:4 goes down the columns of a MatMul and along the rows of a transposed Gemm', async () => {
    const expected = { zeros: 4, of: 8, outside: 0, weights: [0, -8, -5, 7, 4, 0, 0, 0] };
    expect(await pruned('MatMul', [4, 2], [1, -8, -5, 7, 4, 6, 2, 3], '2:4')).toEqual(expected);
    expect((await pruned('Gemm', [2, 4], [1, -8, -5, 7, 4, 6, 2, 3], '2:4')).weights).toEqual([
      0, -8, 0, 7, 4, 6, 0, 0,
    ]);
  });

  test('2:4 takes input channels of a Conv at each place of its kernel; what is left over stays', async () => {
    const { weights, outside } = await pruned('Conv', [1, 5, 1, 2], [1, 9, 2, 8, 3, 7, 4, 6, 0.5, 0.25], '2:4');
    expect(weights).toEqual([0, 9, 0, 8, 3, 0, 4, 0, 0.5, 0.25]);
    expect(outside).toBe(2);
  });
});
