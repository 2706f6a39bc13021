/** What is drawn in one frame, and where in the scene its window stands. */
import type { Scene } from '../../src/core/layout/scene.ts';
import type { Camera, Mark } from './graph-types.ts';
import type { GraphColors } from './theme.ts';

/** What a frame shows beside the scene itself. */
export interface Frame {
  readonly scene: Scene;
  readonly bounds: SceneBounds;
  readonly camera: Camera;
  /** Size of the window in CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly colors: GraphColors;
  /** Fill of a box from the overlay, and where its figure stands on the scale; null without one. */
  readonly fill: (box: number) => BoxFill | null;
  readonly selected: number;
  readonly hovered: number;
  readonly hits: ReadonlySet<number>;
  readonly marks: ReadonlyMap<number, Mark>;
  /** Edges of the value that is followed. */
  readonly followed: ReadonlySet<number>;
}

export interface BoxFill {
  readonly color: string;
  /** 0 to 1. */
  readonly position: number;
  /** The cue that is not colour where the overlay has categories. */
  readonly letter?: string;
  /** Colour of stripes over the fill, for a group of several categories. */
  readonly stripes?: string;
}

/** Bounding boxes of edges: left, top, right, bottom of each. */
export interface SceneBounds {
  readonly edges: Float32Array;
}

/** Below this zoom names are left out. */
export const zoomForLabels = 0.24;

export function sceneBounds({ edges }: Scene): SceneBounds {
  const bounds = new Float32Array(edges.count * 4);
  for (let edge = 0; edge < edges.count; edge++) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let at = edges.offsets[edge]!; at < edges.offsets[edge + 1]!; at += 2) {
      left = Math.min(left, edges.points[at]!);
      right = Math.max(right, edges.points[at]!);
      top = Math.min(top, edges.points[at + 1]!);
      bottom = Math.max(bottom, edges.points[at + 1]!);
    }
    bounds.set([left, top, right, bottom], edge * 4);
  }
  return { edges: bounds };
}

/** The window in scene coordinates: left, top, right, bottom. */
export function windowOf({ camera, width, height }: Frame): readonly [number, number, number, number] {
  const [halfWidth, halfHeight] = [width / 2 / camera.zoom, height / 2 / camera.zoom];
  return [camera.x - halfWidth, camera.y - halfHeight, camera.x + halfWidth, camera.y + halfHeight];
}
