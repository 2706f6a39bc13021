/**
 * Draws the part of a scene that is in the window, in as much detail as the zoom allows: boxes with all their text,
 * boxes with their operator, or coloured boxes alone. What is drawn many times is put into one path: 12,620 boxes in one
 * frame are the case to keep quick.
 */
import { drawBoxes } from './draw-boxes.ts';
import { drawEdges } from './draw-edges.ts';
import { fitted } from './fitted-text.ts';
import { type Frame, windowOf, zoomForLabels } from './frame.ts';
import type { Pen } from './svg-context.ts';

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
