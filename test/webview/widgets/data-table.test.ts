import { expect, test } from 'vitest';
import { type Column, sortRows, tableCsv } from '../../../webview/widgets/data-table.tsx';

const names = ['layer.10', 'layer.9', 'say "hi", twice', ''];
const times = [1.5, Number.NaN, 3, 1.5];
const columns: readonly Column[] = [
  { id: 'name', title: 'Node', align: 'left', width: 100, value: (row) => names[row]!, text: (row) => names[row]! },
  { id: 'time', title: 'Time', unit: 'ms', align: 'right', width: 100, value: (row) => times[row]!, text: () => '' },
];
const rows = [0, 1, 2, 3];

test('numbers in names sort by value; empty cells come last either way', () => {
  expect(sortRows(rows, columns, { column: 'name', descending: false })).toEqual([1, 0, 2, 3]);
  expect(sortRows(rows, columns, { column: 'name', descending: true })).toEqual([2, 0, 1, 3]);
});

test('rows without a number come last either way; equal ones keep their order', () => {
  expect(sortRows(rows, columns, { column: 'time', descending: true })).toEqual([2, 0, 3, 1]);
  expect(sortRows(rows, columns, { column: 'time', descending: false })).toEqual([0, 3, 2, 1]);
  expect(sortRows(rows, columns, null)).toEqual(rows);
});

test('CSV quotes what needs it, names units in the head and leaves missing numbers empty', () => {
  expect(tableCsv(columns, [2, 1])).toBe('Node,Time (ms)\r\n"say ""hi"", twice",3\r\nlayer.9,');
});
