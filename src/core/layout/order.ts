import { type Adjacency, adjacency, type Links } from './rank.ts';
import { countCrossings, endSlots } from './row-crossings.ts';
import { chainsOf, sift, siftCost } from './sift.ts';

/** Links whose ends lie so far right of the middle of their boxes, in pixels; those of one value leave a box at one place. */
export interface PlacedLinks extends Links {
  readonly value: Int32Array;
  readonly fromAt: Float64Array;
  readonly toAt: Float64Array;
}

/** Points in rows: the boxes, and one bend for every row that an edge passes. Links lead from one row to the next. */
export interface Rows {
  readonly points: number;
  readonly rank: Int32Array;
  readonly links: PlacedLinks;
  readonly width: Float64Array;
}

export interface Ordered {
  readonly rows: readonly Int32Array[];
  readonly crossings: number;
}

/** From each start: more saved hardly any crossing on the models measured. */
const sweeps = 4;
/** Levels with more points get half the starts. */
const manyPoints = 1000;
/** Rounds of exchanging neighbours after a sweep. */
const exchangeRounds = 4;
/** Most orders that sifting starts from. */
const mostSifted = 30;

/**
 * The points of every row from left to right with few crossings. Rows start in depth-first order from the sources, then
 * from the sinks, which keeps branches together; barycentres are swept down and up, and neighbours exchanged where that
 * saves crossings (Sugiyama 1981; Gansner 1993). Where lines still cross, whole chains are sifted, from these orders and
 * from mixed ones, as many as `comparisons` allow. The best is kept. Points with a place in `kept` (else NaN) stay in the
 * order of these places. Deterministic. Yields between attempts.
 */
export function* orderRows(
  { points, rank, links, width }: Rows,
  comparisons: number,
  kept?: Float64Array,
): Generator<void, Ordered> {
  const out = adjacency(points, links, 'from');
  const into = adjacency(points, links, 'to');
  const ends = shifts(links, width);
  const slots = endSlots(points, links, into);
  const down: Side = { ...into, other: links.from, shift: ends.from };
  const up: Side = { ...out, other: links.to, shift: ends.to };
  const place = new Float64Array(points);
  let best: Ordered = { rows: [], crossings: Number.POSITIVE_INFINITY };
  const begin = (rows: readonly Int32Array[]) => {
    for (const row of rows) {
      if (kept) keepOrder(row, kept);
      for (let index = 0; index < row.length; index++) place[row[index]!] = index;
    }
  };
  const improve = (rows: readonly Int32Array[]) => {
    for (let round = 0; round < exchangeRounds; round++) if (!exchange(rows, [down, up], place, kept)) break;
  };
  const note = (rows: readonly Int32Array[]) => {
    const crossings = countCrossings(rows, links, out, slots);
    if (crossings < best.crossings) best = { rows: rows.map((row) => row.slice()), crossings };
  };
  const starts = depthFirstStarts(points, rank, up, down);
  for (const { side, isSwept, isPlain, rows: start } of starts) {
    if (!isSwept || (points > manyPoints && !isPlain)) continue;
    const rows = start();
    begin(rows);
    note(rows);
    for (let sweep = 0; sweep < sweeps && best.crossings > 0; sweep++) {
      yield;
      const isDown = sweep % 2 === (side === up ? 0 : 1);
      for (let step = 1; step < rows.length; step++) {
        const row = rows[isDown ? step : rows.length - 1 - step]!;
        sortRow(row, isDown ? down : up, place, kept);
      }
      improve(rows);
      note(rows);
    }
    if (best.crossings === 0) return best;
  }
  const chains = chainsOf(rank, down, up);
  const attempts = Math.min(mostSifted, Math.floor(comparisons / siftCost(chains, best.rows, [down, up])));
  const first = best.rows;
  for (let attempt = 0; attempt < attempts && best.crossings > 0; attempt++) {
    yield;
    const start = attempt === 0 ? first : (starts[attempt - 1]?.rows() ?? mixed(first, attempt));
    if (kept) for (const row of start) keepOrder(row, kept);
    const rows = sift(chains, start, [down, up], kept);
    begin(rows);
    improve(rows);
    note(rows);
  }
  return best;
}

/** The links on one side of every point, the points at their other ends, and where on those they end (−½ to ½). */
export interface Side extends Adjacency {
  readonly other: Int32Array;
  readonly shift: Float64Array | null;
}

/** Where on their boxes links end, as parts of the width from the middle: −½ to ½; null when all end in the middle. */
function shifts(links: PlacedLinks, width: Float64Array): { from: Float64Array | null; to: Float64Array | null } {
  const parts = (at: Float64Array, box: Int32Array) =>
    at.every((each) => each === 0)
      ? null
      : at.map((each, link) => Math.max(-0.49, Math.min(0.49, each / Math.max(1, width[box[link]!]!))));
  return { from: parts(links.fromAt, links.from), to: parts(links.toAt, links.to) };
}

interface Start {
  readonly side: Side;
  /** Sweeps begin with these; sifting with all. */
  readonly isSwept: boolean;
  /** In the order of the boxes and their links. */
  readonly isPlain: boolean;
  readonly rows: () => Int32Array[];
}

/** Depth-first orders from the first row and from the last, each with roots and links also taken from the other end. */
function depthFirstStarts(points: number, rank: Int32Array, up: Side, down: Side): Start[] {
  return [false, true].flatMap((isTurned) =>
    [up, down].flatMap((side) =>
      [false, true].map((isMirrored) => ({
        side,
        isSwept: !isTurned,
        isPlain: !isTurned && !isMirrored,
        rows: () => depthFirst(points, rank, side, { fromFirst: side === up, isMirrored, isTurned }),
      })),
    ),
  );
}

/** Rows in the order in which points are met on the way along the links of one side, from the first row or the last. */
function depthFirst(
  points: number,
  rank: Int32Array,
  { start, edges, other }: Side,
  { fromFirst, isMirrored, isTurned }: { fromFirst: boolean; isMirrored: boolean; isTurned: boolean },
): Int32Array[] {
  let last = -1;
  for (let point = 0; point < points; point++) last = Math.max(last, rank[point]!);
  const lists: number[][] = Array.from({ length: last + 1 }, () => []);
  const ofRank: number[][] = Array.from({ length: last + 1 }, () => []);
  for (let point = 0; point < points; point++) ofRank[rank[point]!]!.push(point);
  const seen = new Uint8Array(points);
  for (const roots of fromFirst ? ofRank : ofRank.reverse()) {
    if (isMirrored) roots.reverse();
    for (const root of roots) {
      const stack = [root];
      while (stack.length > 0) {
        const point = stack.pop()!;
        if (seen[point]) continue;
        seen[point] = 1;
        lists[rank[point]!]!.push(point);
        const [first, end] = [start[point]!, start[point + 1]!];
        for (let at = 0; at < end - first; at++) stack.push(other[edges[isTurned ? first + at : end - 1 - at]!]!);
      }
    }
  }
  return lists.map((list) => Int32Array.from(list));
}

/** The rows mixed, always alike for the same seed. */
function mixed(rows: readonly Int32Array[], seed: number): Int32Array[] {
  let state = seed;
  return rows.map((row) => {
    const order = row.slice();
    for (let index = order.length - 1; index > 0; index--) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      const other = (state >>> 8) % (index + 1);
      [order[index], order[other]] = [order[other]!, order[index]!];
    }
    return order;
  });
}

function sortRow(
  row: Int32Array,
  { start, edges, other, shift }: Side,
  place: Float64Array,
  kept?: Float64Array,
): void {
  const keys = new Float64Array(row.length);
  let sorted = true;
  for (let index = 0; index < row.length; index++) {
    const point = row[index]!;
    const first = start[point]!;
    const count = start[point + 1]! - first;
    let sum = 0;
    for (let at = first; at < first + count; at++) sum += place[other[edges[at]!]!]! + (shift?.[edges[at]!] ?? 0);
    keys[index] = count === 0 ? place[point]! : sum / count;
    if (index > 0 && keys[index]! < keys[index - 1]!) sorted = false;
  }
  if (sorted) return;
  const indices = Array.from(row, (_, index) => index).sort((a, b) => keys[a]! - keys[b]! || a - b);
  row.set(indices.map((index) => row[index]!));
  if (kept) keepOrder(row, kept);
  for (let index = 0; index < row.length; index++) place[row[index]!] = index;
}

/** Puts the points that have a place to keep back into that order, within the slots they have in the row. */
function keepOrder(row: Int32Array, kept: Float64Array): void {
  const known = row.filter((point) => !Number.isNaN(kept[point]!)).sort((a, b) => kept[a]! - kept[b]! || a - b);
  let next = 0;
  for (let index = 0; index < row.length; index++) if (!Number.isNaN(kept[row[index]!]!)) row[index] = known[next++]!;
}

/** Exchanges neighbours in all rows where their links then cross less; false when nothing was exchanged. */
function exchange(rows: readonly Int32Array[], sides: readonly Side[], place: Float64Array, kept?: Float64Array) {
  let changed = false;
  for (const row of rows) {
    for (let index = 0; index + 1 < row.length; index++) {
      const [a, b] = [row[index]!, row[index + 1]!];
      if (kept && !Number.isNaN(kept[a]!) && !Number.isNaN(kept[b]!)) continue;
      let saved = 0;
      for (const side of sides) saved += savedCrossings(a, b, side, place);
      if (saved <= 0) continue;
      [row[index], row[index + 1]] = [b, a];
      [place[a], place[b]] = [index + 1, index];
      changed = true;
    }
  }
  return changed;
}

/** Pairs of links more than this are not compared one by one. */
const maxPairs = 4096;

/** How many crossings of the links of a with those of b, its right neighbour, go away when they change places. */
function savedCrossings(a: number, b: number, { start, edges, other, shift }: Side, place: Float64Array): number {
  const [firstA, endA, firstB, endB] = [start[a]!, start[a + 1]!, start[b]!, start[b + 1]!];
  if ((endA - firstA) * (endB - firstB) > maxPairs) return 0;
  let saved = 0;
  for (let at = firstA; at < endA; at++) {
    const left = place[other[edges[at]!]!]! + (shift?.[edges[at]!] ?? 0);
    for (let by = firstB; by < endB; by++) {
      const right = place[other[edges[by]!]!]! + (shift?.[edges[by]!] ?? 0);
      if (left > right) saved++;
      else if (left < right) saved--;
    }
  }
  return saved;
}
