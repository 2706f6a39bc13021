import { describe, expect, test } from 'vitest';
import { summarizeLatency } from '../../../src/core/profile/latency.ts';
import { countOutliers, detectDrift, detectModes, detectWarmup } from '../../../src/core/profile/stability.ts';
import { createRandom, type Random } from '../../../src/core/random.ts';

const noisy = (count: number, random: Random, level = (_: number) => 10) =>
  Array.from({ length: count }, (_, index) => level(index) * (1 + 0.02 * random.normal() + 0.03 * random.next() ** 8));

/** Share of 200 random series for which `found` is true. */
const share = (found: (random: Random) => boolean): number => {
  let count = 0;
  for (let seed = 0; seed < 200; seed++) if (found(createRandom(seed))) count++;
  return count / 200;
};

const shapes: Record<string, (random: Random) => number> = {
  normal: (random) => 10 + random.normal(),
  uniform: (random) => 5 + 10 * random.next(),
  exponential: (random) => 10 - 3 * Math.log(1 - random.next()),
  lognormal: (random) => 10 * Math.exp(0.4 * random.normal()),
};

describe('warm-up', () => {
  test('a slow start is cut off, and little more', () => {
    for (const slow of [1, 5, 20]) {
      const cuts = Array.from({ length: 50 }, (_, seed) =>
        detectWarmup(noisy(100, createRandom(seed), (index) => (index < slow ? 18 - index / slow : 10))),
      );
      expect(cuts.every(({ runs }) => runs >= slow)).toBe(true);
      expect(cuts.filter(({ runs }) => runs <= slow + 15).length).toBeGreaterThan(45);
    }
  });

  test('a series that never settles says so', () => {
    const falling = detectWarmup(noisy(100, createRandom(3), (index) => (index < 80 ? 20 - index / 10 : 10)));
    expect(falling.settled).toBe(false);
  });

  test('one late outlier does not move the cut', () => {
    const samples = noisy(100, createRandom(5));
    const before = detectWarmup(samples).runs;
    samples[90] = 500;
    expect(detectWarmup(samples).runs).toBe(before);
  });
});

describe('drift', () => {
  test('is found when times rise by a tenth, and seldom without', () => {
    expect(share((random) => detectDrift(noisy(120, random, (index) => 10 + index / 120)) > 0.05)).toBeGreaterThan(
      0.95,
    );
    expect(share((random) => detectDrift(noisy(120, random)) !== 0)).toBeLessThan(0.01);
  });
});

describe('two kinds of runs', () => {
  test('are found when there are two', () => {
    const mixed = (random: Random) =>
      Array.from({ length: 80 }, () => (random.next() < 0.3 ? 13 : 10) * (1 + 0.02 * random.normal()));
    expect(share((random) => detectModes(mixed(random)) !== undefined)).toBeGreaterThan(0.95);
    const modes = detectModes(mixed(createRandom(1)))!;
    expect(modes.centres[0]).toBeCloseTo(10, 0);
    expect(modes.centres[1]).toBeCloseTo(13, 0);
  });

  test.each(Object.entries(shapes))('are not seen in %s times', (_, shape) => {
    expect(share((random) => detectModes(Array.from({ length: 60 }, () => shape(random))) !== undefined)).toBeLessThan(
      0.02,
    );
  });
});

test('outliers are those far out', () => {
  const samples = [...noisy(60, createRandom(2)), 30, 45];
  expect(countOutliers(samples)).toBe(2);
});

describe('latency', () => {
  test('percentiles come only with runs enough', () => {
    const random = createRandom(4);
    const of = (runs: number) => summarizeLatency(noisy(runs, random), { warmup: 0, seed: 1 });
    expect(of(63)).not.toHaveProperty('p90');
    expect(of(64)).toHaveProperty('p90');
    expect(of(661)).not.toHaveProperty('p99');
    expect(of(662)).toHaveProperty('p99');
  });

  test('a quiet series is stable, one with two modes or a drift is not, with the reason', () => {
    const random = createRandom(6);
    expect(summarizeLatency(noisy(100, random), { warmup: -1, seed: 1 })).toMatchObject({ stable: true, problems: [] });
    const drifting = summarizeLatency(
      noisy(100, random, (index) => 10 + index / 30),
      { warmup: 0, seed: 1 },
    );
    expect(drifting.stable).toBe(false);
    expect(drifting.problems[0]).toMatch(/The times rose by \d+ %/);
  });

  test('the warm-up is left out of every figure', () => {
    const latency = summarizeLatency([900, 800, ...noisy(60, createRandom(7))], {
      warmup: 2,
      seed: 1,
      keepSamples: true,
    });
    expect(latency).toMatchObject({ runs: 60, warmup: 2 });
    expect(latency.max).toBeLessThan(15);
    expect(latency.samples).toHaveLength(60);
  });

  test('no runs are no latency', () => {
    expect(() => summarizeLatency([1, 2], { warmup: 2, seed: 1 })).toThrow(RangeError);
  });
});
