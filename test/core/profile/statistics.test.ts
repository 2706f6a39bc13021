import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  median,
  medianInterval,
  pairedCentre,
  quantile,
  serialCorrelation,
  spread,
} from '../../../src/core/profile/statistics.ts';
import { createRandom, type Random } from '../../../src/core/random.ts';

const times = fc.array(fc.double({ min: 1e-3, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 200 });

describe('quantiles', () => {
  test('the median leaves at most half on each side', () => {
    fc.assert(
      fc.property(times, (values) => {
        const middle = median(values);
        expect(values.filter((value) => value < middle).length).toBeLessThanOrEqual(values.length / 2);
        expect(values.filter((value) => value > middle).length).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  test('quantiles stay within the values, grow with q, and do not depend on the order', () => {
    fc.assert(
      fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const value = quantile(values, q);
        expect(value).toBeGreaterThanOrEqual(Math.min(...values));
        expect(value).toBeLessThanOrEqual(Math.max(...values));
        expect(quantile(values, 1)).toBeGreaterThanOrEqual(value);
        expect(quantile([...values].reverse(), q)).toBe(value);
      }),
    );
  });

  test('known values', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([1, 2, 3, 4, 5], 0.9)).toBeCloseTo(4.6);
    expect(spread([1, 2, 3, 4, 5])).toBe(1);
    expect(median([])).toBeNaN();
  });
});

describe('serial correlation', () => {
  test('is near 1 for a slow wave, near 0 for shuffled values, below 0 for alternating ones', () => {
    const wave = Array.from({ length: 400 }, (_, i) => 10 + Math.sin(i / 30));
    expect(serialCorrelation(wave)).toBeGreaterThan(0.95);
    const random = createRandom(1);
    expect(Math.abs(serialCorrelation(wave.map(() => random.next())))).toBeLessThan(0.15);
    expect(serialCorrelation(wave.map((_, i) => i % 2))).toBeLessThan(0);
  });
});

describe('bootstrap interval of the median', () => {
  test('holds the median, is the same for the same seed, and scales with the values', () => {
    fc.assert(
      fc.property(times, fc.integer(), (values, seed) => {
        const [low, high] = medianInterval(values, createRandom(seed), 200);
        expect(low).toBeLessThanOrEqual(high);
        expect(medianInterval(values, createRandom(seed), 200)).toEqual([low, high]);
        const doubled = medianInterval(
          values.map((value) => value * 2),
          createRandom(seed),
          200,
        );
        expect(doubled[0]).toBeCloseTo(low * 2, 6);
      }),
      { numRuns: 40 },
    );
  });

  /** Share of `trials` in which the interval holds the true median. */
  const coverage = (trials: number, sample: (random: Random) => number[], truth: number): number => {
    let held = 0;
    for (let trial = 0; trial < trials; trial++) {
      const random = createRandom(1000 + trial);
      const [low, high] = medianInterval(sample(random), random, 300);
      if (low <= truth && truth <= high) held++;
    }
    return held / trials;
  };

  test('covers the truth about as often as it says, for long-tailed times', () => {
    const lognormal = (random: Random) => Array.from({ length: 60 }, () => 5 * Math.exp(0.2 * random.normal()));
    expect(coverage(300, lognormal, 5)).toBeGreaterThan(0.9);
  });

  test('and nearly so when neighbours resemble each other', () => {
    const drifting = (random: Random) => {
      let level = random.normal();
      return Array.from({ length: 200 }, () => {
        level = 0.7 * level + Math.sqrt(1 - 0.49) * random.normal();
        return 10 + level;
      });
    };
    expect(coverage(300, drifting, 10)).toBeGreaterThan(0.85);
  });
});

describe('centre of paired differences', () => {
  test('moves with the differences and turns with their sign', () => {
    const differences = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 6, maxLength: 60 });
    fc.assert(
      fc.property(differences, fc.double({ min: -5, max: 5, noNaN: true }), (values, shift) => {
        const { estimate, interval } = pairedCentre(values);
        expect(interval[0]).toBeLessThanOrEqual(estimate);
        expect(interval[1]).toBeGreaterThanOrEqual(estimate);
        const moved = pairedCentre(values.map((value) => value + shift));
        expect(moved.estimate).toBeCloseTo(estimate + shift, 9);
        expect(moved.interval[0]).toBeCloseTo(interval[0] + shift, 9);
        const mirrored = pairedCentre(values.map((value) => -value));
        expect(mirrored.interval[0]).toBeCloseTo(-interval[1], 9);
      }),
    );
  });

  test('fewer than six pairs allow no 95 % interval; six allow the whole range', () => {
    expect(pairedCentre([1, 2, 3, 4, 5]).interval).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(pairedCentre([1, 2, 3, 4, 5, 6]).interval).toEqual([1, 6]);
  });

  test('misses the centre in at most 5 % of cases, on both sides of the exact table’s end', () => {
    for (const count of [12, 40, 60]) {
      let missed = 0;
      for (let trial = 0; trial < 400; trial++) {
        const random = createRandom(trial);
        // Symmetric, and as long-tailed as they come.
        const { interval } = pairedCentre(
          Array.from({ length: count }, () => Math.tan(Math.PI * (random.next() - 0.5))),
        );
        if (interval[0] > 0 || interval[1] < 0) missed++;
      }
      expect(missed / 400).toBeLessThan(0.075);
      expect(missed).toBeGreaterThan(0);
    }
  });
});
