/** Beyond this many comparisons a gap is left alone. */
const mostCells = 250_000;

/**
 * Pairs of equal items of two lists that go up in both: between known pairs, a longest common subsequence of what lies
 * in the gap. Positions count from 0; `known` need not be in order, and pairs that cross others are passed over.
 */
export function alignInOrder(
  a: readonly number[],
  b: readonly number[],
  known: readonly (readonly [a: number, b: number])[],
): readonly (readonly [a: number, b: number])[] {
  const anchors = [...longestRise(known.toSorted(([one], [other]) => one - other)), [a.length, b.length] as const];
  const found: [number, number][] = [];
  let [fromA, fromB] = [0, 0];
  for (const [toA, toB] of anchors) {
    if ((toA - fromA) * (toB - fromB) <= mostCells) found.push(...commonSubsequence(a, b, fromA, toA, fromB, toB));
    [fromA, fromB] = [toA + 1, toB + 1];
  }
  return found;
}

/** The most pairs whose second positions go up, of pairs whose first do (patience sorting). */
function longestRise(pairs: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const tails: number[] = [];
  const before = new Int32Array(pairs.length).fill(-1);
  for (const [index, [, b]] of pairs.entries()) {
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tails[middle]!]![1] < b) low = middle + 1;
      else high = middle;
    }
    before[index] = tails[low - 1] ?? -1;
    tails[low] = index;
  }
  const rise: (readonly [number, number])[] = [];
  for (let index = tails.at(-1) ?? -1; index >= 0; index = before[index]!) rise.push(pairs[index]!);
  return rise.reverse();
}

/** By dynamic programming over the lengths of the common subsequences of all ends of the two ranges. */
function commonSubsequence(
  a: readonly number[],
  b: readonly number[],
  fromA: number,
  toA: number,
  fromB: number,
  toB: number,
): readonly [number, number][] {
  const [rows, columns] = [toA - fromA, toB - fromB];
  if (rows <= 0 || columns <= 0) return [];
  const width = columns + 1;
  const lengths = new Uint16Array((rows + 1) * width);
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      lengths[row * width + column] =
        a[fromA + row] === b[fromB + column]
          ? lengths[(row + 1) * width + column + 1]! + 1
          : Math.max(lengths[(row + 1) * width + column]!, lengths[row * width + column + 1]!);
    }
  }
  const found: [number, number][] = [];
  let [row, column] = [0, 0];
  while (row < rows && column < columns) {
    if (a[fromA + row] === b[fromB + column]) found.push([fromA + row++, fromB + column++]);
    else if (lengths[(row + 1) * width + column]! >= lengths[row * width + column + 1]!) row++;
    else column++;
  }
  return found;
}
