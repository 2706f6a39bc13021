import type { NodeId } from '../../src/core/graph/model.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import type { Overlay } from '../../src/core/overlay.ts';
import { fillOf } from './box-fill.ts';
import { edgesOfValue } from './edge-at.ts';
import { type Frame, sceneBounds } from './frame.ts';
import type { Camera, Mark } from './graph-types.ts';
import { boxesOf, boxMarks } from './marked-boxes.ts';
import type { GraphColors } from './theme.ts';

/** What is on show, as values. */
export interface Shown {
  readonly scene: Scene | null;
  readonly selected: NodeId | null;
  readonly hits: ReadonlySet<NodeId>;
  readonly overlay: Overlay | null;
  readonly camera: Camera | null;
  readonly marks: ReadonlyMap<NodeId, Mark>;
  readonly followed: string | null;
}

/** The same in terms of the scene's boxes and edges, as frames and pictures are drawn from it. */
export type ShownInScene = Pick<Frame, 'bounds' | 'fill' | 'hits' | 'marks' | 'followed'>;

/** Before the first scene comes. */
export const nothingShown: Shown = {
  scene: null,
  selected: null,
  hits: new Set(),
  overlay: null,
  camera: null,
  marks: new Map(),
  followed: null,
};

/** What is found where there is no scene. */
export const nothingInScene: ShownInScene = {
  bounds: { edges: new Float32Array(0) },
  fill: () => null,
  hits: new Set(),
  marks: new Map(),
  followed: new Set(),
};

/** Finds the boxes and edges of what is shown next; what has not changed since `before` is taken over from `found`. */
export function findInScene(next: Shown, before: Shown, found: ShownInScene, colors: GraphColors): ShownInScene {
  const { scene } = next;
  if (!scene) return nothingInScene;
  const isNew = (part: 'hits' | 'marks' | 'followed' | 'overlay') =>
    scene !== before.scene || next[part] !== before[part];
  return {
    bounds: scene === before.scene ? found.bounds : sceneBounds(scene),
    fill: isNew('overlay') ? fillOf(scene, next.overlay, colors) : found.fill,
    hits: isNew('hits') ? boxesOf(scene, next.hits) : found.hits,
    marks: isNew('marks') ? boxMarks(scene, next.marks) : found.marks,
    followed: isNew('followed') ? edgesOfValue(scene, next.followed) : found.followed,
  };
}
