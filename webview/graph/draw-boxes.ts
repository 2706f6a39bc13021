/** Boxes of nodes, groups and ends with what marks them. */
import { fitted } from './fitted-text.ts';
import { type Frame, zoomForLabels } from './frame.ts';
import { drawHitRings } from './hit-rings.ts';
import { textOn } from './overlay-color.ts';
import type { Pen } from './svg-context.ts';
import type { GraphColors } from './theme.ts';

/** Below this zoom a box has its name alone. */
const zoomForText = 0.5;
/** Pixels of the screen that a box is high to have a letter in it. */
const leastLetter = 5;

/** Draws the boxes among `visible`, as far as the zoom allows with their texts, and the outlines of what is marked. */
export function drawBoxes(context: Pen, frame: Frame, visible: readonly number[]): void {
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
    drawPlainBoxes(context, frame, visible);
    drawLetters(context, frame, visible);
    drawHitRings(context, frame, visible);
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

/** Boxes too small for text: one path a colour. */
function drawPlainBoxes(
  context: Pen,
  { scene: { nodes }, camera, colors, fill }: Frame,
  visible: readonly number[],
): void {
  const byColor = new Map<string, number[]>();
  for (const box of visible) {
    if (nodes.kind[box] === 'frame') continue;
    const figure = fill(box);
    // Where stripes cannot be seen, their colour tells a mixed group from the background.
    const color = figure?.stripes ?? figure?.color ?? colors.categories[nodes.category[box]!]!;
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
