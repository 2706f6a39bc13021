import { describe, expect, test } from 'vitest';
import { addToHistogram, emptyHistogram, rangeOf } from '../../../src/core/quantize/histogram-calibration.ts';
import { createRandom } from '../../../src/core/random.ts';

/** Normal numbers with one far out at 40. */
function withOutlier() {
  const random = createRandom(5);
  const values = Float32Array.from({ length: 200_000 }, () => random.normal());
  values[10] = 40;
  const histogram = emptyHistogram({ min: -5, max: 40 });
  addToHistogram(histogram, values);
  return { values, histogram };
}

describe('rangeOf', () => {
  test.each(['percentile', 'entropy', 'mse'] as const)('%s cuts one far number off and keeps the rest', (method) => {
    const { histogram } = withOutlier();
    const { min, max } = rangeOf(histogram, method);
    // One number of 200,000 weighs little for a distribution, more for squared error.
    expect(max).toBeLessThan(method === 'mse' ? 35 : 20);
    expect(max).toBeGreaterThan(2.5);
    expect(min).toBeLessThan(-2.5);
  });

  test('mse stores the numbers with less error than their whole range does', () => {
    const { values, histogram } = withOutlier();
    const range = rangeOf(histogram, 'mse');
    const errorOf = ({ min, max }: { min: number; max: number }) => {
      const step = (max - min) / 255;
      return values.reduce((sum, value) => {
        const code = Math.min(255, Math.max(0, Math.round((value - min) / step)));
        return sum + (value - (min + code * step)) ** 2;
      }, 0);
    };
    expect(errorOf(range)).toBeLessThan(errorOf({ min: -5, max: 40 }));
  });

  test.each(['percentile', 'entropy', 'mse'] as const)(
    '%s keeps what Relu lets through, however much it holds back',
    (method) => {
      const random = createRandom(6);
      const values = Float32Array.from({ length: 100_000 }, () => Math.max(0, random.normal() - 1));
      const most = values.reduce((largest, value) => Math.max(largest, value));
      const histogram = emptyHistogram({ min: 0, max: most });
      addToHistogram(histogram, values);
      // Five of six are exactly 0, which has a code of its own whatever the range is.
      expect(rangeOf(histogram, method).max).toBeGreaterThan(0.5 * most);
    },
  );

  test('numbers that are all the same keep their range', () => {
    const histogram = emptyHistogram({ min: 0, max: 0 });
    addToHistogram(histogram, new Float32Array(10));
    for (const method of ['percentile', 'entropy', 'mse'] as const)
      expect(rangeOf(histogram, method)).toEqual({ min: 0, max: 0 });
  });

  test('all numbers are counted, those at the very end too', () => {
    const histogram = emptyHistogram({ min: -1, max: 1 });
    addToHistogram(histogram, Float32Array.of(-1, -0.5, 0, 0.5, 1));
    expect(histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(5);
  });
});
