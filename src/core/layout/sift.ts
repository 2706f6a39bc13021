/** Orders of rows by sifting: what hangs together moves as one over all rows, to where the fewest links cross. */
import type { Side } from './order.ts';

/**
 * Points in chains, each linked to the next by the only link of both; `members[start[chain]]` is the point of a chain in
 * row `top[chain]`, those of the rows below follow.
 */
export interface Chains {
  readonly count: number;
  readonly of: Int32Array;
  readonly top: Int32Array;
  readonly start: Int32Array;
  readonly members: Int32Array;
}

export function chainsOf(rank: Int32Array, down: Side, up: Side): Chains {
  const points = rank.length;
  const only = ({ start, edges, other }: Side, point: number) =>
    start[point + 1]! - start[point]! === 1 ? other[edges[start[point]!]!]! : -1;
  const next = Int32Array.from({ length: points }, (_, point) => {
    const below = only(up, point);
    return below >= 0 && only(down, below) === point ? below : -1;
  });
  const isFirst = new Uint8Array(points).fill(1);
  for (const point of next) if (point >= 0) isFirst[point] = 0;
  const of = new Int32Array(points);
  const members = new Int32Array(points);
  const [top, start]: [number[], number[]] = [[], []];
  let filled = 0;
  for (let first = 0; first < points; first++) {
    if (!isFirst[first]) continue;
    top.push(rank[first]!);
    start.push(filled);
    for (let point = first; point >= 0; point = next[point]!) {
      of[point] = top.length - 1;
      members[filled++] = point;
    }
  }
  start.push(filled);
  return { count: top.length, of, top: Int32Array.from(top), start: Int32Array.from(start), members };
}

/** Rounds in which every chain is sifted once; most orders stay as they are after fewer. */
const siftRounds = 10;

/** About how many comparisons sifting takes. */
export function siftCost({ count, of }: Chains, rows: readonly Int32Array[], sides: readonly Side[]): number {
  let pairs = count * count;
  for (const row of rows) {
    for (const { start } of sides) {
      let links = 0;
      for (const point of row) links += start[point + 1]! - start[point]!;
      pairs += links * links;
    }
  }
  return of.length === 0 ? 0 : (siftRounds / 2) * pairs;
}

/**
 * Rows in a new order (Bachmaier et al., Global Sifting, 2010): chains stand in one order from left to right for all
 * rows, at first by their places in `rows`; each in turn moves past all others and stays where the fewest links cross.
 * Points with a place in `kept` do not pass each other.
 */
export function sift(
  chains: Chains,
  rows: readonly Int32Array[],
  sides: readonly Side[],
  kept?: Float64Array,
): Int32Array[] {
  const { count, of, top, start, members } = chains;
  const order = byMeanPlace(chains, rows);
  const at = new Int32Array(count);
  for (const [index, chain] of order.entries()) at[chain] = index;
  const exchange = (left: number) => {
    const [a, b] = [order[left]!, order[left + 1]!];
    [order[left], order[left + 1]] = [b, a];
    [at[a], at[b]] = [left + 1, left];
  };
  /** Crossings that go away when the chain at this place and the one right of it are exchanged; −∞ when they may not be. */
  const saved = (left: number): number => {
    const [a, b] = [order[left]!, order[left + 1]!];
    const last = Math.min(top[a]! + start[a + 1]! - start[a]!, top[b]! + start[b + 1]! - start[b]!);
    let sum = 0;
    for (let row = Math.max(top[a]!, top[b]!); row < last; row++) {
      const [p, q] = [members[start[a]! + row - top[a]!]!, members[start[b]! + row - top[b]!]!];
      if (kept && !Number.isNaN(kept[p]!) && !Number.isNaN(kept[q]!)) return Number.NEGATIVE_INFINITY;
      for (const { start: first, edges, other, shift } of sides) {
        for (let i = first[p]!; i < first[p + 1]!; i++) {
          const ofA = of[other[edges[i]!]!]!;
          const placeA = at[ofA]! + (shift?.[edges[i]!] ?? 0);
          for (let j = first[q]!; j < first[q + 1]!; j++) {
            const ofB = of[other[edges[j]!]!]!;
            // Links inside both chains are exchanged with them.
            if (ofA === a && ofB === b) continue;
            const placeB = at[ofB]! + (shift?.[edges[j]!] ?? 0);
            if (placeA > placeB) sum++;
            else if (placeA < placeB) sum--;
          }
        }
      }
    }
    return sum;
  };
  for (let round = 0; round < siftRounds; round++) {
    let gained = 0;
    for (let chain = 0; chain < count; chain++) {
      const from = at[chain]!;
      let [best, bestAt] = [0, from];
      for (const step of [1, -1]) {
        for (let sum = 0; at[chain]! + step >= 0 && at[chain]! + step < count; ) {
          const left = step > 0 ? at[chain]! : at[chain]! - 1;
          sum += saved(left);
          if (sum === Number.NEGATIVE_INFINITY) break;
          exchange(left);
          if (sum > best) [best, bestAt] = [sum, at[chain]!];
        }
        const goal = step > 0 ? from : bestAt;
        while (at[chain]! > goal) exchange(at[chain]! - 1);
        while (at[chain]! < goal) exchange(at[chain]!);
      }
      gained += best;
    }
    if (gained === 0) break;
  }
  return rowsInOrder(chains, order, rows.length);
}

/** Chains by where their points stand in their rows, on average. */
function byMeanPlace({ count, of, start }: Chains, rows: readonly Int32Array[]): Int32Array {
  const mean = new Float64Array(count);
  for (const row of rows) {
    for (const [index, point] of row.entries()) {
      const chain = of[point]!;
      mean[chain]! += (index + 0.5) / row.length / (start[chain + 1]! - start[chain]!);
    }
  }
  return Int32Array.from(mean, (_, chain) => chain).sort((a, b) => mean[a]! - mean[b]! || a - b);
}

function rowsInOrder({ top, start, members }: Chains, order: Int32Array, count: number): Int32Array[] {
  const rows: number[][] = Array.from({ length: count }, () => []);
  for (const chain of order) {
    let row = top[chain]!;
    for (let at = start[chain]!; at < start[chain + 1]!; at++) rows[row++]!.push(members[at]!);
  }
  return rows.map((row) => Int32Array.from(row));
}
