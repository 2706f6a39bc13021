/** Crossings of links between rows of points, as they will be drawn. */
import { middle } from './ends.ts';
import type { PlacedLinks, Rows } from './order.ts';
import type { Adjacency } from './rank.ts';

/** Where links end on the points below them: places that are told apart, by link, and how many each point has. */
export interface Slots {
  readonly ofLink: Int32Array;
  readonly count: Int32Array;
}

/** Numbers the places at which links end on every point from left to right. */
export function endSlots(points: number, { count, toAt }: PlacedLinks, into: Adjacency): Slots {
  const slots: Slots = { ofLink: new Int32Array(count), count: new Int32Array(points).fill(1) };
  for (let point = 0; point < points; point++) {
    const [first, end] = [into.start[point]!, into.start[point + 1]!];
    let isSame = true;
    for (let at = first + 1; at < end; at++) isSame &&= toAt[into.edges[at]!] === toAt[into.edges[first]!];
    if (isSame) continue;
    const own = into.edges.slice(first, end).sort((a, b) => toAt[a]! - toAt[b]!);
    let slot = 0;
    for (const [index, link] of own.entries()) {
      if (index > 0 && toAt[link] !== toAt[own[index - 1]!]) slot++;
      slots.ofLink[link] = slot;
    }
    slots.count[point] = slot + 1;
  }
  return slots;
}

/**
 * Crossings between all pairs of neighbouring rows, by counting inversions with a Fenwick tree: O(links × log width).
 * Links that begin at one place do not cross, nor do those that end at one.
 */
export function countCrossings(
  rows: readonly Int32Array[],
  links: PlacedLinks,
  out: Adjacency,
  { ofLink, count }: Slots,
): number {
  let crossings = 0;
  const base = new Int32Array(count.length);
  const target = (link: number) => base[links.to[link]!]! + ofLink[link]!;
  for (let index = 0; index + 1 < rows.length; index++) {
    let width = 0;
    for (const point of rows[index + 1]!) {
      base[point] = width;
      width += count[point]!;
    }
    const tree = new Int32Array(width + 1);
    let placed = 0;
    for (const point of rows[index]!) {
      for (const own of byStart(point, links, out, target)) {
        for (const link of own) {
          let notRight = 0;
          for (let node = target(link) + 1; node > 0; node -= node & -node) notRight += tree[node]!;
          crossings += placed - notRight;
        }
        for (const link of own) {
          placed++;
          for (let node = target(link) + 1; node <= width; node += node & -node) tree[node]!++;
        }
      }
    }
  }
  return crossings;
}

/** The links that leave a point at one place, from left to right: fixed places, else values as their ends are drawn. */
function byStart(
  point: number,
  { fromAt, value }: PlacedLinks,
  { start, edges }: Adjacency,
  target: (link: number) => number,
): readonly Iterable<number>[] {
  const own = edges.subarray(start[point]!, start[point + 1]!);
  const isOne = own.every((link) => fromAt[link] === fromAt[own[0]!] && value[link] === value[own[0]!]);
  if (isOne) return own.length === 0 ? [] : [own];
  const groups = new Map<number, { at: number; targets: number[]; links: number[] }>();
  for (const link of own) {
    const key = value[link]!;
    const group = groups.get(key) ?? { at: fromAt[link]!, targets: [], links: [] };
    groups.set(key, group);
    group.targets.push(target(link));
    group.links.push(link);
  }
  return [...groups.values()]
    .sort((a, b) => a.at - b.at || middle(a.targets) - middle(b.targets))
    .map(({ links }) => links);
}

/** The links that cross another. Compares all pairs between two rows: for small graphs. */
export function crossedLinks(rows: readonly Int32Array[], { links, points, rank }: Rows): number[] {
  const place = new Int32Array(points);
  for (const row of rows) for (const [index, point] of row.entries()) place[point] = index;
  const compare = (side: 'from' | 'to', a: number, b: number) => {
    const at = side === 'from' ? links.fromAt : links.toAt;
    return place[links[side][a]!]! - place[links[side][b]!]! || at[a]! - at[b]!;
  };
  const below: number[][] = rows.map(() => []);
  for (let link = 0; link < links.count; link++) below[rank[links.from[link]!]!]!.push(link);
  return below.flatMap((between) =>
    between.filter((a) => between.some((b) => compare('from', a, b) * compare('to', a, b) < 0)),
  );
}
