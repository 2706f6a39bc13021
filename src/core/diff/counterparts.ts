import type { NodeId } from '../graph/model.ts';

export type Side = 'a' | 'b';

/** The nodes of the other side that belong to `node` of `side`; `pairs` are (node of a, node of b), flattened. */
export function counterparts({ pairs }: { readonly pairs: Int32Array }, side: Side, node: NodeId): NodeId[] {
  const offset = side === 'a' ? 0 : 1;
  const found: NodeId[] = [];
  for (let at = 0; at < pairs.length; at += 2) {
    if (pairs[at + offset] === node) found.push(pairs[at + 1 - offset] as NodeId);
  }
  return found;
}
