import type { NodeId } from '../graph/model.ts';
import { boxOf } from './boxes.ts';
import { placeLabels } from './edge-labels.ts';
import type { Item } from './hierarchy.ts';
import { categoryOf } from './labels.ts';
import type { Level, LevelLink, Levels } from './levels.ts';
import type { Scene, SceneEdges, SceneNodes } from './scene.ts';

const margin = 24;

interface Placed {
  readonly level: Level;
  readonly left: number;
  readonly top: number;
}

/** Moves every level to its place and writes the scene's arrays: frames before what they hold. */
export function assemble(root: Item, levels: Levels, topOf: (level: Level) => number): Omit<Scene, 'milliseconds'> {
  const items: Item[] = [];
  const place = new Map<Item, number>();
  const bounds: number[] = [];
  const work: Placed[] = [{ level: levels.get(root)!, left: margin, top: margin }];
  for (let at = 0; at < work.length; at++) {
    const { level, left, top } = work[at]!;
    const flow = level.flow!;
    for (const [index, item] of level.boxes.entries()) {
      const [x, y] = [left + flow.x[index]!, top + flow.y[index]!];
      place.set(item, items.length);
      items.push(item);
      bounds.push(x, y, level.width[index]!, level.height[index]!);
      const inner = levels.get(item);
      if (inner)
        work.push({ level: inner, left: x + (level.width[index]! - inner.flow!.width) / 2, top: y + topOf(inner) });
    }
  }
  const column = (which: number) => Float32Array.from(items, (_, box) => bounds[box * 4 + which]!);
  const closed = items.map((item) => (levels.has(item) ? undefined : boxOf(item)));
  const nodes: SceneNodes = {
    count: items.length,
    kind: items.map((item) => (levels.has(item) ? 'frame' : item.kind)),
    id: Int32Array.from(items, (item) => item.node?.id ?? -1),
    key: items.map(({ key }) => key),
    x: column(0),
    y: column(1),
    width: column(2),
    height: column(3),
    label: items.map(({ label }) => label),
    detail: closed.map((box) => box?.detail ?? ''),
    constants: closed.map((box) => box?.constants ?? []),
    category: Uint8Array.from(items, ({ node }) => (node ? categoryOf(node) : 0)),
    size: Int32Array.from(items, ({ size }) => size),
    members: items.map((item) => (item.kind === 'group' ? idsIn(item, ({ node }) => (node ? [node.id] : [])) : null)),
    folded: items.map((item) => {
      const ids = idsIn(item, ({ folded }) => folded);
      return ids.length > 0 ? ids : null;
    }),
  };
  const edges = edgesOf(work, nodes, place);
  const { flow } = levels.get(root)!;
  const labels = placeLabels(nodes, edges);
  const labelled = labels.x.reduce((right, x, label) => Math.max(right, x + labels.width[label]!), 0);
  return {
    nodes,
    edges,
    labels,
    width: Math.max(flow!.width + 2 * margin, labelled + 4),
    height: flow!.height + 2 * margin,
  };
}

function edgesOf(work: readonly Placed[], nodes: SceneNodes, place: ReadonlyMap<Item, number>): SceneEdges {
  const links: LevelLink[] = [];
  const from: number[] = [];
  const to: number[] = [];
  const isStub: boolean[] = [];
  const lengths = [0];
  for (const { level } of work) {
    const flow = level.flow!;
    const frame = place.get(level.item) ?? -1;
    const boxIndex = (index: number) => (index < level.boxes.length ? place.get(level.boxes[index]!)! : frame);
    for (const [index, each] of level.links.entries()) {
      links.push(each);
      from.push(boxIndex(each.from));
      to.push(boxIndex(each.to));
      isStub.push(flow.isStub[index] === 1);
      lengths.push(lengths.at(-1)! + flow.routes[index]!.length);
    }
  }
  const points = new Float32Array(lengths.at(-1)!);
  let edge = 0;
  for (const { level, left, top } of work) {
    for (const [index, link] of level.links.entries()) {
      const route = level.flow!.routes[index]!;
      const start = lengths[edge]!;
      for (let at = 0; at < route.length; at += 2) {
        points[start + at] = route[at]! + left;
        points[start + at + 1] = route[at + 1]! + top;
      }
      // Ports lie on the frame itself.
      const frame = place.get(level.item)!;
      if (link.from >= level.boxes.length) points[start + 1] = nodes.y[frame]!;
      if (link.to >= level.boxes.length) points[start + route.length - 1] = nodes.y[frame]! + nodes.height[frame]!;
      edge++;
    }
  }
  return {
    count: links.length,
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    value: links.map(({ value }) => value),
    label: links.map(({ label }) => label),
    kind: isStub.map((each) => (each ? 'stub' : 'line')),
    points,
    offsets: Uint32Array.from(lengths),
  };
}

/** Ids that an item and all inside it give. */
function idsIn(item: Item, idsOf: (item: Item) => readonly NodeId[]): Int32Array {
  const ids: NodeId[] = [];
  const work = [item];
  while (work.length > 0) {
    const each = work.pop()!;
    for (const id of idsOf(each)) ids.push(id);
    work.push(...each.children);
  }
  return Int32Array.from(ids).sort();
}
