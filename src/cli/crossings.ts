import type { SceneEdges } from '../core/layout/scene.ts';

interface Segment {
  readonly edge: number;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/**
 * Pairs of lines that cross, as drawn: each crossing of two segments counts, meeting at an end does not. Segments are
 * swept from top to bottom, so only those at the same height are compared; lines that start or end together are one bundle.
 */
export function countSceneCrossings(edges: SceneEdges): number {
  const segments = segmentsOf(edges).sort((a, b) => a.y1 - b.y1);
  let active: Segment[] = [];
  let crossings = 0;
  for (const segment of segments) {
    active = active.filter(({ y2 }) => y2 > segment.y1);
    for (const other of active) {
      const related =
        edges.from[other.edge] === edges.from[segment.edge] || edges.to[other.edge] === edges.to[segment.edge];
      if (!related && cross(segment, other)) crossings++;
    }
    active.push(segment);
  }
  return crossings;
}

/** Every piece of every routed line, its upper end first. */
function segmentsOf({ count, kind, points, offsets }: SceneEdges): Segment[] {
  const segments: Segment[] = [];
  for (let edge = 0; edge < count; edge++) {
    if (kind[edge] !== 'line') continue;
    for (let at = offsets[edge]!; at + 3 < offsets[edge + 1]!; at += 2) {
      const [x1, y1, x2, y2] = [points[at]!, points[at + 1]!, points[at + 2]!, points[at + 3]!];
      segments.push(y1 <= y2 ? { edge, x1, y1, x2, y2 } : { edge, x1: x2, y1: y2, x2: x1, y2: y1 });
    }
  }
  return segments;
}

/** True when both segments run past each other's line: ends on it do not count. */
function cross(a: Segment, b: Segment): boolean {
  return side(a, b.x1, b.y1) * side(a, b.x2, b.y2) < 0 && side(b, a.x1, a.y1) * side(b, a.x2, a.y2) < 0;
}

const side = ({ x1, y1, x2, y2 }: Segment, x: number, y: number): number =>
  Math.sign((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1));
