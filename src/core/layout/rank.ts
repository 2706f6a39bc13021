/** Edges of one level of the graph as parallel arrays: edge i leads from box `from[i]` to box `to[i]`. */
export interface Links {
  readonly count: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
}

/** Outgoing edges of every box: those of box b are `edges[start[b]] … edges[start[b + 1]]`. */
export interface Adjacency {
  readonly start: Int32Array;
  readonly edges: Int32Array;
}

/** Groups edges by the box at one end. */
export function adjacency(boxes: number, links: Links, end: 'from' | 'to'): Adjacency {
  const start = new Int32Array(boxes + 1);
  const key = links[end];
  for (let edge = 0; edge < links.count; edge++) start[key[edge]! + 1]!++;
  for (let box = 0; box < boxes; box++) start[box + 1]! += start[box]!;
  const fill = start.slice();
  const edges = new Int32Array(links.count);
  for (let edge = 0; edge < links.count; edge++) edges[fill[key[edge]!]!++] = edge;
  return { start, edges };
}

/**
 * Edges that close a cycle, marked 1. A model's graph has none, but collapsing nodes into groups can make some: A feeds
 * the group and the group feeds A. Depth first without recursion, in the order of the boxes.
 */
export function backEdges(boxes: number, links: Links, out: Adjacency): Uint8Array {
  const back = new Uint8Array(links.count);
  const state = new Uint8Array(boxes); // 0 not seen, 1 on the path, 2 done
  const next = out.start.slice(0, boxes);
  for (let root = 0; root < boxes; root++) {
    if (state[root] !== 0) continue;
    const path = [root];
    state[root] = 1;
    while (path.length > 0) {
      const box = path[path.length - 1]!;
      if (next[box]! >= out.start[box + 1]!) {
        state[box] = 2;
        path.pop();
        continue;
      }
      const edge = out.edges[next[box]!++]!;
      const target = links.to[edge]!;
      if (state[target] === 1) back[edge] = 1;
      else if (state[target] === 0) {
        state[target] = 1;
        path.push(target);
      }
    }
  }
  return back;
}

/** Where a box has to stand: in the first row, in the last, or where its links want it (0). */
export const pinned = { top: -1, bottom: 1 } as const;

/**
 * The row of every box: the longest path from a source, then boxes that only feed later rows are moved down to just
 * above their first reader, so that constants and side inputs stand beside what uses them. `links` has no cycles;
 * what is pinned to the top has no feeders, what is pinned to the bottom no readers, and both have their row alone.
 * `length`: by link, how many rows it leads down at least; left out: one.
 */
export function assignRanks(
  boxes: number,
  links: Links,
  out: Adjacency,
  into: Adjacency,
  pin?: Int8Array,
  length?: Uint8Array,
): Int32Array {
  const order = topological(boxes, links, out);
  const isTop = (box: number) => pin?.[box] === pinned.top;
  const rank = new Int32Array(boxes);
  if (pin?.includes(pinned.top)) for (let box = 0; box < boxes; box++) if (!isTop(box)) rank[box] = 1;
  for (const box of order) {
    for (let at = out.start[box]!; at < out.start[box + 1]!; at++) {
      const target = links.to[out.edges[at]!]!;
      rank[target] = Math.max(rank[target]!, rank[box]! + (length?.[out.edges[at]!] ?? 1));
    }
  }
  for (let at = order.length - 1; at >= 0; at--) {
    const box = order[at]!;
    if (isTop(box)) continue;
    const inputs = into.start[box + 1]! - into.start[box]!;
    const outputs = out.start[box + 1]! - out.start[box]!;
    // Moving a box with more readers than feeders down would lengthen more edges than it shortens.
    if (outputs === 0 || inputs > outputs || (inputs === outputs && inputs > 0)) continue;
    let lowest = Number.MAX_SAFE_INTEGER;
    for (let edge = out.start[box]!; edge < out.start[box + 1]!; edge++)
      lowest = Math.min(lowest, rank[links.to[out.edges[edge]!]!]! - (length?.[out.edges[edge]!] ?? 1));
    if (lowest > rank[box]!) rank[box] = lowest;
  }
  let last = 0;
  for (let box = 0; box < boxes; box++) if (pin?.[box] !== pinned.bottom) last = Math.max(last, rank[box]! + 1);
  for (let box = 0; box < boxes; box++) if (pin?.[box] === pinned.bottom) rank[box] = last;
  return rank;
}

/** Boxes so that each comes after all that lead to it; `links` has no cycles. */
function topological(boxes: number, links: Links, out: Adjacency): Int32Array {
  const waiting = new Int32Array(boxes);
  for (let edge = 0; edge < links.count; edge++) waiting[links.to[edge]!]!++;
  const order = new Int32Array(boxes);
  let filled = 0;
  for (let box = 0; box < boxes; box++) if (waiting[box] === 0) order[filled++] = box;
  for (let at = 0; at < filled; at++) {
    const box = order[at]!;
    for (let edge = out.start[box]!; edge < out.start[box + 1]!; edge++) {
      const target = links.to[out.edges[edge]!]!;
      if (--waiting[target]! === 0) order[filled++] = target;
    }
  }
  return order.subarray(0, filled);
}
