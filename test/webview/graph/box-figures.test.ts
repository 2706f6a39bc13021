import { expect, test } from 'vitest';
import type { NodeId } from '../../../src/core/graph/model.ts';
import type { Scene } from '../../../src/core/layout/scene.ts';
import type { Overlay } from '../../../src/core/overlay.ts';
import { boxFigures, groupFigure } from '../../../webview/graph/box-figures.ts';

/** A node, a closed group of three nodes, a graph input. */
const scene = {
  nodes: {
    count: 3,
    kind: ['node', 'group', 'input'],
    id: Int32Array.from([0, -1, -1]),
    members: [null, Int32Array.from([1, 2, 3]), null],
    folded: [null, null, null],
  },
} as unknown as Scene;

const overlay = (values: readonly number[], rest: Partial<Overlay>): Overlay => ({
  id: 'x',
  title: 'X',
  unit: '',
  scale: 'linear',
  values: Float32Array.from(values),
  ...rest,
});

test('the scale reaches to what a closed group holds together', () => {
  const { figures, range } = boxFigures(scene, overlay([10, 40, 50, Number.NaN], { scale: 'log' }));
  expect([...figures]).toEqual([10, 90, Number.NaN]);
  expect(range).toEqual({ min: 10, max: 90 });
  expect(boxFigures(null, overlay([10, 40, 50], {})).range).toEqual({ min: 0, max: 50 });
});

test('a log scale ends six decades under the largest group', () => {
  expect(boxFigures(scene, overlay([1, 1e7, 1e7, 0], { scale: 'log' })).range).toEqual({ min: 20, max: 2e7 });
});

test('figures that do not add up are not added up', () => {
  expect(boxFigures(scene, overlay([10, 40, 50, 20], { ofGroup: 'largest' }))).toMatchObject({
    figures: Float64Array.from([10, 50, Number.NaN]),
    range: { min: 0, max: 50 },
  });
  expect(boxFigures(scene, overlay([30, 40, 50, 20], { scale: 'inverse' })).figures[1]).toBe(20);
});

test('what nodes share counts once for each group, and for every node by itself', () => {
  const part = (figure: number, ...nodes: number[]) => ({ figure, nodes: nodes as NodeId[] });
  const shared = [part(30, 0, 1), part(20, 1, 2, 3), part(5, 2, 3)];
  // Node 1 reads 30 and 20, node 2 and 3 read 20 and 5; the group reads each of the three once.
  expect([...boxFigures(scene, overlay([30, 50, 25, 25], { shared })).figures]).toEqual([30, 55, Number.NaN]);
  expect(groupFigure(scene, 1, overlay([30, 50, 25, 25], { shared }))).toBe(55);
});

test('a group of one category has it, one of several is mixed, one without data is neither', () => {
  const category = (...values: number[]) => boxFigures(scene, overlay(values, { scale: 'category' }));
  expect(category(0, 1, 1, Number.NaN).figures[1]).toBe(1);
  expect([...category(0, 1, 1, Number.NaN).mixed]).toEqual([]);
  expect(category(0, 0, 1, 1).figures[1]).toBeNaN();
  expect([...category(0, 0, 1, 1).mixed]).toEqual([1]);
  expect([...category(0, Number.NaN, Number.NaN, Number.NaN).mixed]).toEqual([]);
});

test('nodes that are lines in the boxes of a group count for it, but are of no category', () => {
  const nodes = { ...scene.nodes, folded: [Int32Array.of(4), Int32Array.of(5), null] };
  const holding = { ...scene, nodes } as Scene;
  const values = [10, 40, 50, 20, 1000, 7];
  expect([...boxFigures(holding, overlay(values, {})).figures]).toEqual([10, 117, Number.NaN]);
  expect(boxFigures(holding, overlay([0, 1, 1, 1, 0, 0], { scale: 'category' })).figures[1]).toBe(1);
});

test('boxes of the graph as run have their own times, whatever their nodes took together', () => {
  const ran = { nodes: { ...scene.nodes, milliseconds: Float64Array.from([3, 4, Number.NaN]) } } as Scene;
  const values = [10, 40, 50, 20];
  expect([...boxFigures(ran, overlay(values, { id: 'time' })).figures]).toEqual([3, 4, Number.NaN]);
  expect([...boxFigures(ran, overlay(values, {})).figures]).toEqual([10, 110, Number.NaN]);
});
