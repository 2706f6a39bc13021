import type { NodeId } from '../src/core/graph/model.ts';
import type { NodeTable } from '../src/protocol/worker.ts';

export type Direction = 'upstream' | 'downstream';

/** Ids of every node that feeds `start`, or that `start` feeds, at any distance and without itself, in table order. */
export function reach({ id, producers, producerOffsets }: NodeTable, start: NodeId, direction: Direction): Int32Array {
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
  const stack = [...(next[row.get(start) ?? -1] ?? [])];
  while (stack.length > 0) {
    const at = stack.pop()!;
    if (seen[at]) continue;
    seen[at] = 1;
    stack.push(...next[at]!);
  }
  return id.filter((node, index) => seen[index] === 1 && node !== start);
}
