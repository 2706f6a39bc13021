/** What pointer, wheel and keys do on the canvas, as calls that say what is meant. */
import { panBy, type Size, zoomAbout } from './camera.ts';
import type { Camera } from './graph-types.ts';

export interface Reactions {
  camera(): Camera | null;
  size(): Size;
  setCamera(camera: Camera): void;
  boxUnder(point: Point): number;
  /** Without a point the pointer has left. */
  hover(box: number, point?: Point): void;
  click(point: Point): void;
  /** True when the box was a group or frame. */
  toggle(box: number): boolean;
  /** True when the key was used. */
  key(key: string, shift: boolean): boolean;
}

/** A point of the window, in its pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Pixels the pointer may move between press and release of a click. */
const clickSlack = 4;

/** Listens until the returned function is called. */
export function listen(host: HTMLElement, canvas: HTMLCanvasElement, react: Reactions): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  const pointOf = (event: MouseEvent) => {
    const box = host.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  let pressed: { x: number; y: number; moved: boolean } | null = null;
  canvas.addEventListener(
    'pointerdown',
    (event) => {
      canvas.setPointerCapture(event.pointerId);
      pressed = { x: event.clientX, y: event.clientY, moved: false };
    },
    { signal },
  );
  canvas.addEventListener(
    'pointermove',
    (event) => {
      if (!pressed) return react.hover(react.boxUnder(pointOf(event)), pointOf(event));
      const [dx, dy] = [event.clientX - pressed.x, event.clientY - pressed.y];
      if (!pressed.moved && Math.hypot(dx, dy) < clickSlack) return;
      pressed = { x: event.clientX, y: event.clientY, moved: true };
      canvas.classList.add('dragging');
      const camera = react.camera();
      if (camera) react.setCamera(panBy(camera, dx, dy));
    },
    { signal },
  );
  const release = (event: PointerEvent) => {
    const click = pressed && !pressed.moved && event.type === 'pointerup';
    pressed = null;
    canvas.classList.remove('dragging');
    if (click) react.click(pointOf(event));
  };
  canvas.addEventListener('pointerup', release, { signal });
  canvas.addEventListener('pointercancel', release, { signal });
  canvas.addEventListener('pointerleave', () => react.hover(-1), { signal });
  canvas.addEventListener('dblclick', (event) => react.toggle(react.boxUnder(pointOf(event))), { signal });
  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const camera = react.camera();
      if (!camera) return;
      const lines = event.deltaMode === 1 ? 16 : 1;
      // Pinching on a trackpad arrives as a wheel with the control key.
      if (event.ctrlKey || event.metaKey)
        react.setCamera(zoomAbout(camera, Math.exp(-event.deltaY * lines * 0.01), pointOf(event), react.size()));
      else react.setCamera(panBy(camera, -event.deltaX * lines, -event.deltaY * lines));
    },
    { signal, passive: false },
  );
  canvas.addEventListener(
    'keydown',
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !react.key(event.key, event.shiftKey)) return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
  return () => controller.abort();
}
