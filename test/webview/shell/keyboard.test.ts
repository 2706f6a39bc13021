import { expect, test } from 'vitest';
import { keyGroups } from '../../../webview/shell/keyboard.ts';

test('no key does two things', () => {
  const names = keyGroups.flatMap(({ keys }) => keys.filter(({ run }) => run).flatMap((key) => key.names));
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
