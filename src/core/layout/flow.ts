import { orderRows } from './order.ts';
import { placeAcross } from './place.ts';
import { adjacency, assignRanks, backEdges, type Links } from './rank.ts';

/** Boxes to lay out: sizes by box. */
export interface FlowInput {
  readonly width: Float64Array;
  readonly height: Float64Array;
  readonly links: Links;
}

export interface Flow {
  /** Left and top of every box. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly width: number;
  readonly height: number;
  /** 1 where a link is too long or too shared to be drawn as a line. */
  readonly isStub: Uint8Array;
  /** Corners of every link, x and y in turn; for a stub its two ends alone. */
  readonly routes: readonly Float64Array[];
}

const columnGap = 24;
const rowGap = 36;
/** Links over more rows than this become stubs, sooner when their source has many: what is read everywhere is no path. */
const longSpan = 24;
const sharedSpan = 3;
const sharedReaders = 5;

/** Lays boxes out from top to bottom along their links: ranks, order, places, routes. Deterministic; nothing recurses. */
export function layoutFlow({ width, height, links }: FlowInput): Flow {
  const boxes = width.length;
  const back = backEdges(boxes, links, adjacency(boxes, links, 'from'));
  // A link that closes a cycle is laid out upside down.
  const forward: Links = {
    count: links.count,
    from: links.from.map((box, edge) => (back[edge] ? links.to[edge]! : box)),
    to: links.to.map((box, edge) => (back[edge] ? links.from[edge]! : box)),
  };
  const out = adjacency(boxes, forward, 'from');
  const rank = assignRanks(boxes, forward, out, adjacency(boxes, forward, 'to'));
  const isStub = new Uint8Array(links.count);
  let points = boxes;
  for (let edge = 0; edge < links.count; edge++) {
    const from = forward.from[edge]!;
    const span = rank[forward.to[edge]!]! - rank[from]!;
    const readers = out.start[from + 1]! - out.start[from]!;
    if (span > longSpan || (span > sharedSpan && readers >= sharedReaders)) isStub[edge] = 1;
    else points += span - 1;
  }
  const rows = withBends(boxes, points, rank, forward, isStub);
  const ordered = orderRows(rows);
  const isBend = new Uint8Array(points).fill(1, boxes);
  const pointWidth = new Float64Array(points);
  pointWidth.set(width);
  const center = placeAcross(ordered, rows, pointWidth, isBend, columnGap);
  const { top, bottom, total } = stackRows(ordered, height, boxes);

  let left = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  for (let point = 0; point < points; point++) {
    left = Math.min(left, center[point]! - pointWidth[point]! / 2);
    right = Math.max(right, center[point]! + pointWidth[point]! / 2);
  }
  if (points === 0) left = right = 0;
  for (let point = 0; point < points; point++) center[point]! -= left;
  const x = new Float64Array(boxes);
  const y = new Float64Array(boxes);
  for (let box = 0; box < boxes; box++) {
    x[box] = center[box]! - width[box]! / 2;
    y[box] = (top[rank[box]!]! + bottom[rank[box]!]! - height[box]!) / 2;
  }
  const routes = Array.from({ length: links.count }, (_, edge) => {
    const from = forward.from[edge]!;
    const to = forward.to[edge]!;
    const corners = [center[from]!, y[from]! + height[from]!];
    for (const bend of isStub[edge] ? [] : rows.bendsOf(edge)) {
      const row = rows.rank[bend]!;
      corners.push(center[bend]!, top[row]!, center[bend]!, bottom[row]!);
    }
    corners.push(center[to]!, y[to]!);
    const route = Float64Array.from(corners);
    return back[edge] ? reversed(route) : route;
  });
  return { x, y, width: right - left, height: total, isStub, routes };
}

/** The rows with a bend for every row that a drawn link passes; stubs take no part. */
function withBends(boxes: number, points: number, boxRank: Int32Array, links: Links, isStub: Uint8Array) {
  const rank = new Int32Array(points);
  rank.set(boxRank);
  const firstBend = new Int32Array(links.count + 1).fill(boxes);
  const from: number[] = [];
  const to: number[] = [];
  let next = boxes;
  for (let edge = 0; edge < links.count; edge++) {
    firstBend[edge] = next;
    if (!isStub[edge]) {
      let previous = links.from[edge]!;
      const target = links.to[edge]!;
      for (let row = boxRank[previous]! + 1; row < boxRank[target]!; row++) {
        rank[next] = row;
        from.push(previous);
        to.push(next);
        previous = next++;
      }
      from.push(previous);
      to.push(target);
    }
  }
  firstBend[links.count] = next;
  const bendsOf = (edge: number) =>
    Array.from({ length: firstBend[edge + 1]! - firstBend[edge]! }, (_, index) => firstBend[edge]! + index);
  return { points, rank, links: { count: from.length, from: Int32Array.from(from), to: Int32Array.from(to) }, bendsOf };
}

/** Top and bottom of every row, as high as its highest box. */
function stackRows(
  rows: readonly Int32Array[],
  height: Float64Array,
  boxes: number,
): { top: Float64Array; bottom: Float64Array; total: number } {
  const top = new Float64Array(rows.length);
  const bottom = new Float64Array(rows.length);
  let at = 0;
  for (const [index, row] of rows.entries()) {
    let highest = 0;
    for (const point of row) if (point < boxes) highest = Math.max(highest, height[point]!);
    top[index] = at;
    bottom[index] = at + highest;
    at += highest + rowGap;
  }
  return { top, bottom, total: Math.max(0, at - rowGap) };
}

function reversed(route: Float64Array): Float64Array {
  const result = new Float64Array(route.length);
  for (let at = 0; at < route.length; at += 2) {
    result[at] = route[route.length - 2 - at]!;
    result[at + 1] = route[route.length - 1 - at]!;
  }
  return result;
}
