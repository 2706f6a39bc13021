import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../src/core/graph/byte-source.ts';
import type { DataType } from '../../src/core/graph/data-type.ts';
import { Draft } from '../../src/core/graph/draft.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { constantBehind } from '../../src/worker/constant-behind.ts';
import { tensorValues } from '../../src/worker/tensor-details.ts';
import { buildModel } from './build-model.ts';

const tensorOf = (dtype: DataType, values: readonly number[]) => ({
  name: 'w',
  dtype,
  dims: [values.length],
  data: bufferSource(fromNumbers(dtype, values)),
});

describe('pages of a tensor', () => {
  const counted = Array.from({ length: 20 }, (_, index) => index % 7);

  test.each(['float32', 'float16', 'int64', 'int4', 'uint8'] as const)('%s', async (dtype) => {
    const tensor = tensorOf(dtype, counted);
    const page = async (offset: number) => (await tensorValues(tensor, offset, 8)).map(Number);
    expect(await page(0)).toEqual(counted.slice(0, 8));
    expect(await page(8)).toEqual(counted.slice(8, 16));
    expect(await page(16)).toEqual(counted.slice(16));
    expect(await tensorValues(tensor, 24, 8)).toEqual([]);
  });

  test('whole numbers are written as such', async () => {
    expect(await tensorValues(tensorOf('int8', [-3, 100]), 0, 8)).toEqual(['-3', '100']);
  });

  test('text', async () => {
    const strings = ['a', 'b', 'c'].map((text) => new TextEncoder().encode(text));
    const data = bufferSource(new Uint8Array());
    const tensor = { name: 'w', dtype: 'string' as const, dims: [3], data, strings };
    expect(await tensorValues(tensor, 0, 2)).toEqual(['a', 'b']);
  });
});

test('a constant is found behind Identity, and though it is listed as an input', () => {
  const w = { dtype: 'float32' as const, dims: [1], bytes: fromNumbers('float32', [3]) };
  const model = buildModel({
    inputs: { x: ['float32', [1]], listed: ['float32', [1]] },
    outputs: { y: ['float32', [1]] },
    initializers: { w, listed: w },
    nodes: [
      { opType: 'Identity', inputs: ['w'], outputs: ['w1'] },
      { opType: 'Identity', inputs: ['w1'], outputs: ['w2'] },
      { opType: 'Identity', inputs: ['x'], outputs: ['x1'] },
      { opType: 'Relu', inputs: ['w'], outputs: ['made'] },
      { opType: 'Sum', inputs: ['w2', 'x1', 'listed', 'made'], outputs: ['y'] },
    ],
  });
  const { main } = new Draft(model);
  expect(main.constant('listed')).toBeUndefined();
  expect(constantBehind(main, 'w2')?.name).toBe('w');
  expect(constantBehind(main, 'listed')?.name).toBe('listed');
  for (const value of ['x', 'x1', 'made', 'nowhere', '']) expect(constantBehind(main, value)).toBeUndefined();
});

test('Identity nodes in a circle lead nowhere', () => {
  const model = buildModel({
    inputs: {},
    outputs: { a: ['float32', [1]] },
    nodes: [
      { opType: 'Identity', inputs: ['b'], outputs: ['a'] },
      { opType: 'Identity', inputs: ['a'], outputs: ['b'] },
    ],
  });
  expect(constantBehind(new Draft(model).main, 'a')).toBeUndefined();
});
