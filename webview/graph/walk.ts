import type { Scene } from '../../src/core/layout/scene.ts';

/**
 * The box that an arrow key leads to: down and up along edges, left and right to the neighbour in the row; down from a
 * frame to the first box in it. −1: none.
 */
export function walk(scene: Scene, from: number, direction: 'up' | 'down' | 'left' | 'right'): number {
  const { nodes, edges } = scene;
  const center = (box: number) =>
    [nodes.x[box]! + nodes.width[box]! / 2, nodes.y[box]! + nodes.height[box]! / 2] as const;
  const [x, y] = center(from);
  let best = -1;
  let bestDistance = Number.POSITIVE_INFINITY;
  const consider = (box: number, distance: number) => {
    if (box !== from && distance < bestDistance) {
      best = box;
      bestDistance = distance;
    }
  };
  if (direction === 'down' && nodes.kind[from] === 'frame') {
    for (let box = from + 1; box < nodes.count; box++)
      if (frameAround(scene, box) === from) consider(box, nodes.y[box]! * 1e3 + nodes.x[box]!);
    return best;
  }
  if (direction === 'up' || direction === 'down') {
    const [near, far] = direction === 'down' ? [edges.from, edges.to] : [edges.to, edges.from];
    // An edge that ends at a frame around the box goes on outside of it.
    const ends = [from];
    for (const end of ends) {
      for (let edge = 0; edge < edges.count; edge++) {
        const box = far[edge]!;
        if (near[edge] !== end || isIn(scene, box, end)) continue;
        if (isIn(scene, from, box)) {
          if (!ends.includes(box)) ends.push(box);
          continue;
        }
        const [otherX, otherY] = center(box);
        consider(box, Math.hypot((otherX - x) / 4, otherY - y));
      }
    }
    return best;
  }
  for (let box = 0; box < nodes.count; box++) {
    if (nodes.kind[box] === 'frame') continue;
    const [otherX, otherY] = center(box);
    const ahead = direction === 'right' ? otherX - x : x - otherX;
    if (ahead > 1 && Math.abs(otherY - y) < Math.max(nodes.height[box]!, nodes.height[from]!))
      consider(box, ahead + Math.abs(otherY - y));
  }
  return best;
}

/** Where a walk begins: the first input, or the first box. */
export function firstBox({ nodes }: Scene): number {
  const input = nodes.kind.indexOf('input');
  return input >= 0 ? input : nodes.count > 0 ? 0 : -1;
}

/** The innermost frame that a box lies in; −1 when it lies in none. */
export function frameAround(scene: Scene, box: number): number {
  // Frames stand before what they hold.
  for (let frame = box - 1; frame >= 0; frame--) if (isIn(scene, box, frame)) return frame;
  return -1;
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

/** The box that stands for a node: its own, or the closed group that hides it. −1: none. */
export function boxOfNode({ nodes }: Scene, id: number): number {
  const own = nodes.id.indexOf(id);
  if (own >= 0) return own;
  return nodes.kind.findIndex((kind, box) => kind === 'group' && nodes.members[box]?.includes(id));
}

/** What a screen reader says of a box. */
export function boxName({ nodes, edges }: Scene, box: number): string {
  const kind = nodes.kind[box]!;
  const what = kind === 'node' ? '' : `${kind} `;
  const detail = [nodes.detail[box], ...nodes.constants[box]!].filter(Boolean).join(', ');
  const reads = edges.to.filter((target) => target === box).length;
  const feeds = edges.from.filter((source) => source === box).length;
  return `${what}${nodes.label[box]}${detail ? `, ${detail}` : ''}, ${reads} in, ${feeds} out`;
}
