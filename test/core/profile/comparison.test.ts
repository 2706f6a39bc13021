import { describe, expect, test } from 'vitest';
import {
  estimateRatio,
  interruptedShare,
  logRatios,
  type Rounds,
  resolutionPercent,
  roundOrder,
  samplesOf,
  turnQuantile,
  verdictOf,
} from '../../../src/core/profile/comparison.ts';
import { createRandom, type Random } from '../../../src/core/random.ts';

/** Rounds on a machine whose speed wanders, with spikes; B takes `ratio` times as long as A. */
function measure(random: Random, ratio: number, rounds = 20, each = 3): Rounds {
  const order = roundOrder(rounds, random);
  let load = 0;
  const samples = new Float64Array(order.length * each).map((_, index) => {
    load = 0.95 * load + 0.03 * random.normal();
    const spike = random.next() < 0.05 ? 1 + random.next() : 1;
    return 10 * (order[Math.floor(index / each)] === 1 ? ratio : 1) * Math.exp(load + 0.01 * random.normal()) * spike;
  });
  return { order, each, samples };
}

const estimateOf = (seed: number, ratio: number) => {
  const random = createRandom(seed);
  return estimateRatio([0, 1, 2, 3, 4].map(() => logRatios(measure(random, ratio))));
};

/** Rounds on a machine with more to do than it has cores: about a third of the runs wait several times their own length. */
function measureInterrupted(random: Random, ratio: number, only?: 0 | 1): Rounds {
  const [rounds, each] = [20, 5];
  const order = roundOrder(rounds, random);
  let busy = false;
  const samples = new Float64Array(order.length * each).map((_, index) => {
    const side = order[Math.floor(index / each)]! as 0 | 1;
    if (random.next() < 0.1) busy = !busy;
    const waits = busy && random.next() < 0.7 && (only === undefined || side === only);
    return (
      1.7 * (side === 1 ? ratio : 1) * Math.exp(0.01 * random.normal()) + (waits ? 4 * (1 + random.integer(5)) : 0)
    );
  });
  return { order, each, samples };
}

describe('runs that other work interrupts', () => {
  const compared = (seed: number, ratio: number, quantile?: number) => {
    const random = createRandom(seed);
    const pairs = [0, 1, 2, 3, 4].map(() => measureInterrupted(random, ratio));
    const { interval95 } = estimateRatio(pairs.map((rounds) => logRatios(rounds, quantile ?? turnQuantile(pairs))));
    return { verdict: verdictOf(interval95), covered: interval95[0] <= ratio && ratio <= interval95[1] };
  };
  const seeds = Array.from({ length: 100 }, (_, index) => 400 + index);

  test('do not hide a difference of 3 %, which medians of turns do', () => {
    const fast = seeds.map((seed) => compared(seed, 1.03));
    expect(fast.filter(({ verdict }) => verdict === 'slower').length).toBeGreaterThanOrEqual(95);
    expect(fast.filter(({ covered }) => covered).length).toBeGreaterThanOrEqual(90);
    expect(seeds.filter((seed) => compared(seed, 1.03, 0.5).verdict === 'slower').length).toBeLessThan(80);
  });

  test('do not tell two equal models apart', () => {
    expect(seeds.filter((seed) => compared(seed, 1).verdict !== 'no-difference').length).toBeLessThanOrEqual(5);
  });

  test('count as such only where both models have them: slow runs of one are its own', () => {
    expect(interruptedShare([measureInterrupted(createRandom(1), 1)])).toBeGreaterThan(0.2);
    expect(turnQuantile([measureInterrupted(createRandom(1), 1)])).toBe(0.1);
    expect(turnQuantile([{ ...measureInterrupted(createRandom(1), 1), each: 1 }])).toBe(0.5);
    const own = [measureInterrupted(createRandom(1), 1, 1)];
    expect(interruptedShare(own)).toBeLessThan(0.01);
    expect(turnQuantile(own)).toBe(0.5);
    expect(turnQuantile([{ ...own[0]!, samples: own[0]!.samples.map(() => 1.7) }])).toBe(0.5);
  });
});

describe('rounds', () => {
  test('hold each side once, in an order that varies', () => {
    const order = roundOrder(100, createRandom(1));
    for (let round = 0; round < 100; round++) expect(order[2 * round]! + order[2 * round + 1]!).toBe(1);
    const firstA = Array.from({ length: 100 }, (_, round) => order[2 * round]).filter((side) => side === 0).length;
    expect(firstA).toBeGreaterThan(30);
    expect(firstA).toBeLessThan(80);
  });

  test('an unfinished round is left out', () => {
    const rounds = measure(createRandom(2), 1, 10, 3);
    expect(logRatios({ ...rounds, samples: rounds.samples.subarray(0, 6 * 4 + 5) })).toHaveLength(4);
  });

  test('samples are told apart by side', () => {
    const rounds: Rounds = {
      order: new Uint8Array([0, 1, 1, 0]),
      each: 2,
      samples: new Float64Array([1, 2, 3, 4, 5, 6, 7, 8]),
    };
    expect([...samplesOf(rounds, 0)]).toEqual([1, 2, 7, 8]);
    expect([...samplesOf(rounds, 1)]).toEqual([3, 4, 5, 6]);
    expect([...logRatios(rounds)]).toEqual([Math.log(3.5 / 1.5), Math.log(5.5 / 7.5)]);
  });
});

describe('verdict', () => {
  test('two equal models are told apart in at most 5 % of cases, on a machine that drifts', () => {
    let different = 0;
    for (let seed = 0; seed < 300; seed++) {
      if (verdictOf(estimateOf(seed, 1).interval95) !== 'no-difference') different++;
    }
    expect(different / 300).toBeLessThanOrEqual(0.05);
  });

  test.each([1.03, 1.1, 0.9])('a ratio of %d is found and lies in its interval', (ratio) => {
    let found = 0;
    let covered = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { interval95 } = estimateOf(seed, ratio);
      if (verdictOf(interval95) === (ratio > 1 ? 'slower' : 'faster')) found++;
      if (interval95[0] <= ratio && ratio <= interval95[1]) covered++;
    }
    expect(found).toBeGreaterThanOrEqual(95);
    expect(covered).toBeGreaterThanOrEqual(90);
  });

  test('sessions that differ for good widen the interval instead of making a verdict', () => {
    let different = 0;
    for (let seed = 0; seed < 200; seed++) {
      const random = createRandom(seed);
      const pairs = [0, 1, 2, 3, 4].map(() => logRatios(measure(random, Math.exp(0.02 * random.normal()))));
      if (verdictOf(estimateRatio(pairs).interval95) !== 'no-difference') different++;
    }
    expect(different / 200).toBeLessThanOrEqual(0.08);
  });

  test('too few rounds prove nothing', () => {
    const rounds = logRatios(measure(createRandom(1), 2, 4));
    expect(verdictOf(estimateRatio([rounds]).interval95)).toBe('no-difference');
  });

  test('resolution is what remains possible, or how exactly a difference is known', () => {
    expect(resolutionPercent([0.99, 1.03])).toBeCloseTo(3);
    expect(resolutionPercent([1.08, 1.12])).toBeCloseTo(2);
  });
});
