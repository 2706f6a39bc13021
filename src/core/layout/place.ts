import type { Rows } from './order.ts';
import { type Adjacency, adjacency } from './rank.ts';

/**
 * Centres of all points from left to right, so that links run straight where they can and neighbours keep `gap`.
 * Points move towards the median of what they are linked to, alternately from above and below, at last from above, so
 * that chains hang straight; points that would overlap share the shift, bends of long edges giving way least. Yields between
 * rounds.
 */
export function* placeAcross(
  rows: readonly Int32Array[],
  { points, links, width }: Rows,
  isBend: Uint8Array,
  gap: number,
  rounds = 9,
): Generator<void, Float64Array> {
  const out = adjacency(points, links, 'from');
  const into = adjacency(points, links, 'to');
  const x = new Float64Array(points);
  for (const row of rows) {
    let at = 0;
    for (const point of row) {
      x[point] = at + width[point]! / 2;
      at += width[point]! + gap;
    }
    for (const point of row) x[point]! -= at / 2;
  }
  // What a trunk does not lean to: bends, and boxes that nothing feeds, which move to their reader.
  const isLoose = isBend.map((each, point) => each || (into.start[point] === into.start[point + 1] ? 1 : 0));
  const isFed = (point: number) => into.start[point + 1]! > into.start[point]!;
  for (let round = 0; round < rounds; round++) {
    yield;
    const down = round % 2 === 0;
    for (let step = 0; step < rows.length; step++) {
      const row = rows[down ? step : rows.length - 1 - step]!;
      const [side, end] = down ? ([into, 'from'] as const) : ([out, 'to'] as const);
      const weight = (point: number) => {
        if (down && !isFed(point)) return looseWeight;
        if (!isBend[point]) return 1;
        return isBend[links[end][side.edges[side.start[point]!]!]!] ? bendWeight : firstBendWeight;
      };
      const wish = (point: number) =>
        down && !isFed(point)
          ? wanted(point, links, out, 'to', x, isLoose)
          : wanted(point, links, side, end, x, isLoose);
      placeRow(row, wish, weight, x, width, gap);
    }
  }
  // Boxes that nothing feeds come to their readers, which now have their places.
  for (let step = rows.length - 1; step >= 0; step--) {
    const wish = (point: number) => (isFed(point) ? x[point]! : wanted(point, links, out, 'to', x, isLoose));
    const weight = (point: number) => (isFed(point) ? 1 : looseWeight);
    if (!rows[step]!.every(isFed)) placeRow(rows[step]!, wish, weight, x, width, gap);
  }
  return x;
}

/** How much points resist when they would overlap, a box being 1: long edges run straight, but leave the trunk its place. */
const bendWeight = 4;
const firstBendWeight = 0.02;
const looseWeight = 1e-4;
/** A point that no link wants anywhere. */
const freeWeight = 0.05;

/**
 * Where a point's links on one side want it: the median of the ends there. Bends of long links count only where there
 * is no box, or the trunk of the graph would lean towards every mask that flows along it. NaN when there are no links.
 */
function wanted(
  point: number,
  links: Rows['links'],
  side: Adjacency,
  end: 'from' | 'to',
  x: Float64Array,
  isLoose: Uint8Array,
): number {
  const first = side.start[point]!;
  const last = side.start[point + 1]!;
  if (first === last) return Number.NaN;
  const [otherAt, ownAt] = end === 'from' ? [links.fromAt, links.toAt] : [links.toAt, links.fromAt];
  const endOf = (link: number) => x[links[end][link]!]! + otherAt[link]! - ownAt[link]!;
  if (last - first === 1) return endOf(side.edges[first]!);
  const boxes: number[] = [];
  const all: number[] = [];
  for (let at = first; at < last; at++) {
    const place = endOf(side.edges[at]!);
    all.push(place);
    if (!isLoose[links[end][side.edges[at]!]!]) boxes.push(place);
  }
  const places = (boxes.length > 0 ? boxes : all).sort((a, b) => a - b);
  return (places[(places.length - 1) >> 1]! + places[places.length >> 1]!) / 2;
}

/**
 * Puts the points of a row as near to where they want to be as their widths allow: least squares under an order, by
 * pooling neighbours that collide into blocks (pool adjacent violators), O(row).
 */
function placeRow(
  row: Int32Array,
  wish: (point: number) => number,
  weight: (point: number) => number,
  x: Float64Array,
  width: Float64Array,
  gap: number,
): void {
  const count = row.length;
  const offset = new Float64Array(count);
  for (let index = 1; index < count; index++)
    offset[index] = offset[index - 1]! + (width[row[index - 1]!]! + width[row[index]!]!) / 2 + gap;
  const wishes = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const point = row[index]!;
    const target = wish(point);
    wishes[index] = Number.isNaN(target) ? x[point]! : target;
    weights[index] = Number.isNaN(target) ? freeWeight : weight(point);
  }
  nearestInOrder(wishes, offset, weights).forEach((place, index) => {
    x[row[index]!] = place;
  });
}

/**
 * Places as near to the wishes as can be (least squares by weight) whose distances are at least those of the offsets,
 * in this order.
 */
export function nearestInOrder(wishes: Float64Array, offset: Float64Array, weight: Float64Array): Float64Array {
  const count = wishes.length;
  const sums = new Float64Array(count);
  const weights = new Float64Array(count);
  const sizes = new Int32Array(count);
  let blocks = 0;
  for (let index = 0; index < count; index++) {
    // With offsets taken off, "does not overlap" becomes "does not decrease".
    sums[blocks] = weight[index]! * (wishes[index]! - offset[index]!);
    weights[blocks] = weight[index]!;
    sizes[blocks++] = 1;
    while (blocks > 1 && sums[blocks - 2]! / weights[blocks - 2]! > sums[blocks - 1]! / weights[blocks - 1]!) {
      blocks--;
      sums[blocks - 1]! += sums[blocks]!;
      weights[blocks - 1]! += weights[blocks]!;
      sizes[blocks - 1]! += sizes[blocks]!;
    }
  }
  const places = new Float64Array(count);
  let index = 0;
  for (let block = 0; block < blocks; block++) {
    const base = sums[block]! / weights[block]!;
    for (let member = 0; member < sizes[block]!; member++, index++) places[index] = base + offset[index]!;
  }
  return places;
}
