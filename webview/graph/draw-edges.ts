/** Lines with their heads and labels. */
import { labelAscent, labelDescent, labelFontSize } from '../../src/core/layout/edge-labels.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import { type Frame, windowOf } from './frame.ts';
import type { Pen } from './svg-context.ts';

/** Below these zooms curves, then labels are left out. */
const zoomForCurves = 0.3;
const zoomForEdgeLabels = 0.75;
const stubLength = 18;

/** Draws the edges that pass through the window; those of the selection, or of the followed value, stand out. */
export function drawEdges(context: Pen, frame: Frame): void {
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
