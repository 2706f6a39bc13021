import { spreadEnds } from './ends.ts';
import { orderRows, type PlacedLinks } from './order.ts';
import { placeAcross } from './place.ts';
import { type Adjacency, adjacency, assignRanks, backEdges, type Links } from './rank.ts';
import { type Arranged, stretch } from './stretch.ts';

/** Boxes to lay out: sizes by box. */
export interface FlowInput {
  readonly width: Float64Array;
  readonly height: Float64Array;
  readonly links: Links;
  /** Number of the value that flows along each link: one value leaves a box at one place. Left out: a box makes one. */
  readonly value?: Int32Array;
  /** By link: where its ends lie, in pixels right of the middle of the box; NaN or left out where that is free. */
  readonly fromAt?: Float64Array;
  readonly toAt?: Float64Array;
  /** Boxes that have to stand in the first row or in the last, see `pinned`. */
  readonly pin?: Int8Array;
  /** Places from left to right in an earlier layout; boxes that have one (else NaN) keep their order. */
  readonly kept?: Float64Array;
  /** How many comparisons may be spent on saving the last crossings; a million takes some milliseconds. */
  readonly comparisons?: number;
}

export interface Flow {
  /** Left and top of every box. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly width: number;
  readonly height: number;
  /** 1 where a link is too long or too shared to be drawn as a line, or leads up. */
  readonly isStub: Uint8Array;
  /** How often lines cross between the rows. */
  readonly crossings: number;
  /** Corners of every link, x and y in turn; for a stub its two ends alone. */
  readonly routes: readonly Float64Array[];
  /** By link: how far right the row below its start has it, and the row above its end. */
  readonly leavesTo: Float64Array;
  readonly comesFrom: Float64Array;
}

const defaultComparisons = 1_000_000;
/** Other rows that are tried while lines cross, at most, and what a try is reckoned to cost for every two points. */
const mostAttempts = 12;
const comparisonsAPair = 20;
const columnGap = 24;
const rowGap = 36;
/** Links over more rows than this become stubs, sooner when their source has many: what is read everywhere is no path. */
const longSpan = 24;
const sharedSpan = 3;
const sharedReaders = 5;

/** Lays boxes out from top to bottom along their links: ranks, order, places, routes. Deterministic; nothing recurses. */
export function layoutFlow(input: FlowInput): Flow {
  const steps = flowSteps(input);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** The same in steps of some milliseconds, between which the caller may do something else. */
export function* flowSteps(input: FlowInput): Generator<void, Flow> {
  const { width, height, links, pin, kept, comparisons = defaultComparisons } = input;
  const boxes = width.length;
  const back = backEdges(boxes, links, adjacency(boxes, links, 'from'));
  // A link that closes a cycle counts upside down, and is not drawn as a line: lines run downwards.
  const forward: Links = {
    count: links.count,
    from: links.from.map((box, edge) => (back[edge] ? links.to[edge]! : box)),
    to: links.to.map((box, edge) => (back[edge] ? links.from[edge]! : box)),
  };
  const out = adjacency(boxes, forward, 'from');
  const into = adjacency(boxes, forward, 'to');
  const rank = assignRanks(boxes, forward, out, into, pin);
  const isStub = stubs(links, back, rank, out);
  yield;
  const placed = withEnds(input);
  function* arrange(boxRank: Int32Array, budget: number): Generator<void, Arranged> {
    const arranged = withBends(width, boxRank, placed, isStub);
    const { rows } = arranged;
    const keptPlaces = kept && new Float64Array(rows.points).fill(Number.NaN);
    keptPlaces?.set(kept!);
    const ordered = yield* orderRows(rows, budget, keptPlaces);
    return { ...arranged, rank: boxRank, ordered, height: stackRows(ordered.rows, height, boxes).total };
  }
  const first = yield* arrange(rank, comparisons);
  const attempts = Math.min(mostAttempts, Math.floor(comparisons / (comparisonsAPair * first.rows.points ** 2)));
  const best = yield* stretch(first, links, attempts, (length) =>
    arrange(assignRanks(boxes, forward, out, into, pin, length), comparisons / mostAttempts),
  );
  return yield* drawRows(input, best, placed, isStub);
}

/** Gives the rows their places, and the links their routes. */
function* drawRows(
  { width, height, links }: FlowInput,
  { rank, rows, ordered, bendsOf }: Arranged,
  placed: PlacedLinks,
  isStub: Uint8Array,
): Generator<void, Flow> {
  const boxes = width.length;
  const { points } = rows;
  const { crossings } = ordered;
  const isBend = new Uint8Array(points).fill(1, boxes);
  const center = yield* placeAcross(ordered.rows, { ...rows, links: upright(rows.links, boxes) }, isBend, columnGap);
  const { top, bottom, total } = stackRows(ordered.rows, height, boxes);

  let left = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  for (let point = 0; point < points; point++) {
    left = Math.min(left, center[point]! - rows.width[point]! / 2);
    right = Math.max(right, center[point]! + rows.width[point]! / 2);
  }
  if (points === 0) left = right = 0;
  for (let point = 0; point < points; point++) center[point]! -= left;
  const x = new Float64Array(boxes);
  const y = new Float64Array(boxes);
  for (let box = 0; box < boxes; box++) {
    x[box] = center[box]! - width[box]! / 2;
    y[box] = (top[rank[box]!]! + bottom[rank[box]!]! - height[box]!) / 2;
  }
  const ends = spreadEnds({ boxes, links: placed, isStub, width, center, bendsOf });
  const leavesTo = ends.to.slice();
  const comesFrom = ends.from.slice();
  const routes = Array.from({ length: links.count }, (_, edge) => {
    const from = links.from[edge]!;
    const to = links.to[edge]!;
    const [first, last] = bendsOf(edge);
    const start = y[from]! + height[from]!;
    const end = y[to]!;
    const [below, above] = [bottom[rank[from]!]!, top[rank[to]!]!];
    // Beside a higher box a line runs straight on to the edge of the row, or it would lead over that box.
    const isShort = isStub[edge] === 0 && below > start;
    const isLow = isStub[edge] === 0 && above < end;
    const route = new Float64Array(4 + 4 * (last - first) + 2 * (Number(isShort) + Number(isLow)));
    let at = 0;
    const corner = (cornerX: number, cornerY: number) => {
      route[at++] = cornerX;
      route[at++] = cornerY;
    };
    corner(ends.from[edge]!, start);
    if (isShort) corner(ends.from[edge]!, below);
    for (let bend = first; bend < last; bend++) {
      corner(center[bend]!, top[rows.rank[bend]!]!);
      corner(center[bend]!, bottom[rows.rank[bend]!]!);
    }
    if (isLow) corner(ends.to[edge]!, above);
    corner(ends.to[edge]!, end);
    if (first < last) [leavesTo[edge], comesFrom[edge]] = [center[first]!, center[last - 1]!];
    return route;
  });
  return { x, y, width: right - left, height: total, isStub, routes, leavesTo, comesFrom, crossings };
}

/** 1 for what leads up, or far, or to one of many readers. */
function stubs(links: Links, back: Uint8Array, rank: Int32Array, out: Adjacency): Uint8Array {
  return back.map((isBack, edge) => {
    const from = links.from[edge]!;
    const span = rank[links.to[edge]!]! - rank[from]!;
    const readers = out.start[from + 1]! - out.start[from]!;
    return isBack || span > longSpan || (span > sharedSpan && readers >= sharedReaders) ? 1 : 0;
  });
}

/**
 * For placing, what a box with fixed ends makes leaves it where its first input arrives: a trunk through many frames
 * comes back to one line, however far to one side it leaves each.
 */
function upright(links: PlacedLinks, boxes: number): PlacedLinks {
  const arrival = new Float64Array(boxes).fill(Number.NaN);
  for (let link = 0; link < links.count; link++) {
    const box = links.to[link]!;
    if (box < boxes && Number.isNaN(arrival[box]!)) arrival[box] = links.toAt[link]!;
  }
  const fromAt = links.fromAt.map((at, link) => {
    const box = links.from[link]!;
    return at === 0 || box >= boxes || Number.isNaN(arrival[box]!) ? at : arrival[box]!;
  });
  return { ...links, fromAt };
}

/** Links as they are laid out, with the value that flows and its fixed ends; NaN where an end is free. */
function withEnds({ links, value, fromAt, toAt }: FlowInput): PlacedLinks {
  const free = new Float64Array(links.count).fill(Number.NaN);
  return { ...links, fromAt: fromAt ?? free, toAt: toAt ?? free, value: value ?? links.from };
}

/** The rows with a bend for every row that a drawn link passes; stubs take no part. */
function withBends(
  width: Float64Array,
  boxRank: Int32Array,
  links: PlacedLinks,
  isStub: Uint8Array,
): Pick<Arranged, 'rows' | 'partOf' | 'bendsOf'> {
  let points = width.length;
  for (let edge = 0; edge < links.count; edge++)
    if (!isStub[edge]) points += boxRank[links.to[edge]!]! - boxRank[links.from[edge]!]! - 1;
  const boxes = width.length;
  const rank = new Int32Array(points);
  rank.set(boxRank);
  const pointWidth = new Float64Array(points);
  pointWidth.set(width);
  const firstBend = new Int32Array(links.count + 1).fill(boxes);
  const most = links.count + points - boxes;
  const [from, to] = [new Int32Array(most), new Int32Array(most)];
  const [fromAt, toAt] = [new Float64Array(most), new Float64Array(most)];
  const [value, partOf] = [new Int32Array(most), new Int32Array(most)];
  let count = 0;
  let next = boxes;
  for (let edge = 0; edge < links.count; edge++) {
    firstBend[edge] = next;
    if (isStub[edge]) continue;
    const target = links.to[edge]!;
    value[count] = links.value[edge]!;
    fromAt[count] = links.fromAt[edge]! || 0;
    from[count] = links.from[edge]!;
    for (let row = boxRank[from[count]!]! + 1; row < boxRank[target]!; row++) {
      rank[next] = row;
      partOf[count] = edge;
      to[count++] = next;
      from[count] = next++;
    }
    partOf[count] = edge;
    toAt[count] = links.toAt[edge]! || 0;
    to[count++] = target;
  }
  firstBend[links.count] = next;
  const placed: PlacedLinks = {
    count,
    from: from.subarray(0, count),
    to: to.subarray(0, count),
    value: value.subarray(0, count),
    fromAt: fromAt.subarray(0, count),
    toAt: toAt.subarray(0, count),
  };
  return {
    rows: { points, rank, links: placed, width: pointWidth },
    partOf,
    bendsOf: (edge) => [firstBend[edge]!, firstBend[edge + 1]!],
  };
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
