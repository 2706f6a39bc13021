import { expect, test } from 'vitest';
import type { Frame } from '../../../webview/graph/frame.ts';
import { drawHitRings } from '../../../webview/graph/hit-rings.ts';
import type { Pen } from '../../../webview/graph/svg-context.ts';

type Rectangle = readonly [left: number, top: number, width: number, height: number];

/** Outer edge and hole of every ring, in pixels of the screen, around boxes of 160 by 40 whose left upper corners these are. */
function rings(
  corners: readonly (readonly [x: number, y: number])[],
  zoom: number,
  hits = corners.map((_, box) => box),
) {
  const rectangles: Rectangle[] = [];
  let fills = 0;
  const pen = {
    beginPath: () => {},
    rect: (...place: Rectangle) => rectangles.push(place.map((each) => each * zoom) as unknown as Rectangle),
    fill: () => fills++,
  } as unknown as Pen;
  const nodes = {
    x: corners.map(([x]) => x),
    y: corners.map(([, y]) => y),
    width: corners.map(() => 160),
    height: corners.map(() => 40),
  };
  const frame = { scene: { nodes }, camera: { x: 0, y: 0, zoom }, colors: { hit: '#222222' }, hits: new Set(hits) };
  drawHitRings(pen, frame as unknown as Frame, [...corners.keys()]);
  const drawn = rectangles.flatMap((outer, index) =>
    index % 2 === 0 ? [{ outer, hole: rectangles[index + 1]! }] : [],
  );
  return { drawn, fills };
}

test.each([0.2, 0.05, 0.01, 0.001])('rings can be seen, and are hollow, at a zoom of %f', (zoom) => {
  const { drawn } = rings([[1000, 3000]], zoom);
  expect(drawn).toHaveLength(1);
  const { outer, hole } = drawn[0]!;
  expect(Math.min(outer[2], outer[3])).toBeGreaterThanOrEqual(9 - 1e-9);
  // The other way round, by which filling leaves it out; and as wide as the box with a pixel on either side.
  expect(hole[2]).toBeLessThanOrEqual(-Math.max(5, 160 * zoom + 2) + 1e-9);
  expect(hole[3]).toBeGreaterThanOrEqual(Math.max(5, 40 * zoom + 2) - 1e-9);
  expect(outer[0] + outer[2] / 2).toBeCloseTo((1000 + 80) * zoom);
  expect(outer[1] + outer[3] / 2).toBeCloseTo((3000 + 20) * zoom);
});

test('only what was found has a ring, and all are filled at once', () => {
  const corners = [0, 1, 2, 3].map((row) => [0, row * 1000] as const);
  expect(rings(corners, 0.2, [1, 3])).toMatchObject({ drawn: { length: 2 }, fills: 1 });
  expect(rings(corners, 0.2, [])).toEqual({ drawn: [], fills: 0 });
});

test('however many boxes are found, the window bounds the rings', () => {
  const corners = Array.from({ length: 10_000 }, (_, box) => [(box % 10) * 200, Math.floor(box / 10) * 80] as const);
  // 80,000 pixels of the scene on 160 of the screen, 9 to a ring, and ten boxes beside each other in less than one.
  expect(rings(corners, 0.002).drawn).toHaveLength(18);
  // Close by every box has its own.
  expect(rings(corners, 0.2).drawn).toHaveLength(10_000);
});
