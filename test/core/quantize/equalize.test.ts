import { describe, expect, test } from 'vitest';
import { equalizeLayers } from '../../../src/core/quantize/equalize.ts';
import { fromNumbers, toFloat32 } from '../../../src/core/tensor/convert.ts';
import { buildModel } from '../../worker/build-model.ts';

const tensor = (dims: readonly number[], numbers: readonly number[]) => ({
  dtype: 'float32' as const,
  dims,
  bytes: fromNumbers('float32', numbers),
});

/** Two 1 by 1 convolutions, one channel to two to one. */
const pair = (between: string, second = tensor([1, 2, 1, 1], [1, 16])) =>
  buildModel({
    inputs: { x: ['float32', [1, 1, 2, 2]] },
    outputs: { y: ['float32', [1, second.dims[0]!, 2, 2]] },
    initializers: { w1: tensor([2, 1, 1, 1], [4, -1]), b1: tensor([2], [8, 6]), w2: second },
    nodes: [
      { opType: 'Conv', inputs: ['x', 'w1', 'b1'], outputs: ['a'] },
      { opType: between, inputs: ['a'], outputs: ['b'] },
      { opType: 'Conv', inputs: ['b', 'w2'], outputs: ['y'], attributes: { group: second.dims[1] === 1 ? 2 : 1 } },
    ],
  });

async function weightsOf(model: ReturnType<typeof buildModel>) {
  const { model: equalized, pairs } = await equalizeLayers(model);
  const read = (name: string) => {
    const found = equalized.graph.initializers.get(name)!;
    return Array.from(toFloat32('float32', found.data.bytes!));
  };
  return { pairs, w1: read('w1'), b1: read('b1'), w2: read('w2') };
}

describe('equalizeLayers', () => {
  test('both sides of a channel get the geometric mean of their largest weights', async () => {
    // Channel 0: 4 and 1 become 2 and 2, scale 2. Channel 1: 1 and 16 become 4 and 4, scale 1/4.
    expect(await weightsOf(pair('Relu'))).toEqual({ pairs: 1, w1: [2, -4], b1: [4, 24], w2: [2, 4] });
  });

  test('a depthwise layer reads each channel by itself', async () => {
    const depthwise = tensor([2, 1, 1, 1], [1, 4]);
    expect(await weightsOf(pair('Relu', depthwise))).toEqual({ pairs: 1, w1: [2, -2], b1: [4, 12], w2: [2, 2] });
  });

  test('a function that does not scale with its input ends it', async () => {
    expect(await weightsOf(pair('Sigmoid'))).toEqual({ pairs: 0, w1: [4, -1], b1: [8, 6], w2: [1, 16] });
  });

  test('a channel without weights stays as it is', async () => {
    const { w1, w2 } = await weightsOf(pair('Relu', tensor([1, 2, 1, 1], [0, 16])));
    expect(w1).toEqual([4, -4]);
    expect(w2).toEqual([0, 4]);
  });
});
