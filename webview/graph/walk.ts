import type { Scene } from '../../src/core/layout/scene.ts';
import { t } from '../l10n.ts';

/**
 * The box that an arrow key leads to. Down and up go along edges, out of a frame where the box is the last or first in
 * it, and from a frame to the first box in it; left and right go to the neighbour in the row, and at its end to the next
 * box in reading order, so that the arrows reach every box. −1: none.
 */
export function walk(scene: Scene, from: number, direction: 'up' | 'down' | 'left' | 'right'): number {
  if (direction === 'left' || direction === 'right') return besideInRow(scene, from, direction);
  if (direction === 'down' && scene.nodes.kind[from] === 'frame')
    return readingOrder(scene).find((box) => frameAround(scene, box) === from) ?? -1;
  for (let box = from; box >= 0; box = frameAround(scene, box)) {
    const next = alongEdges(scene, box, direction);
    if (next >= 0) return next;
  }
  return -1;
}

/** The nearest box at the other end of an edge; of an edge that ends at a frame around the box, what it leads to outside. */
function alongEdges(scene: Scene, from: number, direction: 'up' | 'down'): number {
  const { edges } = scene;
  const [near, far] = direction === 'down' ? [edges.from, edges.to] : [edges.to, edges.from];
  const [x, y] = centerOf(scene, from);
  let best = -1;
  let bestDistance = Number.POSITIVE_INFINITY;
  const ends = [from];
  for (const end of ends) {
    for (let edge = 0; edge < edges.count; edge++) {
      const box = far[edge]!;
      if (near[edge] !== end || isIn(scene, box, end)) continue;
      if (isIn(scene, from, box)) {
        if (!ends.includes(box)) ends.push(box);
        continue;
      }
      const [otherX, otherY] = centerOf(scene, box);
      const distance = Math.hypot((otherX - x) / 4, otherY - y);
      if (distance < bestDistance) [best, bestDistance] = [box, distance];
    }
  }
  return best;
}

function besideInRow(scene: Scene, from: number, direction: 'left' | 'right'): number {
  const { nodes } = scene;
  const [x, y] = centerOf(scene, from);
  let best = -1;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (let box = 0; box < nodes.count; box++) {
    if (nodes.kind[box] === 'frame' || box === from) continue;
    const [otherX, otherY] = centerOf(scene, box);
    const ahead = direction === 'right' ? otherX - x : x - otherX;
    if (ahead <= 1 || Math.abs(otherY - y) >= Math.max(nodes.height[box]!, nodes.height[from]!)) continue;
    const distance = ahead + Math.abs(otherY - y);
    if (distance < bestDistance) [best, bestDistance] = [box, distance];
  }
  if (best >= 0) return best;
  const order = readingOrder(scene);
  return order[order.indexOf(from) + (direction === 'right' ? 1 : -1)] ?? -1;
}

const orders = new WeakMap<Scene, readonly number[]>();

/** The boxes as one reads them: from top to bottom, and from left to right where they stand side by side. */
export function readingOrder(scene: Scene): readonly number[] {
  let order = orders.get(scene);
  if (!order) {
    const { x, y, count } = scene.nodes;
    order = Array.from({ length: count }, (_, box) => box).sort((a, b) => y[a]! - y[b]! || x[a]! - x[b]! || a - b);
    orders.set(scene, order);
  }
  return order;
}

function centerOf({ nodes }: Scene, box: number): readonly [x: number, y: number] {
  return [nodes.x[box]! + nodes.width[box]! / 2, nodes.y[box]! + nodes.height[box]! / 2];
}

/**
 * The edges of a box from left to right, those it reads before those it feeds: what Shift with an arrow goes through.
 */
export function edgesOf(scene: Scene, box: number): readonly number[] {
  const { edges } = scene;
  const found: number[] = [];
  for (let edge = 0; edge < edges.count; edge++)
    if (edges.from[edge] === box || edges.to[edge] === box) found.push(edge);
  const key = (edge: number) =>
    [Number(edges.from[edge] === box), centerOf(scene, otherEnd(scene, edge, box))[0]] as const;
  return found.sort((a, b) => key(a)[0] - key(b)[0] || key(a)[1] - key(b)[1] || a - b);
}

/** The box at the other end of an edge. */
export function otherEnd({ edges }: Scene, edge: number, box: number): number {
  return edges.from[edge] === box ? edges.to[edge]! : edges.from[edge]!;
}

/** Where a walk begins: the first input, or the first box. */
export function firstBox({ nodes }: Scene): number {
  const input = nodes.kind.indexOf('input');
  return input >= 0 ? input : nodes.count > 0 ? 0 : -1;
}

const around = new WeakMap<Scene, Int32Array>();

/** The innermost frame that a box lies in; −1 when it lies in none. */
export function frameAround(scene: Scene, box: number): number {
  let frames = around.get(scene);
  if (!frames) {
    frames = new Int32Array(scene.nodes.count).fill(-1);
    // Frames stand before what they hold, so the last one written is the innermost.
    for (let frame = 0; frame < frames.length; frame++) {
      if (scene.nodes.kind[frame] !== 'frame') continue;
      for (let each = frame + 1; each < frames.length; each++) if (isIn(scene, each, frame)) frames[each] = frame;
    }
    around.set(scene, frames);
  }
  return frames[box] ?? -1;
}

function isIn({ nodes: { kind, x, y, width, height } }: Scene, box: number, frame: number): boolean {
  return (
    kind[frame] === 'frame' &&
    box !== frame &&
    x[box]! >= x[frame]! &&
    y[box]! >= y[frame]! &&
    x[box]! + width[box]! <= x[frame]! + width[frame]! &&
    y[box]! + height[box]! <= y[frame]! + height[frame]!
  );
}

/** The box that stands for a node: its own, the one in which it is a line, or the closed group that hides it. −1: none. */
export function boxOfNode({ nodes }: Scene, id: number): number {
  const own = nodes.id.indexOf(id);
  if (own >= 0) return own;
  const hiding = nodes.kind.findIndex(
    (kind, box) =>
      kind !== 'frame' && (nodes.folded[box]?.includes(id) || (kind === 'group' && nodes.members[box]?.includes(id))),
  );
  // Read by bodies of an open node alone: the innermost frame is that node's.
  return hiding >= 0 ? hiding : nodes.folded.findLastIndex((folded) => folded?.includes(id));
}

/** What a screen reader says of a box. */
export function boxName({ nodes, edges }: Scene, box: number): string {
  const detail = [nodes.detail[box], ...nodes.constants[box]!].filter(Boolean).join(', ');
  const reads = edges.to.filter((target) => target === box).length;
  const feeds = edges.from.filter((source) => source === box).length;
  const name = `${kindName(nodes.kind[box]!, nodes.label[box]!)}${detail ? `, ${detail}` : ''}`;
  return t('{0}, {1} in, {2} out', name, reads, feeds);
}

function kindName(kind: Scene['nodes']['kind'][number], label: string): string {
  switch (kind) {
    case 'group':
      return t('group {0}', label);
    case 'frame':
      return t('frame {0}', label);
    case 'input':
      return t('input {0}', label);
    case 'output':
      return t('output {0}', label);
    default:
      return label;
  }
}
