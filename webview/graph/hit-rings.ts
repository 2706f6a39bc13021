/** What a search found, from far off: rings that stay large enough to be seen, and to be told from boxes by their shape. */
import type { Frame } from './frame.ts';
import type { Pen } from './svg-context.ts';

/** Pixels of the screen: the least width and height inside a ring, what it leaves free about its box, its thickness. */
const ring = { inside: 5, gap: 1, line: 2 };

/**
 * Draws a ring around every box found. Thousands may be in the window, so they are one path, and of boxes with their
 * middles in one square as large as a ring the first has one: rings stay apart, and the window bounds their number.
 */
export function drawHitRings(
  context: Pen,
  { scene: { nodes }, camera, colors, hits }: Frame,
  visible: readonly number[],
): void {
  if (hits.size === 0) return;
  const pixel = 1 / camera.zoom;
  const [inside, gap, line] = [ring.inside * pixel, ring.gap * pixel, ring.line * pixel];
  const side = inside + 2 * line;
  // Squares of the scene, not of the window: while it is panned the same boxes keep their rings.
  const taken = new Set<number>();
  context.fillStyle = colors.hit;
  context.beginPath();
  for (const box of visible) {
    if (!hits.has(box)) continue;
    const [x, y] = [nodes.x[box]! + nodes.width[box]! / 2, nodes.y[box]! + nodes.height[box]! / 2];
    const square = Math.floor(x / side) * 2 ** 20 + Math.floor(y / side);
    if (taken.has(square)) continue;
    taken.add(square);
    const width = Math.max(inside, nodes.width[box]! + 2 * gap);
    const height = Math.max(inside, nodes.height[box]! + 2 * gap);
    const [left, top] = [x - width / 2, y - height / 2];
    context.rect(left - line, top - line, width + 2 * line, height + 2 * line);
    // Turned the other way, which leaves it empty.
    context.rect(left + width, top, -width, height);
  }
  context.fill();
}
