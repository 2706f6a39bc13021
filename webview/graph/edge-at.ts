import type { Scene } from '../../src/core/layout/scene.ts';
import { plural, t } from '../l10n.ts';
import type { Size } from './camera.ts';
import type { SceneBounds } from './frame.ts';
import type { Camera } from './graph-types.ts';

/** An edge under the pointer, and which of its ends when it is a stub. */
export interface EdgeHit {
  readonly edge: number;
  readonly end: 'from' | 'to' | null;
}

/** Pixels of the screen that the pointer may be beside a line. */
const slack = 5;
/** Pixels of the scene that belong to the end of a stub: its dashes, and the start of its name. */
const stubEnd = { reach: 22, beside: 12 };
/** Below this zoom lines are too close to be meant one by one. */
const zoomForEdges = 0.3;

/** The edge under a point of the window; null when there is none near. */
export function edgeAt(
  { edges }: Scene,
  bounds: SceneBounds,
  camera: Camera,
  point: { readonly x: number; readonly y: number },
  window: Size,
): EdgeHit | null {
  if (camera.zoom < zoomForEdges) return null;
  const x = camera.x + (point.x - window.width / 2) / camera.zoom;
  const y = camera.y + (point.y - window.height / 2) / camera.zoom;
  const near = slack / camera.zoom;
  let best: EdgeHit | null = null;
  let least = near;
  for (let edge = 0; edge < edges.count; edge++) {
    const at = edge * 4;
    if (x < bounds.edges[at]! - stubEnd.beside || x > bounds.edges[at + 2]! + stubEnd.beside) continue;
    if (y < bounds.edges[at + 1]! - near || y > bounds.edges[at + 3]! + near) continue;
    const [start, end] = [edges.offsets[edge]!, edges.offsets[edge + 1]!];
    if (edges.kind[edge] === 'stub') {
      /** Whether the point is beside the dashes that go down (1) or up (−1) from a corner. */
      const isBeside = (corner: number, down: 1 | -1) => {
        const below = (y - edges.points[corner + 1]!) * down;
        return Math.abs(x - edges.points[corner]!) <= stubEnd.beside && below >= 0 && below <= stubEnd.reach;
      };
      if (isBeside(start, 1)) return { edge, end: 'from' };
      if (isBeside(end - 2, -1)) return { edge, end: 'to' };
      continue;
    }
    const distance = distanceToLine(edges.points.subarray(start, end), x, y);
    if (distance < least) [best, least] = [{ edge, end: null }, distance];
  }
  return best;
}

/** Pieces that the bend between two corners is measured in. */
const pieces = 8;

/** Distance of a point from an edge as it is drawn: bent vertically at both ends of every slope. */
function distanceToLine(points: Float32Array, x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let at = 2; at < points.length; at += 2) {
    const [x0, y0, x1, y1] = [points[at - 2]!, points[at - 1]!, points[at]!, points[at + 1]!];
    let [fromX, fromY] = [x0, y0];
    for (let piece = 1; piece <= pieces; piece++) {
      const share = piece / pieces;
      const ease = share * share * (3 - 2 * share);
      // The cubic with control points at half height: x eases, y runs as 1.5 s (1 − s) + s³.
      const toX = x0 + (x1 - x0) * ease;
      const toY = y0 + (y1 - y0) * (1.5 * share * (1 - share) + share ** 3);
      least = Math.min(least, distanceToPiece(x, y, fromX, fromY, toX, toY));
      [fromX, fromY] = [toX, toY];
    }
  }
  return least;
}

function distanceToPiece(x: number, y: number, x0: number, y0: number, x1: number, y1: number): number {
  const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const share = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length));
  return Math.hypot(x - x0 - share * (x1 - x0), y - y0 - share * (y1 - y0));
}

/** The edges that carry a value, by its name. */
export function edgesOfValue({ edges }: Scene, value: string | null): ReadonlySet<number> {
  const found = new Set<number>();
  if (value === null) return found;
  for (let edge = 0; edge < edges.count; edge++) if (edges.value[edge] === value) found.add(edge);
  return found;
}

/** The boxes that read what flows along an edge out of the box it starts at; those in frames count with their frame. */
export function readersOf({ edges }: Scene, edge: number): readonly number[] {
  const readers = new Set<number>();
  for (let each = 0; each < edges.count; each++)
    if (edges.from[each] === edges.from[edge] && edges.value[each] === edges.value[edge]) readers.add(edges.to[each]!);
  return [...readers];
}

/** What an edge carries, from where and to where, in words: for tooltips and screen readers. */
export function edgeText(scene: Scene, edge: number): string {
  const { nodes, edges } = scene;
  const what = [edges.value[edge], edges.label[edge]].filter(Boolean).join('  ');
  const from = nodes.label[edges.from[edge]!]!;
  const readers = readersOf(scene, edge).length;
  return readers === 1
    ? t('{0}, from {1} to {2}', what, from, nodes.label[edges.to[edge]!]!)
    : plural(readers, '{1}, from {2} to {0} reader', '{1}, from {2} to {0} readers', what, from);
}
