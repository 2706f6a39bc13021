import type { Scene } from '../../src/core/layout/scene.ts';
import type { Camera } from './graph-types.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Shows a scene of 800,000 pixels; that of 12,620 nodes is 260,000 high. */
export const minZoom = 0.001;
export const maxZoom = 4;
/** Below this nothing can be read, so a scene that would need it is shown from its top instead. */
const readableZoom = 0.6;
/** Between these a scene that is shown from its top has labels at its lines and as much around as can be. */
const fromTop = { min: 0.75, max: 0.85 };

/** Height of what the breadcrumbs take at the top with their margins, in pixels; of a low window a quarter at most. */
const breadcrumbs = 36;

/** Pixels at the top of a window in which no scene begins: breadcrumbs come there once something is selected. */
export function insetAbove({ height }: Size): number {
  return Math.min(breadcrumbs, height / 4);
}

/** The largest size of the minimap and the least, in pixels, and its distance from the edges of the window. */
const minimap = { width: 120, height: 160, least: 40, margin: 12 };

/** Size of the minimap in pixels. Of a scene that is very long one way it is stretched the other way, to be seen. */
export function minimapSize({ width, height }: Pick<Scene, 'width' | 'height'>): Size {
  const scale = Math.min(minimap.width / width, minimap.height / height);
  return { width: Math.max(minimap.least, width * scale), height: Math.max(minimap.least, height * scale) };
}

/** The camera that shows a whole scene, in the middle of what breadcrumbs leave free. */
export function fitCamera({ width, height }: Scene, window: Size): Camera {
  const above = insetAbove(window);
  const zoom = clampZoom(Math.min(window.width / (width + 24), (window.height - above) / (height + 24), 1.25));
  return { x: width / 2, y: height / 2 - above / 2 / zoom, zoom };
}

/**
 * The camera a scene opens with: the whole of it when that can be read, else its top at a zoom that can, with what is
 * there in the middle of what the minimap, at the right, leaves free.
 */
export function openingCamera(scene: Scene, window: Size): Camera {
  const whole = fitCamera(scene, window);
  if (whole.zoom >= readableZoom) return whole;
  const taken = minimapSize(scene).width + 2 * minimap.margin;
  const free = window.width - taken;
  const zoom = Math.min(fromTop.max, Math.max(fromTop.min, free / (scene.width + 24)));
  const [left, right] = extentAbove(scene, window.height / zoom);
  const half = free / 2 / zoom;
  const input = scene.nodes.kind.indexOf('input');
  const wanted = input >= 0 ? scene.nodes.x[input]! + scene.nodes.width[input]! / 2 : scene.width / 2;
  const x = right - left <= 2 * half ? (left + right) / 2 : Math.max(left + half, Math.min(right - half, wanted));
  return { x: x + taken / 2 / zoom, y: (window.height / 2 - insetAbove(window)) / zoom, zoom };
}

/** From where to where boxes stand above a height, frames aside. */
function extentAbove({ nodes, width }: Scene, height: number): readonly [left: number, right: number] {
  let [left, right] = [width, 0];
  for (let box = 0; box < nodes.count; box++) {
    if (nodes.kind[box] === 'frame' || nodes.y[box]! > height) continue;
    left = Math.min(left, nodes.x[box]!);
    right = Math.max(right, nodes.x[box]! + nodes.width[box]!);
  }
  return left < right ? [left - 24, right + 24] : [0, width];
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
    (y - camera.y) * camera.zoom < window.height / 2 - 30 &&
    (nodes.y[box]! - camera.y) * camera.zoom >= insetAbove(window) - window.height / 2;
  return inside && camera.zoom >= 0.3 ? camera : { x, y, zoom };
}

/** A box and where its top stands from the middle of the window, in pixels of the scene. */
export interface Place {
  readonly key: string;
  /** A node of the box, by which it is found again inside a group that closed over it; −1 for inputs and outputs. */
  readonly node: number;
  readonly dx: number;
  readonly dy: number;
}

/** Where a box stands in the window. */
export function placeOf({ nodes }: Scene, box: number, camera: Camera): Place {
  return {
    key: nodes.key[box]!,
    node: nodes.kind[box] === 'node' ? nodes.id[box]! : (nodes.members[box]?.[0] ?? -1),
    dx: nodes.x[box]! + nodes.width[box]! / 2 - camera.x,
    dy: nodes.y[box]! - camera.y,
  };
}

/** The box, frames aside, that is nearest to the middle of the window; −1 in a scene without boxes. */
export function middleBox({ nodes }: Scene, { x, y }: Camera): number {
  let nearest = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let box = 0; box < nodes.count; box++) {
    if (nodes.kind[box] === 'frame') continue;
    const dx = Math.max(nodes.x[box]! - x, 0, x - nodes.x[box]! - nodes.width[box]!);
    const dy = Math.max(nodes.y[box]! - y, 0, y - nodes.y[box]! - nodes.height[box]!);
    const distance = Math.hypot(dx, dy);
    if (distance < least) [nearest, least] = [box, distance];
  }
  return nearest;
}

/**
 * The camera for a scene in which a box, or what is now drawn for it, stands where it stood; moved on to the nearest box
 * when the window would show none, as inside the wide frame of a group that was opened.
 */
export function keepingPlace(scene: Scene, place: Place, camera: Camera, window: Size): Camera {
  const { nodes } = scene;
  let box = nodes.key.indexOf(place.key);
  if (box < 0)
    box = nodes.members.findIndex((members, each) => nodes.kind[each] === 'group' && members?.includes(place.node));
  const kept =
    box < 0 ? camera : { ...camera, x: nodes.x[box]! + nodes.width[box]! / 2 - place.dx, y: nodes.y[box]! - place.dy };
  const middle = middleBox(scene, kept);
  if (middle < 0) return kept;
  const [x, y] = [nodes.x[middle]! + nodes.width[middle]! / 2, nodes.y[middle]! + nodes.height[middle]! / 2];
  const seen =
    Math.abs(x - kept.x) * kept.zoom < window.width / 2 && Math.abs(y - kept.y) * kept.zoom < window.height / 2;
  return seen ? kept : { ...kept, x, y };
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
