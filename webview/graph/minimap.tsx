import { type ReadonlySignal, type Signal, useSignalEffect } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Scene } from '../../src/core/layout/scene.ts';
import { t } from '../l10n.ts';
import { minimapSize } from './camera.ts';
import type { Camera } from './graph-types.ts';
import type { GraphColors } from './theme.ts';

interface MinimapProps {
  readonly scene: ReadonlySignal<Scene | null>;
  readonly camera: Signal<Camera | null>;
  readonly colors: GraphColors;
  readonly host: RefObject<HTMLElement | null>;
}

/** Smaller windows have no room for a minimap beside the tools. */
const leastWindow = { width: 320, height: 366 };

/** The whole scene in small with the window marked; a click or drag moves the window. Shown when the scene does not fit. */
export function Minimap({ scene, camera, colors, host }: MinimapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const picture = useRef<{ scene: Scene; colors: GraphColors; image: HTMLCanvasElement } | null>(null);

  const draw = () => {
    const [shown, view, target] = [scene.value, camera.value, canvas.current];
    if (!target) return;
    const window = host.current?.getBoundingClientRect();
    const fits =
      shown &&
      view &&
      window &&
      shown.width * view.zoom <= window.width * 1.05 &&
      shown.height * view.zoom <= window.height * 1.05;
    target.hidden =
      !shown ||
      !view ||
      !window ||
      Boolean(fits) ||
      window.width < leastWindow.width ||
      window.height < leastWindow.height;
    if (!shown || !view || !window || target.hidden) return;
    const ratio = devicePixelRatio || 1;
    const { width, height } = minimapSize(shown);
    const [across, down] = [(width / shown.width) * ratio, (height / shown.height) * ratio];
    if (picture.current?.scene !== shown || picture.current.colors !== colors) {
      picture.current = {
        scene: shown,
        colors,
        image: thumbnail(shown, colors, across, down),
      };
    }
    target.width = width * ratio;
    target.height = height * ratio;
    target.style.width = `${width}px`;
    target.style.height = `${height}px`;
    const context = target.getContext('2d')!;
    context.drawImage(picture.current.image, 0, 0);
    context.strokeStyle = colors.selection;
    context.lineWidth = ratio;
    const [half, tall] = [window.width / 2 / view.zoom, window.height / 2 / view.zoom];
    context.strokeRect(
      (view.x - half) * across,
      (view.y - tall) * down,
      Math.max(4, 2 * half * across),
      Math.max(4, 2 * tall * down),
    );
  };

  useSignalEffect(draw);
  useEffect(draw, [colors]);

  const move = (event: PointerEvent) => {
    if (!(event.buttons & 1) || !scene.value || !camera.value || !canvas.current) return;
    const box = canvas.current.getBoundingClientRect();
    camera.value = {
      ...camera.value,
      x: ((event.clientX - box.left) / box.width) * scene.value.width,
      y: ((event.clientY - box.top) / box.height) * scene.value.height,
    };
  };
  const press = (event: PointerEvent) => {
    canvas.current?.setPointerCapture(event.pointerId);
    move(event);
  };
  return (
    <canvas
      ref={canvas}
      class="graph-minimap"
      aria-label={t('Overview of the graph')}
      hidden
      onPointerDown={press}
      onPointerMove={move}
    />
  );
}

/** The scene in small; `across` and `down` are pixels a pixel of the scene. */
function thumbnail({ nodes, width, height }: Scene, colors: GraphColors, across: number, down: number) {
  const image = document.createElement('canvas');
  image.width = width * across;
  image.height = height * down;
  const context = image.getContext('2d')!;
  context.fillStyle = colors.background;
  context.fillRect(0, 0, image.width, image.height);
  for (let box = 0; box < nodes.count; box++) {
    const frame = nodes.kind[box] === 'frame';
    context.fillStyle = frame ? colors.frame : colors.categories[nodes.category[box]!]!;
    context.fillRect(
      nodes.x[box]! * across,
      nodes.y[box]! * down,
      Math.max(1, nodes.width[box]! * across),
      Math.max(1, nodes.height[box]! * down),
    );
  }
  return image;
}
