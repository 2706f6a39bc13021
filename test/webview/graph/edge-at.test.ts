import { expect, test } from 'vitest';
import type { Scene } from '../../../src/core/layout/scene.ts';
import { edgeAt, edgesOfValue, edgeText } from '../../../webview/graph/edge-at.ts';
import { sceneBounds } from '../../../webview/graph/frame.ts';

/** A line of `x` from box 0 to box 1, slanted; stubs of `mask` from box 0 to boxes 1 and 2. */
const scene = {
  nodes: { count: 3, label: ['Conv', 'Relu', 'Add'] },
  edges: {
    count: 3,
    from: Int32Array.of(0, 0, 0),
    to: Int32Array.of(1, 1, 2),
    value: ['x', 'mask', 'mask'],
    label: ['1×64', '', ''],
    kind: ['line', 'stub', 'stub'],
    points: Float32Array.of(100, 0, 200, 100, 300, 0, 320, 400, 300, 0, 500, 400),
    offsets: Uint32Array.of(0, 4, 8, 12),
  },
} as unknown as Scene;
const bounds = sceneBounds(scene);
const window = { width: 1000, height: 1000 };
const at = (x: number, y: number, zoom = 1) =>
  edgeAt(scene, bounds, { x: 500, y: 500, zoom }, { x: 500 + (x - 500) * zoom, y: 500 + (y - 500) * zoom }, window);

test('a line is under the pointer along its bend, not along its chord', () => {
  expect(at(150, 50)).toEqual({ edge: 0, end: null });
  expect(at(101, 10)).toEqual({ edge: 0, end: null });
  expect(at(125, 25)).toBeNull();
  expect(at(150, 80)).toBeNull();
});

test('a stub is under the pointer at its ends only', () => {
  expect(at(300, 10)).toMatchObject({ end: 'from' });
  expect(at(322, 390)).toEqual({ edge: 1, end: 'to' });
  expect(at(500, 395)).toEqual({ edge: 2, end: 'to' });
  expect(at(310, 200)).toBeNull();
});

test('lines are not meant one by one where they are crowded', () => {
  expect(at(150, 50, 0.1)).toBeNull();
});

test('a value is told with its ends, and how many read it', () => {
  expect(edgeText(scene, 0)).toBe('x  1×64, from Conv to Relu');
  expect(edgeText(scene, 2)).toBe('mask, from Conv to 2 readers');
  expect([...edgesOfValue(scene, 'mask')]).toEqual([1, 2]);
  expect([...edgesOfValue(scene, null)]).toEqual([]);
});
