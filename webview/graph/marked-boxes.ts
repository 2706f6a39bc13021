import type { NodeId } from '../../src/core/graph/model.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import type { Mark } from './graph-types.ts';

/** The boxes that stand for nodes: their own, and closed groups that hold one. */
export function boxesOf(scene: Scene, ids: ReadonlySet<NodeId>): ReadonlySet<number> {
  const boxes = new Set<number>();
  for (let box = 0; box < scene.nodes.count; box++) {
    const members = scene.nodes.kind[box] === 'group' ? scene.nodes.members[box] : null;
    if (ids.has(scene.nodes.id[box] as NodeId) || members?.some((id) => ids.has(id as NodeId))) boxes.add(box);
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
