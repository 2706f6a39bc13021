import { expect, test } from 'vitest';
import type { Scene } from '../../../src/core/layout/scene.ts';
import {
  fitCamera,
  insetAbove,
  keepingPlace,
  middleBox,
  minimapSize,
  openingCamera,
  placeOf,
  revealing,
} from '../../../webview/graph/camera.ts';
import type { Camera } from '../../../webview/graph/graph-types.ts';

const scene = (width: number, height: number, inputX: number) =>
  ({
    width,
    height,
    nodes: { count: 2, kind: ['node', 'input'], x: [0, inputX], y: [40, 0], width: [80, 80] },
  }) as unknown as Scene;
const window = { width: 700, height: 500 };
/** Where in a window the top of the scene stands, in pixels. */
const topOf = ({ y, zoom }: Camera, height = window.height) => height / 2 - y * zoom;
/** With boxes of a line's height. */
const boxed = (each: Scene): Scene => ({ ...each, nodes: { ...each.nodes, height: Float32Array.of(28, 28) } });

test('a scene that can be read as a whole is shown as a whole', () => {
  expect(openingCamera(scene(600, 700, 300), window)).toMatchObject({ x: 300 });
});

test('a scene that is too tall is shown from its top, one that is too wide about its first input, both readable', () => {
  const tall = openingCamera(scene(200, 30_000, 60), window);
  expect(tall.zoom).toBeGreaterThanOrEqual(0.75);
  expect(topOf(tall)).toBeCloseTo(insetAbove(window));
  const wide = openingCamera(scene(20_000, 9000, 9000), window);
  expect(wide.zoom).toBe(0.75);
  const input = (x: number) => (x - wide.x) * wide.zoom + window.width / 2;
  expect(input(9000)).toBeGreaterThan(0);
  expect(input(9080)).toBeLessThan(window.width - minimapSize(scene(20_000, 9000, 9000)).width - 24);
});

test('what is at the top of a scene lies in the middle of what the minimap leaves free', () => {
  const opened = scene(20_000, 9000, 400);
  const { x, zoom } = openingCamera(opened, window);
  const [left, right] = [(0 - x) * zoom + 350, (480 - x) * zoom + 350];
  const free = window.width - minimapSize(opened).width - 24;
  expect(left).toBeGreaterThan(0);
  expect(right).toBeLessThan(free);
  expect(left).toBeCloseTo(free - right);
});

test('the minimap is never too thin to be seen', () => {
  expect(minimapSize({ width: 300, height: 300_000 })).toEqual({ width: 40, height: 160 });
  expect(minimapSize({ width: 90_000, height: 300 })).toEqual({ width: 120, height: 40 });
  expect(minimapSize({ width: 600, height: 800 })).toEqual({ width: 120, height: 160 });
});

test('the whole of the largest scenes fits the window', () => {
  const { zoom } = fitCamera(scene(6000, 257_836, 60), window);
  expect(257_836 * zoom).toBeLessThanOrEqual(window.height);
});

test.each([
  ['a small one', scene(300, 200, 60)],
  ['one as high as the window', scene(300, 500, 60)],
  ['one that is too tall to be read', scene(6000, 30_000, 60)],
])('no scene begins under the breadcrumbs: %s', (_, each) => {
  for (const height of [500, 120, 40]) {
    const low = { width: 700, height };
    for (const camera of [fitCamera(each, low), openingCamera(each, low)])
      expect(topOf(camera, height)).toBeGreaterThanOrEqual(insetAbove(low) - 1e-6);
    const fit = fitCamera(each, low);
    expect(topOf(fit, height) + each.height * fit.zoom).toBeLessThanOrEqual(height);
  }
});

test('a box that the breadcrumbs would hide is brought from under them', () => {
  const each = scene(300, 30_000, 60);
  const under = { x: 100, y: 210, zoom: 1 };
  expect(topOf(under)).toBe(40);
  expect(revealing(boxed(each), 1, under, window)).toBe(under);
  expect(revealing(boxed(each), 1, { ...under, y: 240 }, window)).toMatchObject({ y: 14 });
});

type Box = readonly [kind: string, key: string, id: number, members: readonly number[] | null, ...place: number[]];

const sceneOf = (...boxes: readonly Box[]) => {
  const of = (at: number) => boxes.map((box) => box[at]);
  const [kind, key, id, members, x, y, width, height] = [0, 1, 2, 3, 4, 5, 6, 7].map(of);
  return { width: 0, height: 0, nodes: { count: boxes.length, kind, key, id, members, x, y, width, height } };
};
const closed = sceneOf(
  ['input', 'i:x', -1, null, 100, 0, 80, 28],
  ['group', 'g:a', -1, [1, 2], 100, 100, 80, 28],
) as unknown as Scene;
const opened = sceneOf(
  ['input', 'i:x', -1, null, 3000, 0, 80, 28],
  ['frame', 'g:a', -1, [1, 2], 0, 100, 6080, 5000],
  ['node', 'n1', 1, null, 40, 200, 80, 28],
  ['node', 'n2', 2, null, 40, 4900, 80, 28],
) as unknown as Scene;
const shows = ({ nodes }: Scene, { x, y, zoom }: { x: number; y: number; zoom: number }, key: string) => {
  const box = nodes.key.indexOf(key);
  return (
    Math.abs(nodes.x[box]! + nodes.width[box]! / 2 - x) * zoom < window.width / 2 &&
    Math.abs(nodes.y[box]! + nodes.height[box]! / 2 - y) * zoom < window.height / 2
  );
};

test('the box in the middle of the window stays where it is when groups open', () => {
  const camera = { x: 150, y: 10, zoom: 1 };
  expect(middleBox(closed, camera)).toBe(0);
  expect(keepingPlace(opened, placeOf(closed, 0, camera), camera, window)).toEqual({ x: 3050, y: 10, zoom: 1 });
});

test('where a group opens to an empty corner the window moves on to the nearest box', () => {
  const camera = { x: 140, y: 500, zoom: 1 };
  expect(middleBox(closed, camera)).toBe(1);
  const next = keepingPlace(opened, placeOf(closed, 1, camera), camera, window);
  expect(['i:x', 'n1', 'n2'].filter((key) => shows(opened, next, key))).toHaveLength(1);
});

test('a node that a group closes over is followed to the group', () => {
  const camera = { x: 80, y: 4890, zoom: 1 };
  const next = keepingPlace(closed, placeOf(opened, middleBox(opened, camera), camera), camera, window);
  expect(next).toEqual({ x: 140, y: 90, zoom: 1 });
  expect(shows(closed, next, 'g:a')).toBe(true);
});
