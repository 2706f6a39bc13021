import { expect, test } from 'vitest';
import { toNumbers } from '../../src/core/tensor/convert.ts';
import { verificationFeeds } from '../../src/worker/verification-feeds.ts';
import { parseModel } from '../core/passes/graph-text.ts';

const inputsOf = async (shape: string) => {
  const model = parseModel(`opset 17\nin x float32 ${shape}\ny = Relu(x)\nout y float32 ${shape}`);
  const found: { dims: readonly number[]; least: number; largest: number }[] = [];
  for await (const feed of verificationFeeds(model, { dims: {}, seed: 1 })) {
    const { dtype, dims, bytes } = feed.get('x')!;
    const numbers = toNumbers(dtype, bytes);
    found.push({ dims, least: Math.min(...numbers), largest: Math.max(...numbers) });
  }
  return found;
};

test('the first two sets of inputs differ in their distribution, and in their sizes where these are free', async () => {
  const [first, second, ...others] = await inputsOf('[rows, 50]');
  expect(first!.least).toBeGreaterThanOrEqual(0);
  expect(first!.largest).toBeLessThanOrEqual(1);
  expect(second!.least).toBeLessThan(-1);
  expect(second!.dims[0]).not.toBe(first!.dims[0]);
  expect(others.map(({ dims }) => dims)).toEqual([first!.dims, first!.dims]);
  expect(others[0]!.least).toBeLessThan(-1);
  expect(others[1]!.largest).toBeGreaterThan(50);
});

test('where every size is given there are three distributions', async () => {
  const found = await inputsOf('[4, 50]');
  expect(found.map(({ least, largest }) => [least < 0, largest > 10])).toEqual([
    [false, false],
    [true, false],
    [false, true],
  ]);
});
