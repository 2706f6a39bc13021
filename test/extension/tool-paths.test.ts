import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { startOfPaths, writingTools, writtenBy } from '../../src/extension/tool-paths.ts';
import { tools } from '../../src/worker/tools/catalog.ts';
import { inputSchema } from '../../src/worker/tools/tool.ts';

const root = mkdtempSync(join(tmpdir(), 'opscope-folders-'));
afterAll(() => rmSync(root, { recursive: true }));
const [a, b] = ['a', 'b'].map((name) => join(root, name)) as [string, string];
for (const folder of [a, b]) mkdirSync(join(folder, 'models'), { recursive: true });
writeFileSync(join(b, 'models/one.onnx'), '');

const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

it.each([
  ['a model of the second folder', 'models/one.onnx', [a, b], b],
  ["with the folder's name in front", 'b/models/one.onnx', [a, b], root],
  ['that name in a workspace of one folder', 'b/models/one.onnx', [b], b],
  ['a model that is nowhere', 'models/two.onnx', [a, b], a],
  ['a whole path', join(b, 'models/one.onnx'), [a, b], a],
  ['no folder', 'models/one.onnx', [], ''],
])('paths start right: %s', (_what, model, folders, start) => {
  expect(startOfPaths(model, folders, isFile)).toBe(start);
});

it('every file that a tool writes is known to be one', () => {
  const writes = /^Path of .*\b(?:to write|write down)\b/;
  const written = tools
    .filter((tool) => tool.writes)
    .map((tool) => {
      const { properties } = inputSchema(tool) as { properties: Record<string, { description?: string }> };
      return [tool.name, Object.keys(properties).filter((field) => writes.test(properties[field]!.description ?? ''))];
    });
  expect([...writingTools]).toEqual(written);
});

it.each([
  ['opscope_tune', { model: 'a.onnx', output: 'b.onnx', recipe: 'r.json', package: 'p' }, ['b.onnx', 'r.json', 'p']],
  ['opscope_export', { model: 'a.onnx', output: 'p', recipe: 'r.json' }, ['p']],
  ['opscope_profile', { model: 'a.onnx' }, []],
])('%s is asked about all it writes', (name, input, written) => {
  expect(writtenBy(name, input)).toEqual(written);
});
