import type { Scene } from '../../src/core/layout/scene.ts';

/** The box that an arrow key leads to: down and up along edges, left and right to the neighbour in the row. −1: none. */
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
  if (direction === 'up' || direction === 'down') {
    const [near, far] = direction === 'down' ? [edges.from, edges.to] : [edges.to, edges.from];
    for (let edge = 0; edge < edges.count; edge++) {
      if (near[edge] !== from) continue;
      const [otherX, otherY] = center(far[edge]!);
      consider(far[edge]!, Math.hypot((otherX - x) / 4, otherY - y));
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
