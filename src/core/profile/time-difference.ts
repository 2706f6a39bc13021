/**
 * Milliseconds that each node of one version takes more than what it was in another, by node id; negative where it
 * became quicker. `pairs` are (node of the other, node of this one), flattened. Nodes that pairs connect are one: what
 * they took in the other version is shared out by what they take here, so that sums over them are right.
 */
export function timeDifference(pairs: ArrayLike<number>, here: Float32Array, other: Float32Array): Float32Array {
  const parents = new Map<number, number>();
  /** Nodes of this version by their id, those of the other as −1 − id. */
  const root = (key: number): number => {
    let at = key;
    for (let above = parents.get(at); above !== undefined; above = parents.get(at)) {
      // Every step halves the way for the next who asks, so that long chains stay quick.
      const beyond = parents.get(above);
      if (beyond !== undefined) parents.set(at, beyond);
      at = above;
    }
    return at;
  };
  for (let at = 0; at < pairs.length; at += 2) {
    const [one, two] = [root(-1 - pairs[at]!), root(pairs[at + 1]!)];
    if (one !== two) parents.set(one, two);
  }
  const joined = new Map<number, { here: number; nodes: number; other: number }>();
  const partOf = (key: number) => {
    const at = root(key);
    const part = joined.get(at) ?? { here: 0, nodes: 0, other: 0 };
    joined.set(at, part);
    return part;
  };
  here.forEach((time, id) => {
    if (Number.isNaN(time)) return;
    const part = partOf(id);
    part.here += time;
    part.nodes++;
  });
  other.forEach((time, id) => {
    if (!Number.isNaN(time)) partOf(-1 - id).other += time;
  });
  return here.map((time, id) => {
    if (Number.isNaN(time)) return Number.NaN;
    const part = partOf(id);
    return time - part.other * (part.here === 0 ? 1 / part.nodes : time / part.here);
  });
}
