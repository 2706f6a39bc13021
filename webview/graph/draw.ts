/**
 * Draws the part of a scene that is in the window, in as much detail as the zoom allows: boxes with all their text,
 * boxes with their operator, or coloured boxes alone. What is drawn many times is put into one path: 12,620 boxes in one
 * frame are the case to keep quick.
 */
import { labelAscent, labelDescent, labelFontSize } from '../../src/core/layout/edge-labels.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import type { Camera, Mark } from './graph-types.ts';
import { textOn } from './overlay-color.ts';
import type { Pen } from './svg-context.ts';
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

/** Below these zooms text, then labels, then edges' curves are left out. */
const zoomForText = 0.5;
const zoomForLabels = 0.24;
const zoomForCurves = 0.3;
const zoomForEdgeLabels = 0.75;
/** Pixels of the screen that a box is high to have a letter in it. */
const leastLetter = 5;
const stubLength = 18;

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

/** Draws one frame; the context is in CSS pixels. Gives how many boxes were drawn. */
export function drawFrame(context: Pen, frame: Frame): number {
  const { camera, width, height, colors } = frame;
  context.fillStyle = colors.background;
  context.fillRect(0, 0, width, height);
  context.save();
  context.translate(width / 2 - camera.x * camera.zoom, height / 2 - camera.y * camera.zoom);
  context.scale(camera.zoom, camera.zoom);
  const visible = visibleBoxes(frame);
  drawFrames(context, frame, visible);
  drawEdges(context, frame);
  drawTitles(context, frame, visible);
  drawBoxes(context, frame, visible);
  context.restore();
  return visible.length;
}

/** The window in scene coordinates: left, top, right, bottom. */
function windowOf({ camera, width, height }: Frame): readonly [number, number, number, number] {
  const [halfWidth, halfHeight] = [width / 2 / camera.zoom, height / 2 / camera.zoom];
  return [camera.x - halfWidth, camera.y - halfHeight, camera.x + halfWidth, camera.y + halfHeight];
}

function visibleBoxes(frame: Frame): number[] {
  const { nodes } = frame.scene;
  const [left, top, right, bottom] = windowOf(frame);
  const visible: number[] = [];
  for (let box = 0; box < nodes.count; box++) {
    const [x, y] = [nodes.x[box]!, nodes.y[box]!];
    if (x <= right && y <= bottom && x + nodes.width[box]! >= left && y + nodes.height[box]! >= top) visible.push(box);
  }
  return visible;
}

function drawFrames(context: Pen, { scene: { nodes }, camera, colors }: Frame, visible: readonly number[]): void {
  const line = 1 / camera.zoom;
  for (const box of visible) {
    if (nodes.kind[box] !== 'frame') continue;
    context.beginPath();
    context.roundRect(nodes.x[box]!, nodes.y[box]!, nodes.width[box]!, nodes.height[box]!, 4);
    context.fillStyle = colors.frame;
    context.fill();
    context.strokeStyle = colors.border;
    context.lineWidth = line;
    context.stroke();
  }
}

/** The names of frames, over the lines that pass through them, and in the window where a frame begins left of it. */
function drawTitles(context: Pen, frame: Frame, visible: readonly number[]): void {
  const {
    scene: { nodes },
    camera,
    colors,
  } = frame;
  if (camera.zoom < zoomForLabels) return;
  const [edge] = windowOf(frame);
  context.font = `12px ${colors.font}`;
  context.textAlign = 'left';
  context.strokeStyle = colors.frame;
  context.lineWidth = 4;
  context.fillStyle = colors.quiet;
  for (const box of visible) {
    if (nodes.kind[box] !== 'frame') continue;
    const title = fitted(context, `− ${nodes.label[box]}`, nodes.width[box]! - 24);
    const rightmost = nodes.x[box]! + nodes.width[box]! - 12 - context.measureText(title).width;
    const x = Math.min(rightmost, Math.max(nodes.x[box]!, edge) + 12);
    context.strokeText(title, x, nodes.y[box]! + 20);
    context.fillText(title, x, nodes.y[box]! + 20);
  }
}

function drawEdges(context: Pen, frame: Frame): void {
  const { scene, bounds, camera, colors, selected, followed } = frame;
  const { edges } = scene;
  const [left, top, right, bottom] = windowOf(frame);
  const curves = camera.zoom >= zoomForCurves;
  const smallest = 3 / camera.zoom;
  const lit: number[] = [];
  const visible: number[] = [];
  context.lineWidth = Math.max(1, 0.8 / camera.zoom);
  context.strokeStyle = colors.edge;
  context.beginPath();
  for (let edge = 0; edge < edges.count; edge++) {
    const at = edge * 4;
    const box = bounds.edges;
    if (box[at]! > right || box[at + 2]! < left || box[at + 1]! > bottom || box[at + 3]! < top) continue;
    if (!curves && box[at + 3]! - box[at + 1]! < smallest && box[at + 2]! - box[at]! < smallest) continue;
    const ofSelected = selected >= 0 && (edges.from[edge] === selected || edges.to[edge] === selected);
    // While a value is followed its lines alone stand out.
    if (followed.size > 0 ? followed.has(edge) : ofSelected) lit.push(edge);
    else traceEdge(context, scene, edge, curves);
    visible.push(edge);
  }
  context.stroke();
  if (lit.length > 0) {
    context.strokeStyle = colors.selection;
    context.lineWidth = Math.max(2, 1.2 / camera.zoom);
    context.beginPath();
    for (const edge of lit) traceEdge(context, scene, edge, curves);
    context.stroke();
  }
  if (curves) drawHeads(context, frame, visible);
  if (camera.zoom >= zoomForEdgeLabels) drawEdgeLabels(context, frame);
}

function traceEdge(context: Pen, { edges }: Scene, edge: number, curves: boolean): void {
  const { points } = edges;
  const start = edges.offsets[edge]!;
  const end = edges.offsets[edge + 1]!;
  if (edges.kind[edge] === 'stub') {
    context.moveTo(points[start]!, points[start + 1]!);
    context.lineTo(points[start]!, points[start + 1]! + stubLength);
    context.moveTo(points[end - 2]!, points[end - 1]! - stubLength);
    context.lineTo(points[end - 2]!, points[end - 1]!);
    return;
  }
  context.moveTo(points[start]!, points[start + 1]!);
  for (let at = start + 2; at < end; at += 2) {
    const [x0, y0, x1, y1] = [points[at - 2]!, points[at - 1]!, points[at]!, points[at + 1]!];
    const middle = (y0 + y1) / 2;
    if (curves && Math.abs(x0 - x1) > 0.5) context.bezierCurveTo(x0, middle, x1, middle, x1, y1);
    else context.lineTo(x1, y1);
  }
}

function drawHeads(context: Pen, { scene: { edges }, colors }: Frame, visible: readonly number[]): void {
  context.fillStyle = colors.edge;
  context.beginPath();
  for (const edge of visible) {
    const end = edges.offsets[edge + 1]!;
    const [x, y] = [edges.points[end - 2]!, edges.points[end - 1]!];
    context.moveTo(x - 3.5, y - 6);
    context.lineTo(x, y);
    context.lineTo(x + 3.5, y - 6);
  }
  context.fill();
}

function drawEdgeLabels(context: Pen, frame: Frame): void {
  const {
    scene: { labels },
    colors,
  } = frame;
  const [left, top, right, bottom] = windowOf(frame);
  context.font = `${labelFontSize}px ${colors.font}`;
  context.textAlign = 'left';
  context.strokeStyle = colors.background;
  context.lineWidth = 3;
  context.fillStyle = colors.quiet;
  for (let label = 0; label < labels.count; label++) {
    const [x, y, width] = [labels.x[label]!, labels.y[label]!, labels.width[label]!];
    if (x > right || x + width < left || y - labelAscent > bottom || y + labelDescent < top) continue;
    context.strokeText(labels.text[label]!, x, y);
    context.fillText(labels.text[label]!, x, y);
  }
}

function drawBoxes(context: Pen, frame: Frame, visible: readonly number[]): void {
  const {
    scene: { nodes },
    camera,
    colors,
    hits,
    selected,
    hovered,
    marks,
  } = frame;
  if (camera.zoom < zoomForLabels) {
    drawHalos(context, frame, visible);
    drawPlainBoxes(context, frame, visible);
    drawLetters(context, frame, visible);
  } else for (const box of visible) if (nodes.kind[box] !== 'frame') drawBox(context, frame, box);
  const outline = (box: number, color: string, width: number, dash: readonly number[] = []) => {
    context.strokeStyle = color;
    context.lineWidth = width / Math.min(1, camera.zoom);
    context.setLineDash([...dash]);
    context.beginPath();
    context.roundRect(nodes.x[box]! - 2, nodes.y[box]! - 2, nodes.width[box]! + 4, nodes.height[box]! + 4, 5);
    context.stroke();
    context.setLineDash([]);
  };
  const markColors = { added: colors.added, removed: colors.removed, changed: colors.changed, fused: colors.changed };
  for (const box of visible) {
    const mark = marks.get(box);
    if (mark) outline(box, markColors[mark], 2, mark === 'removed' ? [4, 3] : mark === 'fused' ? [8, 2] : []);
    if (hits.has(box) && camera.zoom >= zoomForLabels) outline(box, colors.hit, 2);
    if (box === hovered && box !== selected) outline(box, colors.hover, 1);
    if (box === selected) outline(box, colors.selection, 2);
  }
}

/** What is found, from far off: thousands may be in the window, so they are filled under the boxes in one path, not outlined. */
function drawHalos(context: Pen, { scene: { nodes }, camera, colors, hits }: Frame, visible: readonly number[]): void {
  if (hits.size === 0) return;
  const edge = 2 / camera.zoom;
  context.fillStyle = colors.hit;
  context.beginPath();
  for (const box of visible)
    if (hits.has(box))
      context.rect(
        nodes.x[box]! - edge,
        nodes.y[box]! - edge,
        nodes.width[box]! + 2 * edge,
        nodes.height[box]! + 2 * edge,
      );
  context.fill();
}

/** Boxes too small for text: one path a colour. */
function drawPlainBoxes(
  context: Pen,
  { scene: { nodes }, camera, colors, fill }: Frame,
  visible: readonly number[],
): void {
  const byColor = new Map<string, number[]>();
  for (const box of visible) {
    if (nodes.kind[box] === 'frame') continue;
    const color = fill(box)?.color ?? colors.categories[nodes.category[box]!]!;
    const list = byColor.get(color);
    if (list) list.push(box);
    else byColor.set(color, [box]);
  }
  const pixel = 1 / camera.zoom;
  for (const [color, boxes] of byColor) {
    context.fillStyle = color;
    context.beginPath();
    for (const box of boxes)
      context.rect(
        nodes.x[box]!,
        nodes.y[box]!,
        Math.max(pixel, nodes.width[box]!),
        Math.max(pixel, nodes.height[box]!),
      );
    context.fill();
  }
}

/** Letters of categories as large as the boxes, while these are high enough for one. */
function drawLetters(context: Pen, { scene: { nodes }, camera, colors, fill }: Frame, visible: readonly number[]) {
  context.textAlign = 'left';
  for (const box of visible) {
    const [width, height] = [nodes.width[box]!, nodes.height[box]!];
    const figure = nodes.kind[box] !== 'frame' && height * camera.zoom >= leastLetter ? fill(box) : null;
    if (!figure?.letter) continue;
    const size = Math.min(height, 36) * 0.9;
    context.font = `600 ${size}px ${colors.font}`;
    context.fillStyle = textOn(figure.color);
    const x = nodes.x[box]! + (width - context.measureText(figure.letter).width) / 2;
    context.fillText(figure.letter, x, nodes.y[box]! + height / 2 + size * 0.36);
  }
}

function drawBox(context: Pen, { scene: { nodes }, camera, colors, fill }: Frame, box: number): void {
  const [x, y, width, height] = [nodes.x[box]!, nodes.y[box]!, nodes.width[box]!, nodes.height[box]!];
  const kind = nodes.kind[box]!;
  const radius = kind === 'input' || kind === 'output' ? 14 : 3;
  const figure = fill(box);
  context.lineWidth = 1;
  context.strokeStyle = colors.border;
  if (kind === 'group') {
    context.fillStyle = colors.box;
    context.beginPath();
    context.roundRect(x + 4, y + 4, width, height, radius);
    context.fill();
    context.stroke();
  }
  context.fillStyle = figure?.color ?? colors.box;
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fill();
  context.stroke();
  if (figure?.stripes) drawStripes(context, figure.stripes, x, y, width, height);
  if (kind === 'node') drawCategory(context, nodes.category[box]!, x, y, height, colors);
  if (figure) {
    // The cue that is not colour: a bar as long as the figure is large.
    context.fillStyle = textOn(figure.color);
    context.fillRect(x + 5, y + height - 4, (width - 10) * figure.position, 2);
    if (figure.letter) {
      context.font = `600 9px ${colors.font}`;
      context.textAlign = 'right';
      context.fillText(figure.letter, x + width - 3, y + 9);
    }
  }
  const ink = figure ? textOn(figure.color) : colors.text;
  const quiet = figure ? ink : colors.quiet;
  context.textAlign = 'left';
  context.font = `600 12px ${colors.font}`;
  context.fillStyle = ink;
  const label = fitted(context, nodes.label[box]!, width - 24);
  context.fillText(label, x + 14, y + 18);
  if (camera.zoom < zoomForText) return;
  const detail = nodes.detail[box]!;
  if (detail) {
    const used = context.measureText(label).width;
    context.font = `12px ${colors.font}`;
    context.fillStyle = quiet;
    context.fillText(fitted(context, detail, width - 24 - used - 4), x + 14 + used + 6, y + 18);
  }
  context.font = `10.5px ${colors.font}`;
  context.fillStyle = quiet;
  nodes.constants[box]!.forEach((line, index) => {
    context.fillText(fitted(context, line, width - 22), x + 14, y + 37 + index * 14);
  });
}

/** Slanted stripes inside the current path. */
function drawStripes(context: Pen, color: string, x: number, y: number, width: number, height: number): void {
  context.save();
  context.clip();
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.beginPath();
  for (let at = x - height; at < x + width; at += 8) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
}

/** The edge of a box that tells its category, by colour and by how it is broken. */
function drawCategory(context: Pen, category: number, x: number, y: number, height: number, colors: GraphColors): void {
  context.fillStyle = colors.categories[category]!;
  const pattern = category % 3;
  if (pattern === 0) context.fillRect(x, y + 1, 4, height - 2);
  else if (pattern === 1) context.fillRect(x, y + 1, 6, height - 2);
  else for (let at = y + 1; at < y + height - 2; at += 6) context.fillRect(x, at, 4, Math.min(4, y + height - 1 - at));
}

const fittedTexts = new Map<string, string>();

/** Text cut to a width, with an ellipsis; measured once a text and width. */
function fitted(context: Pen, text: string, width: number): string {
  const key = `${context.font}|${width | 0}|${text}`;
  let result = fittedTexts.get(key);
  if (result === undefined) {
    result = text;
    if (context.measureText(text).width > width) {
      let length = text.length - 1;
      while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > width) length--;
      result = `${text.slice(0, length)}…`;
    }
    if (fittedTexts.size > 20_000) fittedTexts.clear();
    fittedTexts.set(key, result);
  }
  return result;
}
