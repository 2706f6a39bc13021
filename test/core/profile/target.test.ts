import { expect, test } from 'vitest';
import { isKept, roundsP90 } from '../../../src/core/profile/target.ts';

test('a target is kept or missed only where all rounds say so', () => {
  const rounds = roundsP90([1.2, 0.9, 1, 1.1, 1.05, 0.95]);
  expect(rounds).toEqual({ median: 1.025, interval: [0.9, 1.2], rounds: 6 });
  expect(isKept(rounds, 1.2)).toBe(true);
  expect(isKept(rounds, 0.89)).toBe(false);
  expect(isKept(rounds, 1)).toBeNull();
});
