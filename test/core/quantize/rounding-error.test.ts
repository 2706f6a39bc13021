import { expect, test } from 'vitest';
import { addElement, cosine, decibels, joinedError, noError } from '../../../src/core/quantize/rounding-error.ts';

const errorOf = (before: readonly number[], now: readonly number[]) => {
  const error = noError();
  for (const [index, value] of before.entries()) addElement(error, value, now[index]!);
  return error;
};

test('signal to noise, cosine and the largest difference come from the same sums', () => {
  const error = errorOf([3, 4, 0], [3, 3, -1]);
  expect(decibels(error)).toBeCloseTo(10 * Math.log10(25 / 2));
  expect(cosine(error)).toBeCloseTo(21 / (5 * Math.sqrt(19)));
  expect(error.maxAbs).toBe(1);
});

test('parts add up to the error of all numbers', () => {
  const joined = joinedError([errorOf([1, -2], [1, -2.5]), errorOf([8], [7])]);
  expect(joined).toEqual(errorOf([1, -2, 8], [1, -2.5, 7]));
});

test('nothing changed is 140 dB and the same direction, nothing but zeros too', () => {
  expect([decibels(errorOf([2], [2])), cosine(errorOf([2], [2]))]).toEqual([140, 1]);
  expect([decibels(errorOf([0], [0])), cosine(errorOf([0], [0]))]).toEqual([140, 1]);
  expect(cosine(errorOf([2], [0]))).toBe(0);
  expect(cosine(errorOf([2], [-2]))).toBe(-1);
});
