import { afterAll, expect, test } from 'vitest';
import { movingAverageRanges } from '../../../src/core/quantize/calibration.ts';
import { fromNumbers } from '../../../src/core/tensor/convert.ts';
import { createEvaluator } from '../../../src/worker/evaluator.ts';
import { createRuntimeManager } from '../../../src/worker/runtime-client.ts';
import { parseModel } from '../passes/graph-text.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

test('the first samples count alike, later ones by the rate', async () => {
  const model = parseModel('opset 17\nin x float32 [2]\na = Neg(x)\ny = Neg(a)\nout y float32');
  const samples = {
    count: 4,
    async *feeds() {
      for (const size of [4, 2, 6, 4]) {
        const bytes = fromNumbers('float32', [-size, size / 2]);
        yield new Map([['x', { dtype: 'float32' as const, dims: [2], bytes }]]);
      }
    },
  };
  const evaluator = createEvaluator(manager);
  const ranges = await movingAverageRanges(model, ['a'], samples, { evaluator }, 0.5);
  // Means of −2, −1 and of 4, 2; then half of the way to −3 and 6, and half of that to −2 and 4.
  expect(ranges.get('a')).toEqual({ min: -2.125, max: 4.25 });
  const slow = await movingAverageRanges(model, ['a'], samples, { evaluator }, 0.01);
  expect(slow.get('a')!.min).toBeCloseTo(-2, 12);
  expect(slow.get('a')!.max).toBeCloseTo(4, 12);
});
