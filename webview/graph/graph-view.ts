/** The canvas that draws a scene and turns what the user does into calls: the part of the graph that is no component. */
import type { NodeId } from '../../src/core/graph/model.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import { fillOf } from './box-fill.ts';
import {
  boxAt,
  fitCamera,
  keepingPlace,
  middleBox,
  openingCamera,
  type Place,
  placeOf,
  revealing,
  type Size,
  zoomAbout,
} from './camera.ts';
import { cameraMotion } from './camera-motion.ts';
import { drawFrame } from './draw.ts';
import { type EdgeHit, edgeAt, edgeText, readersOf } from './edge-at.ts';
import { listen, type Point } from './gestures.ts';
import type { GraphCanvasProps, GraphHandle } from './graph-types.ts';
import { graphKeys } from './keys.ts';
import { type Drawing, pictureSvg, scenePng, windowPng } from './picture.ts';
import { findInScene, nothingInScene, nothingShown, type Shown } from './shown.ts';
import type { GraphColors } from './theme.ts';
import { boxOfNode } from './walk.ts';

export interface GraphView {
  readonly handle: GraphHandle;
  update(shown: Shown): void;
  setColors(colors: GraphColors): void;
  dispose(): void;
}

const framesKept = 120;

/** Makes the view in `canvas`, which fills `host`. `props` gives the callbacks in force. */
export function createGraphView(
  host: HTMLElement,
  canvas: HTMLCanvasElement,
  props: () => GraphCanvasProps,
  initialColors: GraphColors,
): GraphView {
  const context = canvas.getContext('2d', { alpha: false })!;
  let shown = nothingShown;
  let inScene = nothingInScene;
  let colors = initialColors;
  let size: Size = { width: 0, height: 0 };
  let selectedBox = -1;
  let hovered = -1;
  let drawn = 0;
  let scheduled = 0;
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
      ...inScene,
      scene,
      camera,
      ...size,
      colors,
      selected: selectedBox,
      hovered,
    });
    frames.push(performance.now() - start);
    if (frames.length > framesKept) frames.shift();
  };
  const redraw = () => {
    scheduled ||= requestAnimationFrame(draw);
  };
  const {
    setCamera,
    moveTo,
    stop: stopMoving,
  } = cameraMotion(
    () => shown.camera,
    (camera) => {
      props().camera.value = camera;
    },
  );
  /** A scene that has no camera yet, or a window that just got its size. */
  const ensureCamera = () => {
    if (shown.scene && !shown.camera && size.width > 0) setCamera(openingCamera(shown.scene, size));
  };

  const showBox = (box: number) => {
    if (!shown.scene || !shown.camera || box < 0) return;
    const target = revealing(shown.scene, box, shown.camera, size);
    if (target !== shown.camera) moveTo(target);
  };
  /** The node to bring into the window once the scene that was asked for is on view. */
  let wanted: NodeId | null = null;
  const reveal = (id: NodeId) => {
    // A new scene gets here by an effect, which runs after the page is painted.
    wanted = props().scene.value === shown.scene ? null : id;
    if (shown.scene && wanted === null) showBox(boxOfNode(shown.scene, id));
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
    keys.forgetEdge();
    focus(box);
    const id = box >= 0 ? shown.scene!.nodes.id[box]! : -1;
    props().onSelect(id >= 0 ? (id as NodeId) : null, shown.scene?.nodes.key[box] ?? null);
    focus(box);
    redraw();
  };
  const jump = (box: number) => {
    choose(box);
    showBox(box);
  };
  const edgeUnder = (point: Point): EdgeHit | null =>
    shown.scene && shown.camera ? edgeAt(shown.scene, inScene.bounds, shown.camera, point, size) : null;
  /** A click on a line follows its value; one on the end of a stub goes to the other end, or tells all there are. */
  const chooseEdge = ({ edge, end }: EdgeHit) => {
    const scene = shown.scene!;
    const value = scene.edges.value[edge]!;
    const { followed } = props();
    followed.value = end === null && followed.value === value ? null : value;
    if (end === 'to') jump(scene.edges.from[edge]!);
    else if (end === 'from') jump((readersOf(scene, edge).length === 1 ? scene.edges.to : scene.edges.from)[edge]!);
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

  const zoomBy = (factor: number) => {
    if (shown.camera) moveTo(zoomAbout(shown.camera, factor, { x: size.width / 2, y: size.height / 2 }, size));
  };
  const keys = graphKeys({
    scene: () => shown.scene,
    selected: () => selectedBox,
    followed: () => props().followed,
    jump,
    toggle,
    zoomBy,
  });
  const boxUnder = (point: Point) => (shown.scene && shown.camera ? boxAt(shown.scene, shown.camera, point, size) : -1);
  const stopListening = listen(host, canvas, {
    camera: () => shown.camera,
    size: () => size,
    setCamera,
    boxUnder,
    hover: (box, point) => {
      const edge = point && (box < 0 || shown.scene!.nodes.kind[box] === 'frame') ? edgeUnder(point) : null;
      const text = edge ? edgeText(shown.scene!, edge.edge) : '';
      if (canvas.title !== text) canvas.title = text;
      canvas.classList.toggle('over-edge', edge !== null);
      if (box === hovered) return;
      hovered = box;
      canvas.classList.toggle('over-box', box >= 0 && shown.scene!.nodes.kind[box] !== 'frame');
      redraw();
    },
    click: (point) => {
      const box = boxUnder(point);
      const edge = box < 0 || shown.scene?.nodes.kind[box] === 'frame' ? edgeUnder(point) : null;
      if (edge) chooseEdge(edge);
      else choose(box);
    },
    toggle,
    key: keys.press,
  });

  const resize = new ResizeObserver(([entry]) => {
    const before = size;
    size = { width: entry!.contentRect.width, height: entry!.contentRect.height };
    // What is at the top stays there when the legend or the table takes room below.
    if (shown.camera && before.height > 0 && size.height > 0)
      setCamera({ ...shown.camera, y: shown.camera.y + (size.height - before.height) / 2 / shown.camera.zoom });
    ensureCamera();
    draw();
  });
  resize.observe(host);

  const drawing = (scene: Scene): Drawing => ({ ...inScene, scene, colors, selected: -1, overlay: shown.overlay });
  const measureText = (text: string, font: string) => {
    context.font = font;
    return context.measureText(text).width;
  };
  const handle: GraphHandle = {
    fit: () => shown.scene && moveTo(fitCamera(shown.scene, size)),
    zoomBy,
    reveal,
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
    toSvg: () => (shown.scene ? pictureSvg(drawing(shown.scene), measureText) : ''),
    toPng: async (part) => {
      const { scene, camera } = shown;
      if (!scene || !camera) return new Uint8Array(0);
      return part === 'window' ? windowPng(drawing(scene), { camera, ...size }) : scenePng(drawing(scene));
    },
    probe: () => ({ boxes: shown.scene?.nodes.count ?? 0, drawn, frames: [...frames] }),
  };

  return {
    handle,
    update: (next) => {
      const before = shown;
      shown = next;
      inScene = findInScene(next, before, inScene, colors);
      if (next.scene !== before.scene) {
        hovered = -1;
        keys.forgetEdge();
        if (next.scene) keepPlace(next.scene);
      }
      const { scene } = next;
      if (scene && (scene !== before.scene || next.selected !== before.selected)) followSelection(scene);
      ensureCamera();
      if (wanted !== null) reveal(wanted);
      redraw();
    },
    setColors: (next) => {
      colors = next;
      if (shown.scene) inScene = { ...inScene, fill: fillOf(shown.scene, shown.overlay, colors) };
      redraw();
    },
    dispose: () => {
      cancelAnimationFrame(scheduled);
      stopMoving();
      resize.disconnect();
      stopListening();
    },
  };
}
