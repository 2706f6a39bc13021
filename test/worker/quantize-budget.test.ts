import { expect, test } from 'vitest';
import { front, isWithin, limitsOf } from '../../src/worker/quantize-budget.ts';

test('without labels 20 dB are asked for, with labels half a point; what is given holds, all of it', () => {
  expect(limitsOf({}, { bytes: 1000, metric: undefined })).toEqual({ sqnrDb: 20 });
  expect(limitsOf({}, { bytes: 1000, metric: 0.9 })).toEqual({ metric: 0.895 });
  const all = limitsOf({ minSqnr: 30, maxMetricDrop: 2, maxSize: 0.3 }, { bytes: 1000, metric: 0.9 });
  expect(all).toEqual({ sqnrDb: 30, metric: 0.88, bytes: 300 });
  expect(limitsOf({ maxSize: 5e6 }, { bytes: 1000, metric: 0.9 }).bytes).toBe(5e6);
});

test('a candidate that breaks one limit is out, whatever the others say', () => {
  const limits = { sqnrDb: 30, metric: 0.88, bytes: 300 };
  const good = { sqnrDb: 30, metric: 0.88, bytes: 300 };
  expect(isWithin(good, limits)).toBe(true);
  expect(isWithin({ ...good, sqnrDb: null }, limits)).toBe(true);
  expect(isWithin({ ...good, sqnrDb: 29.9 }, limits)).toBe(false);
  expect(isWithin({ ...good, metric: 0.879 }, limits)).toBe(false);
  expect(isWithin({ ...good, bytes: 301 }, limits)).toBe(false);
});

test('a drop of exactly what is allowed is allowed, though shares are no exact numbers', () => {
  const metric = 459 / 500;
  const limits = limitsOf({ maxMetricDrop: 0.6 }, { bytes: 1, metric });
  expect(isWithin({ sqnrDb: 1, metric: 456 / 500, bytes: 1 }, limits)).toBe(true);
  expect(isWithin({ sqnrDb: 1, metric: 455 / 500, bytes: 1 }, limits)).toBe(false);
});

test('the front is what no other beats in both', () => {
  const points = [
    { time: 0.5, quality: 20 },
    { time: 0.5, quality: 30 },
    { time: 0.7, quality: 30 },
    { time: 0.8, quality: 40 },
    { time: 0.9, quality: 35 },
  ];
  expect(front(points, { time: (each) => each.time, quality: (each) => each.quality })).toEqual([points[1], points[3]]);
});
