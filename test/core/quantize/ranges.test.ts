import { describe, expect, test } from 'vitest';
import {
  affineOf,
  type QuantizedType,
  quantizeNumber,
  roundHalfEven,
  usedLimits,
} from '../../../src/core/quantize/ranges.ts';

describe('limits', () => {
  test.each([
    ['int8', [-127, 127], [-64, 64]],
    ['uint8', [0, 255], [0, 127]],
    ['int16', [-32767, 32767], [-16384, 16384]],
    ['uint16', [0, 65535], [0, 32767]],
    ['int4', [-7, 7], [-4, 3]],
    ['uint4', [0, 15], [0, 7]],
  ] as const)('%s: symmetric and reduced', (type, symmetric, reduced) => {
    expect(usedLimits(type, { symmetric: true })).toEqual(symmetric);
    expect(usedLimits(type, { reduceRange: true })).toEqual(reduced);
  });
});

describe('affineOf', () => {
  test('spreads a range over the type, and always has 0 in it', () => {
    expect(affineOf({ min: 0, max: 2.55 }, 'uint8')).toEqual({ scale: Math.fround(0.01), zeroPoint: 0 });
    expect(affineOf({ min: 1, max: 2.55 }, 'uint8')).toEqual({ scale: Math.fround(0.01), zeroPoint: 0 });
    expect(affineOf({ min: -1, max: 1.55 }, 'uint8')).toEqual({ scale: Math.fround(0.01), zeroPoint: 100 });
    expect(affineOf({ min: -1, max: 1.55 }, 'int8')).toEqual({ scale: Math.fround(0.01), zeroPoint: -28 });
  });

  test('symmetric ranges put the zero point in the middle', () => {
    expect(affineOf({ min: -1.27, max: 0.3 }, 'int8', { symmetric: true })).toEqual({
      scale: Math.fround(0.01),
      zeroPoint: 0,
    });
    expect(affineOf({ min: -1.275, max: 0 }, 'uint8', { symmetric: true })).toEqual({
      scale: Math.fround(0.01),
      zeroPoint: 128,
    });
  });

  test('a range of nothing, or one that overflows, has scale 1', () => {
    expect(affineOf({ min: 0, max: 0 }, 'uint8')).toEqual({ scale: 1, zeroPoint: 0 });
    expect(affineOf({ min: 0, max: 1e-40 }, 'uint8')).toEqual({ scale: 1, zeroPoint: 0 });
    expect(affineOf({ min: -Infinity, max: 1 }, 'uint8')).toEqual({ scale: 1, zeroPoint: 0 });
  });
});

test('numbers are rounded half to even and clipped to the whole type', () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5].map(roundHalfEven)).toEqual([0, 2, 2, 0, -2]);
  const affine = { scale: 1, zeroPoint: 0 };
  expect([-200, -127.6, 2.5, 200].map((value) => quantizeNumber(value, affine, 'int8'))).toEqual([-128, -128, 2, 127]);
});

test('what is stored is never further off than half a step', () => {
  for (const type of ['uint8', 'int8', 'uint16', 'int4'] satisfies QuantizedType[]) {
    const range = { min: -0.7, max: 2.1 };
    const affine = affineOf(range, type);
    for (let value = range.min; value <= range.max; value += 0.013) {
      const back = (quantizeNumber(value, affine, type) - affine.zeroPoint) * affine.scale;
      expect(Math.abs(back - value)).toBeLessThanOrEqual(affine.scale * 1.0001);
    }
  }
});
