import { joinedNodes } from './joined-nodes.ts';

/**
 * Milliseconds that each node of one version takes more than what it was in another, by node id; negative where it
 * became quicker. `pairs` are (node of the other, node of this one), flattened. Nodes that pairs connect are one: what
 * they took in the other version is shared out by what they take here, so that sums over them are right.
 */
export function timeDifference(pairs: ArrayLike<number>, here: Float32Array, other: Float32Array): Float32Array {
  const { ofThis, ofOther } = joinedNodes(pairs);
  const parts = new Map<number, { here: number; nodes: number; other: number }>();
  const partOf = (key: number) => {
    const part = parts.get(key) ?? { here: 0, nodes: 0, other: 0 };
    parts.set(key, part);
    return part;
  };
  here.forEach((time, id) => {
    if (Number.isNaN(time)) return;
    const part = partOf(ofThis(id));
    part.here += time;
    part.nodes++;
  });
  other.forEach((time, id) => {
    if (!Number.isNaN(time)) partOf(ofOther(id)).other += time;
  });
  return here.map((time, id) => {
    if (Number.isNaN(time)) return Number.NaN;
    const part = partOf(ofThis(id));
    return time - part.other * (part.here === 0 ? 1 / part.nodes : time / part.here);
  });
}
