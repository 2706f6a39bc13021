import { signal } from '@preact/signals';
import { expect, test } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import { layoutGraph } from '../../../src/core/layout/layout-graph.ts';
import { graphKeys } from '../../../webview/graph/keys.ts';
import { buildModel } from '../../worker/build-model.ts';

/** `x` is read by two nodes, and both results by a third. */
const { main } = new Draft(
  buildModel({
    inputs: { x: ['float32', [4]] },
    outputs: { y: ['float32', [4]] },
    nodes: [
      { opType: 'Relu', inputs: ['x'], outputs: ['a'] },
      { opType: 'Neg', inputs: ['x'], outputs: ['b'] },
      { opType: 'Add', inputs: ['a', 'b'], outputs: ['y'] },
    ],
  }),
);
const scene = layoutGraph({ main, open: 'all' });
const box = (label: string) => scene.nodes.label.indexOf(label);

function pressing() {
  const followed = signal<string | null>(null);
  const at = { box: -1, toggled: [] as number[], zoom: 1 };
  const keys = graphKeys({
    scene: () => scene,
    selected: () => at.box,
    followed: () => followed,
    jump: (to) => {
      at.box = to;
      keys.forgetEdge();
    },
    toggle: (which) => at.toggled.push(which) > 0,
    zoomBy: (factor) => {
      at.zoom *= factor;
    },
  });
  return { at, followed, keys };
}

test('an arrow begins at the first box and goes on along the edges', () => {
  const { at, keys } = pressing();
  expect(keys.press('ArrowDown', false)).toBe(true);
  expect(scene.nodes.kind[at.box]).toBe('input');
  keys.press('ArrowDown', false);
  expect(['Relu', 'Neg']).toContain(scene.nodes.label[at.box]);
});

test('Shift with an arrow goes round the edges of a box, Enter to the other end of the one chosen', () => {
  const { at, followed, keys } = pressing();
  at.box = box('Add');
  const values: unknown[] = [];
  for (let step = 0; step < 4; step++) {
    keys.press('ArrowRight', true);
    values.push(followed.value);
  }
  expect([...values].slice(0, 3).sort()).toEqual(['a', 'b', 'y']);
  expect(values[3]).toBe(values[0]);
  while (followed.value !== 'b') keys.press('ArrowRight', true);
  keys.press('Enter', false);
  expect(at.box).toBe(box('Neg'));
  expect(at.toggled).toEqual([]);
});

test('Escape first lets the followed value go, after which Enter opens the box again', () => {
  const { at, followed, keys } = pressing();
  at.box = box('Add');
  keys.press('ArrowLeft', true);
  expect(keys.press('Escape', false)).toBe(true);
  expect([followed.value, at.box]).toEqual([null, box('Add')]);
  keys.press('Enter', false);
  expect(at.toggled).toEqual([box('Add')]);
  keys.press('Escape', false);
  expect(at.box).toBe(-1);
});

test('keys that mean nothing here are left to others', () => {
  const { at, keys } = pressing();
  expect(['Enter', 'Escape', 'x'].map((key) => keys.press(key, false))).toEqual([false, false, false]);
  keys.press('+', false);
  keys.press('-', false);
  expect(at.zoom).toBeCloseTo(1);
});
