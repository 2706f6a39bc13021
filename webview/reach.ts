import type { NodeId } from '../src/core/graph/model.ts';
import type { NodeTable } from '../src/protocol/worker.ts';

export type Direction = 'upstream' | 'downstream';

/** Ids of every node that feeds `start`, or that `start` feeds, at any distance and without itself, in table order. */
export function reach(table: NodeTable, start: NodeId, direction: Direction): Int32Array {
  const { seen } = spread(table, start, direction);
  return table.id.filter((node, row) => seen[row] === 1 && node !== start);
}

/** How one node leads to another. */
export interface Paths {
  /** The nodes of a shortest path, both ends included, in the order in which values flow. */
  readonly shortest: Int32Array;
  /** Every node that lies on some path, in table order. */
  readonly all: Int32Array;
}

/** The paths between two nodes, whichever of them comes first; null when neither feeds the other. */
export function paths(table: NodeTable, one: NodeId, other: NodeId): Paths | null {
  const { id } = table;
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const down = spread(table, from, 'downstream');
    const up = spread(table, to, 'upstream');
    const [first, last] = [id.indexOf(from), id.indexOf(to)];
    if (first < 0 || !down.seen[last]) continue;
    const shortest = [last];
    while (shortest[0] !== first) shortest.unshift(down.before[shortest[0]!]!);
    return {
      shortest: Int32Array.from(shortest, (row) => id[row]!),
      all: id.filter((_, row) => row === first || row === last || (down.seen[row] === 1 && up.seen[row] === 1)),
    };
  }
  return null;
}

/**
 * What is reached from a node by row of the table, nearest first: `seen` is 1 there, and `before` is the row it was
 * reached from. The node itself is seen only where it feeds itself.
 */
function spread({ id, producers, producerOffsets }: NodeTable, start: NodeId, direction: Direction) {
  const row = new Map(Array.from(id, (node, index) => [node, index]));
  const next: number[][] = Array.from(id, () => []);
  for (let consumer = 0; consumer < id.length; consumer++) {
    for (let at = producerOffsets[consumer]!; at < producerOffsets[consumer + 1]!; at++) {
      const producer = row.get(producers[at]!);
      if (producer === undefined) continue;
      if (direction === 'upstream') next[consumer]!.push(producer);
      else next[producer]!.push(consumer);
    }
  }
  const seen = new Uint8Array(id.length);
  const before = new Int32Array(id.length).fill(-1);
  const queue = [row.get(start) ?? -1];
  for (const at of queue) {
    for (const each of next[at] ?? []) {
      if (seen[each]) continue;
      seen[each] = 1;
      before[each] = at;
      queue.push(each);
    }
  }
  return { seen, before };
}
