import { expect, test } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import { buildHierarchy, type Site } from '../../../src/core/layout/hierarchy.ts';
import { buildModel } from '../../worker/build-model.ts';

const node = (name: string, opType: string, inputs: string, output: string) => ({
  name,
  opType,
  inputs: inputs.split(' '),
  outputs: [output],
});

/** Names of the nodes in every group, by the group's key. */
function groupsOf(nodes: readonly ReturnType<typeof node>[]): Readonly<Record<string, readonly string[]>> {
  const model = buildModel({
    inputs: { x: ['float32', [4]] },
    outputs: { y: ['float32', [4]] },
    initializers: {},
    nodes,
  });
  const [{ nodes: items }] = buildHierarchy(new Draft(model).main).sites as [Site];
  const groups: Record<string, string[]> = {};
  for (const { parent, node } of items.values()) {
    groups[parent!.key] ??= [];
    groups[parent!.key]!.push(node!.name);
  }
  return groups;
}

test('nodes that lost their scopes go back to the group that feeds them and that they feed', () => {
  expect(
    groupsOf([
      node('stem', 'Relu', 'x', 'a'),
      node('/block/one', 'Relu', 'a', 'b'),
      node('/block/two', 'Relu', 'b', 'c'),
      node('Shape_1', 'Shape', 'c', 's'),
      node('Cast_1', 'Cast', 's', 't'),
      node('/block/three', 'Expand', 'c t', 'd'),
      node('head', 'Relu', 'd', 'y'),
    ]),
  ).toEqual({
    'g:': ['stem', 'head'],
    'g:block': ['/block/one', '/block/two', 'Shape_1', 'Cast_1', '/block/three'],
  });
});

test('a node between two groups stays outside of both', () => {
  const chain = (group: string, from: string, to: string) => [
    node(`/${group}/one`, 'Relu', from, `${group}1`),
    node(`/${group}/two`, 'Relu', `${group}1`, `${group}2`),
    node(`/${group}/three`, 'Relu', `${group}2`, to),
  ];
  expect(
    groupsOf([...chain('left', 'x', 'p'), node('between', 'Relu', 'p', 'q'), ...chain('right', 'q', 'y')]),
  ).toEqual({
    'g:': ['between'],
    'g:left': ['/left/one', '/left/two', '/left/three'],
    'g:right': ['/right/one', '/right/two', '/right/three'],
  });
});
