import { describe, expect, test } from 'vitest';
import { alignInOrder } from '../../../src/core/diff/align.ts';

describe('items of two lists in order', () => {
  test('are paired where they are equal, as many as can be', () => {
    expect(alignInOrder([1, 2, 3, 4], [1, 9, 3, 4], [])).toEqual([
      [0, 0],
      [2, 2],
      [3, 3],
    ]);
    expect(alignInOrder([1, 2, 1, 2], [2, 1, 2], [])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
    expect(alignInOrder([1], [], [])).toEqual([]);
  });

  test('stay on their side of what is known', () => {
    // The 7s before the known 5 belong together, and so do those behind.
    expect(alignInOrder([7, 5, 7], [5, 7], [[1, 0]])).toEqual([[2, 1]]);
    expect(alignInOrder([7, 5, 7], [7, 5], [[1, 1]])).toEqual([[0, 0]]);
  });

  test('are not led astray by a known pair that crosses the others', () => {
    const known = [
      [0, 0],
      [1, 4],
      [2, 1],
      [4, 3],
    ] as const;
    expect(alignInOrder([1, 2, 3, 8, 5], [1, 3, 8, 5, 2], known)).toEqual([[3, 2]]);
  });
});
