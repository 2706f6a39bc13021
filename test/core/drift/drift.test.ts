import { describe, expect, test } from 'vitest';
import { drift, kolmogorovLimit, kolmogorovSmirnov, populationStability } from '../../../src/core/drift/drift.ts';
import { createDistribution, sketchSize } from '../../../src/core/drift/sketch.ts';
import { createRandom } from '../../../src/core/random.ts';

const distribution = (...pieces: readonly ArrayLike<number>[]) => {
  const builder = createDistribution(createRandom(1));
  for (const piece of pieces) builder.add(piece);
  return builder.finish();
};
const oneToTen = Array.from({ length: 10 }, (_, index) => index + 1);
const normals = (count: number, seed: number, shift = 0) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.normal() + shift);
};

describe('a distribution', () => {
  test('has the figures of all elements, however they come', () => {
    const all = distribution([2, 4, 4, 4], [5, 5, 7, 9, Number.NaN, Number.POSITIVE_INFINITY]);
    // Mean 5; squared distances 9+1+1+1+0+0+4+16 = 32, over 8 elements 4.
    expect(all).toEqual({
      elements: 8,
      nonFinite: 2,
      mean: 5,
      deviation: 2,
      min: 2,
      max: 9,
      sketch: [2, 4, 4, 4, 5, 5, 7, 9],
    });
  });

  test('keeps the ends and evenly spaced ranks of many elements', () => {
    const { sketch } = distribution(Float64Array.from({ length: 10_001 }, (_, index) => 10_000 - index));
    expect(sketch).toHaveLength(sketchSize);
    expect(sketch.slice(0, 3)).toEqual([0, 10, 20]);
    expect(sketch.at(-1)).toBe(10_000);
  });

  test('of more elements than are kept is drawn from all of them', () => {
    const { sketch, elements } = distribution(Float64Array.from({ length: 400_000 }, (_, index) => index));
    expect(elements).toBe(400_000);
    // The median of 100,000 draws lies within ±5 standard errors, 5 · 400,000 · 0.5/√100,000 ≈ 3,163.
    expect(Math.abs(sketch[500]! - 200_000)).toBeLessThan(3163);
  });

  test('of nothing is empty', () => {
    expect(distribution()).toMatchObject({ elements: 0, mean: 0, deviation: 0, sketch: [] });
  });
});

describe('the population stability index', () => {
  test('is 0 for the same data', () => {
    expect(populationStability(oneToTen, oneToTen)).toBe(0);
  });

  test('by hand: half of the tenths empty, the others double', () => {
    // Baseline: 0.1 in each of ten bins. New: 1 … 5 twice, so 0.2 in five bins and none, taken as 0.0001, in five.
    const now = oneToTen.map((value) => Math.ceil(value / 2));
    const expected = 5 * 0.1 * Math.log(2) + 5 * (0.0001 - 0.1) * Math.log(0.0001 / 0.1);
    expect(populationStability(oneToTen, now)).toBeCloseTo(expected, 12);
    expect(expected).toBeCloseTo(3.797, 3);
  });

  test('by hand: of two values, from even to three quarters', () => {
    // Edges 0 and 1. Shares up to 0: 0.5 → 0.25; up to 1: 0.5 → 0.75. 0.25·ln 2 + 0.25·ln 1.5.
    expect(populationStability([0, 0, 1, 1], [0, 1, 1, 1])).toBeCloseTo(0.25 * Math.log(2) + 0.25 * Math.log(1.5), 12);
  });
});

describe('the Kolmogorov–Smirnov distance', () => {
  test('by hand', () => {
    // After 2: 2/4 against 0/3. After 3: 3/4 against 1/3, after 4: 4/4 against 2/3.
    expect(kolmogorovSmirnov([1, 2, 3, 4], [3, 4, 5])).toBeCloseTo(0.5, 12);
    expect(kolmogorovSmirnov([1, 2], [3, 4])).toBe(1);
    expect(kolmogorovSmirnov([1, 1, 2], [1, 1, 2])).toBe(0);
    expect(kolmogorovSmirnov([0, 0, 0, 1], [0, 1, 1, 1])).toBe(0.5);
  });

  test('its limit by hand', () => {
    // √(−ln 0.005 / 2) = 1.6276; n = m = 100: √(200/10,000) = 0.14142.
    expect(kolmogorovLimit(100, 100)).toBeCloseTo(0.23018, 5);
    expect(kolmogorovLimit(1, 1)).toBe(1);
  });
});

describe('drift', () => {
  const baseline = distribution(normals(500, 1));

  test('is not found between draws of one distribution', () => {
    const verdicts = Array.from({ length: 40 }, (_, seed) =>
      drift(baseline, distribution(normals(300, 100 + seed)), [500, 300]),
    );
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(Array(40).fill('stable'));
  });

  test('is found where the mean moves by a deviation; by 0.4 of one it is a shift', () => {
    expect(drift(baseline, distribution(normals(300, 7, 1)), [500, 300]).verdict).toBe('drifted');
    // The index of two normal distributions d deviations apart is d² before binning: 0.16.
    const moved = drift(distribution(normals(20_000, 1)), distribution(normals(20_000, 2, 0.4)), [20_000, 20_000]);
    expect(moved.verdict).toBe('shifted');
    expect(moved.psi).toBeGreaterThan(0.13);
    expect(moved.psi).toBeLessThan(0.17);
  });

  test('is not claimed on a handful of samples', () => {
    expect(drift(baseline, distribution(normals(3, 7, 1)), [500, 3]).verdict).toBe('stable');
  });
});
