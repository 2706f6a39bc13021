import { expect, test } from 'vitest';
import type { NodeId } from '../../src/core/graph/model.ts';
import type { NodeTable } from '../../src/protocol/worker.ts';
import { paths, reach } from '../../webview/reach.ts';

/** 10 feeds 11 and 12; 11 feeds 13; 12 and 13 feed 14; 15 stands alone. */
const table = {
  id: Int32Array.of(10, 11, 12, 13, 14, 15),
  producers: Int32Array.of(10, 10, 11, 12, 13),
  producerOffsets: Uint32Array.of(0, 0, 1, 2, 3, 5, 5),
} as unknown as NodeTable;
const id = (node: number) => node as NodeId;

test('upstream and downstream at any distance', () => {
  expect([...reach(table, id(14), 'upstream')]).toEqual([10, 11, 12, 13]);
  expect([...reach(table, id(11), 'downstream')]).toEqual([13, 14]);
});

test('the shortest path and all that lie on one, whichever end is named first', () => {
  const expected = { shortest: Int32Array.of(10, 12, 14), all: Int32Array.of(10, 11, 12, 13, 14) };
  expect(paths(table, id(10), id(14))).toEqual(expected);
  expect(paths(table, id(14), id(10))).toEqual(expected);
  expect(paths(table, id(11), id(14))).toEqual({ shortest: Int32Array.of(11, 13, 14), all: Int32Array.of(11, 13, 14) });
});

test('no path where neither feeds the other', () => {
  expect(paths(table, id(11), id(12))).toBeNull();
  expect(paths(table, id(10), id(15))).toBeNull();
  expect(paths(table, id(10), id(99))).toBeNull();
});
