import { expect, test } from 'vitest';
import { timeDifference } from '../../../src/core/profile/time-difference.ts';

const none = Number.NaN;
const rounded = (values: Float32Array) => Array.from(values, (value) => Math.round(value * 1000) / 1000);

test('a node that stayed is compared with itself, one that is new counts in full', () => {
  expect(rounded(timeDifference([0, 0], Float32Array.of(3, 2), Float32Array.of(5, none)))).toEqual([-2, 2]);
});

test('what was fused is compared with all it was made of', () => {
  const here = Float32Array.of(none, none, none, 4);
  expect(rounded(timeDifference([0, 3, 1, 3, 2, 3], here, Float32Array.of(1, 2, 3)))).toEqual([none, none, none, -2]);
});

test('what was split shares what it was by what it takes', () => {
  const here = Float32Array.of(3, 1);
  const difference = timeDifference([0, 0, 0, 1], here, Float32Array.of(8));
  expect(rounded(difference)).toEqual([-3, -1]);
});

test('what takes no time any more shares evenly', () => {
  expect(rounded(timeDifference([0, 0, 0, 1], Float32Array.of(0, 0), Float32Array.of(6)))).toEqual([-3, -3]);
});

test('a long chain of pairs is one part', () => {
  const nodes = 20_000;
  const pairs = Array.from({ length: nodes }, (_, node) => [node, node, node, Math.min(node + 1, nodes - 1)]).flat();
  const ones = new Float32Array(nodes).fill(1);
  expect(timeDifference(pairs, ones, ones)[7]).toBeCloseTo(0);
});
