/** How nodes of the two versions of a comparison belong together, and how the graph shows it. */
import type { Side } from '../src/core/diff/counterparts.ts';
import type { NodeId } from '../src/core/graph/model.ts';
import type { VersionMapping } from '../src/protocol/worker.ts';
import type { Mark } from './graph/graph-canvas.tsx';

/** What the comparison says of the nodes of one side. Nodes that stayed as they were have no mark. */
export function marksOf({ pairs, removed, added, changed }: VersionMapping, side: Side): Map<NodeId, Mark> {
  const marks = new Map<NodeId, Mark>();
  const changedNodes = new Set(changed);
  const partners = new Map<number, number>();
  for (let at = 1; at < pairs.length; at += 2) partners.set(pairs[at]!, (partners.get(pairs[at]!) ?? 0) + 1);
  for (let at = 0; at < pairs.length; at += 2) {
    const [a, b] = [pairs[at]!, pairs[at + 1]!];
    const node = (side === 'a' ? a : b) as NodeId;
    if (partners.get(b)! > 1) marks.set(node, 'fused');
    else if (changedNodes.has(b)) marks.set(node, 'changed');
  }
  for (const node of side === 'a' ? removed : added) marks.set(node as NodeId, side === 'a' ? 'removed' : 'added');
  return marks;
}
