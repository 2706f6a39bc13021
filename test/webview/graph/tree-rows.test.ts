import { expect, test } from 'vitest';
import type { Scene } from '../../../src/core/layout/scene.ts';
import { treeRows } from '../../../webview/graph/tree-rows.ts';

type Box = readonly [kind: string, x: number, y: number, width: number, height: number];

test('frames hold their boxes, each level in reading order', () => {
  const boxes: Box[] = [
    ['frame', 0, 100, 400, 300],
    ['frame', 20, 150, 200, 100],
    ['node', 100, 0, 50, 20],
    ['node', 300, 200, 50, 20],
    ['node', 150, 200, 50, 20],
    ['node', 40, 200, 50, 20],
    ['node', 100, 500, 50, 20],
  ];
  const [kind, x, y, width, height] = [0, 1, 2, 3, 4].map((at) => boxes.map((box) => box[at]));
  const scene = { nodes: { count: boxes.length, kind, x, y, width, height } } as unknown as Scene;
  expect(treeRows(scene).map(({ box, level, position, siblings }) => [box, level, position, siblings])).toEqual([
    [2, 1, 1, 3],
    [0, 1, 2, 3],
    [1, 2, 1, 2],
    [5, 3, 1, 2],
    [4, 3, 2, 2],
    [3, 2, 2, 2],
    [6, 1, 3, 3],
  ]);
});
