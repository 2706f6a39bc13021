import { type Adjacency, adjacency, type Links } from './rank.ts';

/** Points in rows: the boxes, and one bend for every row that an edge passes. Links lead from one row to the next. */
export interface Rows {
  readonly points: number;
  readonly rank: Int32Array;
  readonly links: Links;
}

/**
 * The points of every row from left to right with few crossings: barycentres, swept down and up, keeping the best
 * (Sugiyama 1981). Rows start in depth-first order from the sources, which keeps branches together.
 */
export function orderRows({ points, rank, links }: Rows, sweeps = 4): Int32Array[] {
  const out = adjacency(points, links, 'from');
  const into = adjacency(points, links, 'to');
  const rows = initialRows(points, rank, links, out);
  const place = new Float64Array(points);
  for (const row of rows) for (let index = 0; index < row.length; index++) place[row[index]!] = index;
  let best = rows.map((row) => row.slice());
  let bestCrossings = countCrossings(rows, links, out, place);
  for (let sweep = 0; sweep < sweeps && bestCrossings > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (let step = 1; step < rows.length; step++) {
      const row = rows[down ? step : rows.length - 1 - step]!;
      sortRow(row, links, down ? into : out, down ? 'from' : 'to', place);
    }
    const crossings = countCrossings(rows, links, out, place);
    if (crossings < bestCrossings) {
      bestCrossings = crossings;
      best = rows.map((row) => row.slice());
    }
  }
  return best;
}

function initialRows(points: number, rank: Int32Array, links: Links, out: Adjacency): Int32Array[] {
  let last = -1;
  for (let point = 0; point < points; point++) last = Math.max(last, rank[point]!);
  const lists: number[][] = Array.from({ length: last + 1 }, () => []);
  const seen = new Uint8Array(points);
  const roots = Array.from({ length: points }, (_, point) => point).sort((a, b) => rank[a]! - rank[b]! || a - b);
  for (const root of roots) {
    const stack = [root];
    while (stack.length > 0) {
      const point = stack.pop()!;
      if (seen[point]) continue;
      seen[point] = 1;
      lists[rank[point]!]!.push(point);
      for (let at = out.start[point + 1]! - 1; at >= out.start[point]!; at--) stack.push(links.to[out.edges[at]!]!);
    }
  }
  return lists.map((list) => Int32Array.from(list));
}

function sortRow(row: Int32Array, links: Links, side: Adjacency, end: 'from' | 'to', place: Float64Array): void {
  const keys = new Float64Array(row.length);
  for (let index = 0; index < row.length; index++) {
    const point = row[index]!;
    const first = side.start[point]!;
    const count = side.start[point + 1]! - first;
    let sum = 0;
    for (let at = first; at < first + count; at++) sum += place[links[end][side.edges[at]!]!]!;
    keys[index] = count === 0 ? place[point]! : sum / count;
  }
  const indices = Array.from(row, (_, index) => index).sort((a, b) => keys[a]! - keys[b]! || a - b);
  const sorted = indices.map((index) => row[index]!);
  sorted.forEach((point, index) => {
    row[index] = point;
    place[point] = index;
  });
}

/** Crossings between all pairs of neighbouring rows, by counting inversions with a Fenwick tree: O(links × log width). */
export function countCrossings(rows: readonly Int32Array[], links: Links, out: Adjacency, place: Float64Array): number {
  let crossings = 0;
  for (let index = 0; index + 1 < rows.length; index++) {
    const width = rows[index + 1]!.length;
    const tree = new Int32Array(width + 1);
    let placed = 0;
    for (const point of rows[index]!) {
      const targets: number[] = [];
      for (let at = out.start[point]!; at < out.start[point + 1]!; at++)
        targets.push(place[links.to[out.edges[at]!]!]!);
      for (const target of targets) {
        let notRight = 0;
        for (let node = target + 1; node > 0; node -= node & -node) notRight += tree[node]!;
        crossings += placed - notRight;
      }
      for (const target of targets) {
        placed++;
        for (let node = target + 1; node <= width; node += node & -node) tree[node]!++;
      }
    }
  }
  return crossings;
}
