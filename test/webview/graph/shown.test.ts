import { expect, test } from 'vitest';
import type { NodeId } from '../../../src/core/graph/model.ts';
import type { Scene } from '../../../src/core/layout/scene.ts';
import { findInScene, nothingInScene, nothingShown } from '../../../webview/graph/shown.ts';
import type { GraphColors } from '../../../webview/graph/theme.ts';

const colors = {} as GraphColors;

/** Two nodes and the line between them. */
const scene = {
  nodes: {
    count: 2,
    kind: ['node', 'node'],
    id: Int32Array.of(7, 8),
    members: [null, null],
    folded: [null, null],
  },
  edges: {
    count: 1,
    value: ['x'],
    offsets: Uint32Array.of(0, 4),
    points: Float32Array.of(10, 0, 20, 100),
  },
} as unknown as Scene;

const id = (number: number) => number as NodeId;

test('what is shown is found among the boxes and edges of the scene', () => {
  const next = { ...nothingShown, scene, hits: new Set([id(8)]), marks: new Map([[id(7), 'added'] as const]) };
  const found = findInScene({ ...next, followed: 'x' }, nothingShown, nothingInScene, colors);
  expect(found).toMatchObject({ hits: new Set([1]), marks: new Map([[0, 'added']]), followed: new Set([0]) });
  expect([...found.bounds.edges]).toEqual([10, 0, 20, 100]);
});

test('a move of the camera finds nothing anew, another search only its hits', () => {
  const first = { ...nothingShown, scene, hits: new Set([id(8)]) };
  const found = findInScene(first, nothingShown, nothingInScene, colors);
  const moved = { ...first, camera: { x: 1, y: 2, zoom: 1 } };
  const after = findInScene(moved, first, found, colors);
  for (const part of ['bounds', 'fill', 'hits', 'marks', 'followed'] as const) expect(after[part]).toBe(found[part]);
  const searched = findInScene({ ...moved, hits: new Set([id(7)]) }, moved, found, colors);
  expect(searched.hits).toEqual(new Set([0]));
  expect(searched.marks).toBe(found.marks);
  expect(findInScene({ ...moved, scene: null }, moved, found, colors)).toBe(nothingInScene);
});
