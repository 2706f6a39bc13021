import { expect, test } from 'vitest';
import { ticks } from '../../../webview/charts/scatter.tsx';

test('ticks are round figures inside the range', () => {
  expect(ticks(0.47, 1.04)).toEqual([0.6, 0.8, 1]);
  expect(ticks(20.3, 49.4)).toEqual([30, 40]);
  expect(ticks(-0.1, 0.1)).toEqual([-0.1, -0.05, 0, 0.05, 0.1]);
});
