import { expect, test } from 'vitest';
import { shortType, tableColumns } from '../../../webview/shell/operator-table.tsx';
import { chainTable } from '../host.ts';

test('types are shown as on the graph, and written to CSV as the file has them', () => {
  expect(shortType('float32 [1, 16, 120, 160]')).toBe('float32 1×16×120×160');
  expect(shortType('int64 [batch, 2*length]')).toBe('int64 batch×2*length');
  expect(shortType('float32 []')).toBe('float32 scalar');
  expect(shortType('float32')).toBe('float32');
  const output = tableColumns({ ...chainTable, outputType: ['float32 [1, 2]', '', ''] }, [])[2]!;
  expect([output.text(0), output.value(0)]).toEqual(['float32 1×2', 'float32 [1, 2]']);
});
