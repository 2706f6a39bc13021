/**
 * Joins nodes of two versions that pairs connect, through any number of others: gives a key for a node of either
 * version, the same for all that are joined. `pairs` are (node of the other version, node of this one), flattened.
 */
export function joinedNodes(pairs: ArrayLike<number>): {
  readonly ofThis: (id: number) => number;
  readonly ofOther: (id: number) => number;
} {
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
  return { ofThis: root, ofOther: (id) => root(-1 - id) };
}
