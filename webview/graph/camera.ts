import type { Scene } from '../../src/core/layout/scene.ts';
import type { Camera } from './graph-types.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const minZoom = 0.005;
export const maxZoom = 4;
/** Below this nothing can be read, so a scene that would need it is shown from its top instead. */
const readableZoom = 0.6;

/** The camera that shows a whole scene. */
export function fitCamera({ width, height }: Scene, window: Size): Camera {
  const zoom = clampZoom(Math.min(window.width / (width + 24), window.height / (height + 24), 1.25));
  return { x: width / 2, y: height / 2, zoom };
}

/** The camera a scene opens with: the whole of it when that can be read, else its top at a zoom that can. */
export function openingCamera(scene: Scene, window: Size): Camera {
  const whole = fitCamera(scene, window);
  if (whole.zoom >= readableZoom) return whole;
  const zoom = Math.max(readableZoom, Math.min(0.85, window.width / (scene.width + 24)));
  const input = scene.nodes.kind.indexOf('input');
  const x = input >= 0 ? scene.nodes.x[input]! + scene.nodes.width[input]! / 2 : scene.width / 2;
  const half = window.width / 2 / zoom;
  return {
    x: scene.width <= 2 * half ? scene.width / 2 : Math.max(half, Math.min(scene.width - half, x)),
    y: window.height / 2 / zoom,
    zoom,
  };
}

/** Zooms about a point of the window, which stays over the same point of the scene. */
export function zoomAbout(
  camera: Camera,
  factor: number,
  at: { readonly x: number; readonly y: number },
  window: Size,
): Camera {
  const zoom = clampZoom(camera.zoom * factor);
  const [dx, dy] = [at.x - window.width / 2, at.y - window.height / 2];
  return { x: camera.x + dx / camera.zoom - dx / zoom, y: camera.y + dy / camera.zoom - dy / zoom, zoom };
}

export function panBy(camera: Camera, dx: number, dy: number): Camera {
  return { ...camera, x: camera.x - dx / camera.zoom, y: camera.y - dy / camera.zoom };
}

/** The camera that has a box in the window: unchanged when it is there already and can be read. */
export function revealing({ nodes }: Scene, box: number, camera: Camera, window: Size): Camera {
  const [x, y] = [nodes.x[box]! + nodes.width[box]! / 2, nodes.y[box]! + Math.min(nodes.height[box]!, 60) / 2];
  const zoom = Math.max(camera.zoom, 0.5);
  const inside =
    Math.abs(x - camera.x) * camera.zoom < window.width / 2 - 40 &&
    Math.abs(y - camera.y) * camera.zoom < window.height / 2 - 30;
  return inside && camera.zoom >= 0.3 ? camera : { x, y, zoom };
}

/** The innermost box under a point of the window; −1 when there is none. */
export function boxAt(
  { nodes }: Scene,
  camera: Camera,
  point: { readonly x: number; readonly y: number },
  window: Size,
): number {
  const x = camera.x + (point.x - window.width / 2) / camera.zoom;
  const y = camera.y + (point.y - window.height / 2) / camera.zoom;
  let frame = -1;
  for (let box = nodes.count - 1; box >= 0; box--) {
    if (
      x < nodes.x[box]! ||
      y < nodes.y[box]! ||
      x > nodes.x[box]! + nodes.width[box]! ||
      y > nodes.y[box]! + nodes.height[box]!
    )
      continue;
    if (nodes.kind[box] !== 'frame') return box;
    // Frames stand before what they hold, so the last one found first is the innermost.
    if (frame < 0) frame = box;
  }
  return frame;
}

function clampZoom(zoom: number): number {
  return Math.min(maxZoom, Math.max(minZoom, zoom));
}
