import type { SceneEdges, SceneLabels, SceneNodes } from './scene.ts';
import { textWidth } from './text-width.ts';

/** Pixels, as the canvas and the SVG write labels of edges, and what a label takes above and below its base line. */
export const labelFontSize = 10;
export const labelAscent = 9;
export const labelDescent = 3;
/** From the end of a line to its label: across, and up or down to the base line. */
const beside = 5;
const aboveEnd = 9;
const belowStart = 14;
/** A label is never wider than this, and is cut to the second width where only that fits. */
const maxWidth = 200;
const shortWidth = 64;
/** Nearer to the left edge of the scene than this, there is no room. */
const margin = 4;
/** Pixels that a label takes beside its line, with the distance to what is next. */
export function labelRoom(label: string): number {
  return label === '' ? 0 : beside + textWidth(label, labelFontSize) + margin;
}

/** Lines shorter than this have no room for a label. */
const minLength = 24;

/**
 * Finds room for the labels of edges: beside the end of a line, to its right or left, else beside its start; the name
 * of a stub at both ends. A label for which there is none is left out. Stubs come first, since only their name leads on.
 */
export function placeLabels(nodes: SceneNodes, edges: SceneEdges): SceneLabels {
  const taken = occupied(nodes);
  const placed: { edge: number; text: string; x: number; y: number; width: number }[] = [];
  const place = (edge: number, text: string, spots: readonly (readonly [number, number])[]) => {
    for (const limit of [maxWidth, shortWidth]) {
      const shown = cut(text, limit);
      if (limit === shortWidth && shown === cut(text, maxWidth)) return;
      const width = textWidth(shown, labelFontSize);
      for (const [at, y] of spots) {
        for (const x of [at + beside, at - beside - width]) {
          if (x < margin || !taken.claim(x, y - labelAscent, x + width, y + labelDescent)) continue;
          placed.push({ edge, text: shown, x, y, width });
          return;
        }
      }
    }
  };
  const ends = (edge: number) => {
    const [first, last] = [edges.offsets[edge]!, edges.offsets[edge + 1]! - 2];
    const { points } = edges;
    return [points[first]!, points[first + 1]!, points[last]!, points[last + 1]!] as const;
  };
  const named = new Set<string>();
  for (let edge = 0; edge < edges.count; edge++) {
    if (edges.kind[edge] !== 'stub') continue;
    const [startX, startY, endX, endY] = ends(edge);
    const name = lastPart(edges.value[edge]!);
    place(edge, name, [[endX, endY - aboveEnd]]);
    const source = `${edges.from[edge]}:${edges.value[edge]}`;
    if (!named.has(source)) place(edge, name, [[startX, startY + belowStart]]);
    named.add(source);
  }
  for (let edge = 0; edge < edges.count; edge++) {
    // Inside a frame the value was named where it came in.
    const isInner = nodes.kind[edges.from[edge]!] === 'frame' && isWithin(nodes, edges.to[edge]!, edges.from[edge]!);
    if (edges.kind[edge] === 'stub' || edges.label[edge] === '' || isInner) continue;
    const [startX, startY, endX, endY] = ends(edge);
    if (endY - startY < minLength) continue;
    place(edge, edges.label[edge]!, [
      [endX, endY - aboveEnd],
      [startX, startY + belowStart],
    ]);
  }
  return {
    count: placed.length,
    edge: Int32Array.from(placed, ({ edge }) => edge),
    text: placed.map(({ text }) => text),
    x: Float32Array.from(placed, ({ x }) => x),
    y: Float32Array.from(placed, ({ y }) => y),
    width: Float32Array.from(placed, ({ width }) => width),
  };
}

function isWithin(nodes: SceneNodes, inner: number, frame: number): boolean {
  return nodes.y[inner]! > nodes.y[frame]! && nodes.y[inner]! < nodes.y[frame]! + nodes.height[frame]!;
}

function cut(text: string, limit: number): string {
  let shown = text;
  while (shown.length > 2 && textWidth(shown, labelFontSize) > limit) shown = `${shown.slice(0, -2)}…`;
  return shown;
}

function lastPart(name: string): string {
  const part = name.split('/').filter(Boolean).at(-1) ?? name;
  return part.length > 24 ? `…${part.slice(-23)}` : part;
}

/** What texts may not lie on: boxes, the names and borders of frames, and other texts. */
function occupied(nodes: SceneNodes) {
  const taken = rectanglesBy(128, 32);
  // Sides of frames are as long as all that is in them.
  const sides = rectanglesBy(128, 2048);
  for (let box = 0; box < nodes.count; box++) {
    const [x, y, width, height] = [nodes.x[box]!, nodes.y[box]!, nodes.width[box]!, nodes.height[box]!];
    if (nodes.kind[box] !== 'frame') {
      taken.take(x, y, x + width, y + height);
      continue;
    }
    taken.take(x, y, x + Math.min(width, 28 + textWidth(nodes.label[box]!, 12)), y + 25);
    for (const side of [x, x + width]) sides.take(side - 1, y, side + 1, y + height);
  }
  /** Takes the rectangle when it is free. */
  const claim = (...rectangle: Rectangle): boolean => {
    const isFree = taken.isFree(...rectangle) && sides.isFree(...rectangle);
    if (isFree) taken.take(...rectangle);
    return isFree;
  };
  return { claim };
}

type Rectangle = readonly [left: number, top: number, right: number, bottom: number];

/** Rectangles, found again by the cells of a grid. */
function rectanglesBy(cellWidth: number, cellHeight: number) {
  const cells = new Map<number, number[]>();
  const rectangles: number[] = [];
  const eachCell = (left: number, top: number, right: number, bottom: number, visit: (key: number) => boolean) => {
    for (let row = Math.floor(top / cellHeight); row * cellHeight <= bottom; row++)
      for (let column = Math.floor(left / cellWidth); column * cellWidth <= right; column++)
        if (!visit(row * 0x100000 + column)) return false;
    return true;
  };
  const take = (left: number, top: number, right: number, bottom: number) => {
    const index = rectangles.push(left, top, right, bottom) - 4;
    eachCell(left, top, right, bottom, (key) => {
      const list = cells.get(key);
      if (list) list.push(index);
      else cells.set(key, [index]);
      return true;
    });
  };
  const isFree = (left: number, top: number, right: number, bottom: number): boolean =>
    eachCell(left, top, right, bottom, (key) =>
      (cells.get(key) ?? []).every(
        (at) =>
          right <= rectangles[at]! ||
          left >= rectangles[at + 2]! ||
          bottom <= rectangles[at + 1]! ||
          top >= rectangles[at + 3]!,
      ),
    );
  return { take, isFree };
}
