import { expect, test } from 'vitest';
import type { Scene } from '../../../src/core/layout/scene.ts';
import { openingCamera } from '../../../webview/graph/camera.ts';

const scene = (width: number, height: number, inputX: number) =>
  ({
    width,
    height,
    nodes: { kind: ['node', 'input'], x: [0, inputX], width: [80, 80] },
  }) as unknown as Scene;
const window = { width: 700, height: 500 };

test('a scene that can be read as a whole is shown as a whole', () => {
  expect(openingCamera(scene(600, 700, 300), window)).toMatchObject({ x: 300, y: 350 });
});

test('a scene that is too tall is shown from its top, one that is too wide about its first input, both readable', () => {
  const tall = openingCamera(scene(200, 30_000, 60), window);
  expect(tall.zoom).toBeGreaterThanOrEqual(0.6);
  expect(tall.y).toBeCloseTo(250 / tall.zoom);
  const wide = openingCamera(scene(20_000, 9000, 9000), window);
  expect(wide.zoom).toBe(0.6);
  expect(wide.x).toBe(9040);
});
