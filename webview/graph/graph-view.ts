/** The canvas that draws a scene and turns what the user does into calls: the part of the graph that is no component. */
import type { NodeId } from '../../src/core/graph/model.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import { sceneToSvg } from '../../src/core/layout/svg.ts';
import type { Overlay } from '../../src/core/overlay.ts';
import { boxFigures } from './box-figures.ts';
import {
  boxAt,
  fitCamera,
  keepingPlace,
  middleBox,
  openingCamera,
  type Place,
  panBy,
  placeOf,
  revealing,
  type Size,
  zoomAbout,
} from './camera.ts';
import { drawFrame, type Frame, type SceneBounds, sceneBounds } from './draw.ts';
import type { Camera, GraphCanvasProps, GraphHandle, Mark } from './graph-types.ts';
import { mixedColors, overlayColor, overlayPosition } from './overlay-color.ts';
import type { GraphColors } from './theme.ts';
import { boxOfNode, firstBox, frameAround, walk } from './walk.ts';

/** What is on show, as values. */
export interface Shown {
  readonly scene: Scene | null;
  readonly selected: NodeId | null;
  readonly hits: ReadonlySet<NodeId>;
  readonly overlay: Overlay | null;
  readonly camera: Camera | null;
  readonly marks: ReadonlyMap<NodeId, Mark>;
}

export interface GraphView {
  readonly handle: GraphHandle;
  update(shown: Shown): void;
  setColors(colors: GraphColors): void;
  dispose(): void;
}

type Fill = Frame['fill'];

/** A camera moves for this long, in milliseconds, unless the user asks for no motion. */
const moveMilliseconds = 140;
const framesKept = 120;
const maxPngSide = 16384;

/** Makes the view in `canvas`, which fills `host`. `props` gives the callbacks in force. */
export function createGraphView(
  host: HTMLElement,
  canvas: HTMLCanvasElement,
  props: () => GraphCanvasProps,
  initialColors: GraphColors,
): GraphView {
  const context = canvas.getContext('2d', { alpha: false })!;
  let shown: Shown = { scene: null, selected: null, hits: new Set(), overlay: null, camera: null, marks: new Map() };
  let colors = initialColors;
  let size: Size = { width: 0, height: 0 };
  let bounds: SceneBounds = { edges: new Float32Array(0) };
  let selectedBox = -1;
  let hovered = -1;
  let hitBoxes: ReadonlySet<number> = new Set();
  let markBoxes: ReadonlyMap<number, Mark> = new Map();
  let fill: Fill = () => null;
  let drawn = 0;
  let scheduled = 0;
  let moving = 0;
  const frames: number[] = [];

  const draw = () => {
    scheduled = 0;
    const { scene, camera } = shown;
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(size.width * ratio) || canvas.height !== Math.round(size.height * ratio)) {
      canvas.width = Math.round(size.width * ratio);
      canvas.height = Math.round(size.height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!scene || !camera || size.width === 0) {
      context.fillStyle = colors.background;
      context.fillRect(0, 0, size.width, size.height);
      return;
    }
    const start = performance.now();
    drawn = drawFrame(context, {
      scene,
      bounds,
      camera,
      ...size,
      colors,
      fill,
      selected: selectedBox,
      hovered,
      hits: hitBoxes,
      marks: markBoxes,
    });
    frames.push(performance.now() - start);
    if (frames.length > framesKept) frames.shift();
  };
  const redraw = () => {
    scheduled ||= requestAnimationFrame(draw);
  };
  const setCamera = (camera: Camera) => {
    cancelAnimationFrame(moving);
    props().camera.value = camera;
  };
  const moveTo = (target: Camera) => {
    const from = shown.camera;
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
  /** A scene that has no camera yet, or a window that just got its size. */
  const ensureCamera = () => {
    if (shown.scene && !shown.camera && size.width > 0) setCamera(openingCamera(shown.scene, size));
  };

  const showBox = (box: number) => {
    if (!shown.scene || !shown.camera || box < 0) return;
    const target = revealing(shown.scene, box, shown.camera, size);
    if (target !== shown.camera) moveTo(target);
  };
  const focus = (box: number) => {
    selectedBox = box;
    props().focused.value = shown.scene?.nodes.key[box] ?? null;
  };
  /** The selection came from elsewhere, or the scene is another: a box that is no node stays the same by its key. */
  const followSelection = (scene: Scene) => {
    const { nodes } = scene;
    if (shown.selected !== null) return focus(boxOfNode(scene, shown.selected));
    const box = nodes.key.indexOf(props().focused.value ?? '');
    focus(nodes.id[box]! >= 0 ? -1 : box);
  };
  const choose = (box: number) => {
    focus(box);
    const id = box >= 0 ? shown.scene!.nodes.id[box]! : -1;
    props().onSelect(id >= 0 ? (id as NodeId) : null);
    focus(box);
    redraw();
  };
  const toggle = (box: number): boolean => {
    const { scene, camera } = shown;
    const kind = scene?.nodes.kind[box];
    if (!scene || !camera || (kind !== 'group' && kind !== 'frame')) return false;
    kept = placeOf(scene, box, camera);
    props().onToggleGroup(scene.nodes.key[box]!);
    return true;
  };
  /** The box that stays where it is on screen when the next scene comes. */
  let kept: Place | null = null;
  const keepPlace = (scene: Scene) => {
    if (kept && shown.camera) setCamera(keepingPlace(scene, kept, shown.camera, size));
    kept = null;
  };

  const stopListening = listen(host, canvas, {
    camera: () => shown.camera,
    size: () => size,
    setCamera,
    boxUnder: (point) => (shown.scene && shown.camera ? boxAt(shown.scene, shown.camera, point, size) : -1),
    hover: (box) => {
      if (box === hovered) return;
      hovered = box;
      canvas.classList.toggle('over-box', box >= 0 && shown.scene!.nodes.kind[box] !== 'frame');
      redraw();
    },
    choose,
    toggle,
    key: (key) => {
      const { scene } = shown;
      if (!scene) return false;
      const direction = arrows[key];
      if (direction) {
        const box = selectedBox < 0 ? firstBox(scene) : walk(scene, selectedBox, direction);
        if (box >= 0) {
          choose(box);
          showBox(box);
        }
        return true;
      }
      if (key === 'Enter') return selectedBox >= 0 && toggle(selectedBox);
      if (key === 'Escape' && selectedBox >= 0) {
        const frame = frameAround(scene, selectedBox);
        choose(frame);
        showBox(frame);
        return true;
      }
      if (key === '+' || key === '=') handle.zoomBy(1.3);
      else if (key === '-') handle.zoomBy(1 / 1.3);
      else return false;
      return true;
    },
  });

  const resize = new ResizeObserver(([entry]) => {
    size = { width: entry!.contentRect.width, height: entry!.contentRect.height };
    ensureCamera();
    draw();
  });
  resize.observe(host);

  const svgColors = () => colors;
  const handle: GraphHandle = {
    fit: () => shown.scene && moveTo(fitCamera(shown.scene, size)),
    zoomBy: (factor) =>
      shown.camera && moveTo(zoomAbout(shown.camera, factor, { x: size.width / 2, y: size.height / 2 }, size)),
    reveal: (id) => {
      const box = shown.scene ? boxOfNode(shown.scene, id) : -1;
      showBox(box);
      return box >= 0;
    },
    selectBox: (key) => {
      const box = shown.scene?.nodes.key.indexOf(key) ?? -1;
      if (box >= 0) choose(box);
      showBox(box);
    },
    keepMiddle: () => {
      const box = shown.scene && shown.camera ? middleBox(shown.scene, shown.camera) : -1;
      if (box >= 0) kept = placeOf(shown.scene!, box, shown.camera!);
    },
    focus: () => canvas.focus(),
    toSvg: () => (shown.scene ? sceneToSvg(shown.scene, svgColors(), (box) => fill(box)?.color ?? null) : ''),
    toPng: async () => {
      const { scene } = shown;
      if (!scene) return new Uint8Array(0);
      const zoom = Math.min(2, maxPngSide / scene.width, maxPngSide / scene.height);
      const sheet = new OffscreenCanvas(Math.ceil(scene.width * zoom), Math.ceil(scene.height * zoom));
      const whole = { x: scene.width / 2, y: scene.height / 2, zoom };
      const target = sheet.getContext('2d') as unknown as CanvasRenderingContext2D;
      drawFrame(target, {
        scene,
        bounds,
        camera: whole,
        width: sheet.width,
        height: sheet.height,
        colors,
        fill,
        selected: -1,
        hovered: -1,
        hits: hitBoxes,
        marks: markBoxes,
      });
      return new Uint8Array(await (await sheet.convertToBlob({ type: 'image/png' })).arrayBuffer());
    },
    probe: () => ({ boxes: shown.scene?.nodes.count ?? 0, drawn, frames: [...frames] }),
  };

  return {
    handle,
    update: (next) => {
      const before = shown;
      shown = next;
      if (next.scene !== before.scene) {
        bounds = next.scene ? sceneBounds(next.scene) : { edges: new Float32Array(0) };
        hovered = -1;
        if (next.scene) keepPlace(next.scene);
      }
      const { scene } = next;
      if (scene && (scene !== before.scene || next.selected !== before.selected)) followSelection(scene);
      if (next.scene !== before.scene || next.hits !== before.hits)
        hitBoxes = scene ? boxesOf(scene, next.hits) : new Set();
      if (next.scene !== before.scene || next.marks !== before.marks)
        markBoxes = scene ? marksOf(scene, next.marks) : new Map();
      if (next.scene !== before.scene || next.overlay !== before.overlay)
        fill = scene ? fillOf(scene, next.overlay, colors) : () => null;
      ensureCamera();
      redraw();
    },
    setColors: (next) => {
      colors = next;
      if (shown.scene) fill = fillOf(shown.scene, shown.overlay, colors);
      redraw();
    },
    dispose: () => {
      cancelAnimationFrame(scheduled);
      cancelAnimationFrame(moving);
      resize.disconnect();
      stopListening();
    },
  };
}

const arrows: Readonly<Record<string, 'up' | 'down' | 'left' | 'right'>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};

interface Reactions {
  camera(): Camera | null;
  size(): Size;
  setCamera(camera: Camera): void;
  boxUnder(point: { readonly x: number; readonly y: number }): number;
  hover(box: number): void;
  choose(box: number): void;
  /** True when the box was a group or frame. */
  toggle(box: number): boolean;
  /** True when the key was used. */
  key(key: string): boolean;
}

/** Pixels the pointer may move between press and release of a click. */
const clickSlack = 4;

function listen(host: HTMLElement, canvas: HTMLCanvasElement, react: Reactions): () => void {
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
      if (!pressed) return react.hover(react.boxUnder(pointOf(event)));
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
    if (click) react.choose(react.boxUnder(pointOf(event)));
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
      if (event.ctrlKey || event.metaKey || event.altKey || !react.key(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
  return () => controller.abort();
}

function boxesOf(scene: Scene, ids: ReadonlySet<NodeId>): ReadonlySet<number> {
  const boxes = new Set<number>();
  for (let box = 0; box < scene.nodes.count; box++) {
    const members = scene.nodes.kind[box] === 'group' ? scene.nodes.members[box] : null;
    if (ids.has(scene.nodes.id[box] as NodeId) || members?.some((id) => ids.has(id as NodeId))) boxes.add(box);
  }
  return boxes;
}

/** A group has the mark of its members when they have one and the same, else `changed`. */
function marksOf(scene: Scene, marks: ReadonlyMap<NodeId, Mark>): ReadonlyMap<number, Mark> {
  const boxes = new Map<number, Mark>();
  if (marks.size === 0) return boxes;
  for (let box = 0; box < scene.nodes.count; box++) {
    const members = scene.nodes.kind[box] === 'group' ? [...(scene.nodes.members[box] ?? [])] : [scene.nodes.id[box]!];
    const found = members.map((id) => marks.get(id as NodeId));
    const first = found.find((mark) => mark !== undefined);
    if (first) boxes.set(box, found.every((mark) => mark === first) ? first : 'changed');
  }
  return boxes;
}

/** What colours a box. */
function fillOf(scene: Scene, overlay: Overlay | null, colors: GraphColors): Fill {
  if (!overlay) return () => null;
  const { figures, mixed, range } = boxFigures(scene, overlay);
  const ofMixed = { color: mixedColors(colors.theme).ground, position: 0, stripes: mixedColors(colors.theme).stripes };
  return (box) => {
    if (mixed.has(box)) return ofMixed;
    const color = overlayColor(overlay, figures[box]!, colors.theme, range);
    return color === null
      ? null
      : { color, position: overlay.scale === 'category' ? 0 : overlayPosition(overlay, figures[box]!, range) };
  };
}
