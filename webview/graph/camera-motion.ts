import type { Camera } from './graph-types.ts';

/** A camera moves for this long, in milliseconds, unless the user asks for no motion. */
const moveMilliseconds = 140;

/** Sets the camera at once, which ends a motion, or moves it there. */
export function cameraMotion(current: () => Camera | null, set: (camera: Camera) => void) {
  let moving = 0;
  const stop = () => cancelAnimationFrame(moving);
  const setCamera = (camera: Camera) => {
    stop();
    set(camera);
  };
  const moveTo = (target: Camera) => {
    const from = current();
    if (!from || matchMedia('(prefers-reduced-motion: reduce)').matches) return setCamera(target);
    const start = performance.now();
    const step = () => {
      const share = Math.min(1, (performance.now() - start) / moveMilliseconds);
      const eased = 1 - (1 - share) ** 3;
      const mix = (a: number, b: number) => a + (b - a) * eased;
      setCamera({
        x: mix(from.x, target.x),
        y: mix(from.y, target.y),
        zoom: from.zoom * (target.zoom / from.zoom) ** eased,
      });
      if (share < 1) moving = requestAnimationFrame(step);
    };
    step();
  };
  return { setCamera, moveTo, stop };
}
