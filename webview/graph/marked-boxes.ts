import type { NodeId } from '../../src/core/graph/model.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import type { Mark } from './graph-types.ts';

/** The boxes that stand for nodes: their own, those in which one is a line, and closed groups that hold one. */
export function boxesOf(scene: Scene, ids: ReadonlySet<NodeId>): ReadonlySet<number> {
  const boxes = new Set<number>();
  const { count, kind, id, members, folded } = scene.nodes;
  const anyOf = (list: Int32Array | null) => list?.some((each) => ids.has(each as NodeId)) ?? false;
  for (let box = 0; box < count; box++) {
    const isHit = ids.has(id[box] as NodeId) || (kind[box] === 'group' && anyOf(members[box]!));
    if (isHit || (kind[box] !== 'frame' && anyOf(folded[box]!))) boxes.add(box);
  }
  return boxes;
}

/** A group has the mark of its members when they have one and the same, else `changed`. */
export function boxMarks(scene: Scene, marks: ReadonlyMap<NodeId, Mark>): ReadonlyMap<number, Mark> {
  const boxes = new Map<number, Mark>();
  if (marks.size === 0) return boxes;
  for (let box = 0; box < scene.nodes.count; box++) {
    const members = scene.nodes.kind[box] === 'group' ? [...(scene.nodes.members[box] ?? [])] : [scene.nodes.id[box]!];
    const found = members.map((id) => marks.get(id as NodeId));
    const first = found.find((mark) => mark !== undefined);
    if (first) boxes.set(box, found.every((mark) => mark === first) ? first : 'changed');
  }
  return boxes;
}
