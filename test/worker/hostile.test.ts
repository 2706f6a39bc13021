/** Small files made to take time or memory: each is opened, or refused in a sentence, in seconds and without gigabytes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { message } from '../core/onnx/proto.ts';

const folder = mkdtempSync(join(tmpdir(), 'opscope-hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A message of one field. */
const field = (number: number, value: number | string | Uint8Array): Uint8Array => message([[number, value]]);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
const repeated = (content: Uint8Array, count: number): Uint8Array =>
  Uint8Array.from(Buffer.alloc(content.length * count, content));

const modelOf = (...graph: readonly Uint8Array[]) =>
  joined(field(1, 8), field(7, joined(...graph)), field(8, field(2, 21)));
const nodeOf = (...fields: readonly Uint8Array[]) => field(1, joined(field(2, 'y'), field(4, 'If'), ...fields));
const attributeOf = (type: number, ...fields: readonly Uint8Array[]) =>
  field(5, joined(field(1, 'k'), ...fields, field(20, type)));

/** `If` in `If`, with nodes in the innermost body that read a name of nowhere. */
function nested(depth: number, nodes: number): Uint8Array {
  let graph = repeated(field(1, field(1, 'a')), nodes);
  for (let level = 0; level < depth; level++) graph = nodeOf(attributeOf(5, field(6, graph)));
  return modelOf(graph);
}

const opened = /^opened with \d+ problems$/;
const tooMuch = /^UnreadableModelError: .* would take more than 400 MB of memory\./;
const names = (count: number) => modelOf(nodeOf(repeated(field(1, 'a'), count)));
const nodes = (count: number) => modelOf(repeated(field(1, joined(field(1, 'a'), field(2, 'b'))), count));
const packedInts = (number: Uint8Array, count: number) =>
  modelOf(nodeOf(attributeOf(7, field(8, repeated(number, count)))));
const ints = (count: number) => modelOf(shortList(count));
const shortList = (count: number) => nodeOf(attributeOf(7, repeated(field(8, 1), count)));
const typeOf = (content: Uint8Array) => modelOf(field(11, field(2, field(1, content))));

const files: readonly (readonly [name: string, bytes: () => Uint8Array, outcome: RegExp])[] = [
  ['100,000 nodes in 190 bodies', () => nested(190, 100_000), opened],
  ['a node that reads 5,000,000 names of nowhere', () => names(5_000_000), /^opened with 21 problems$/],
  ['a node that reads 10,000,000 names', () => names(10_000_000), tooMuch],
  ['3,000,000 empty tensors', () => modelOf(repeated(field(5, field(8, 'w')), 3_000_000)), tooMuch],
  ['300,000 nodes that produce the same', () => nodes(300_000), /^opened with 42 problems$/],
  ['1,000,000 nodes that produce the same', () => nodes(1_000_000), tooMuch],
  ['10,000,000 packed integers', () => packedInts(Uint8Array.of(1), 10_000_000), opened],
  ['60,000,000 packed integers', () => packedInts(Uint8Array.of(1), 60_000_000), opened],
  ['20,000,000 packed integers of two bytes', () => packedInts(Uint8Array.of(128, 64), 20_000_000), opened],
  ['60,000,000 integers', () => ints(60_000_000), opened],
  ['60 lists of 500,000 integers', () => modelOf(repeated(shortList(500_000), 60)), tooMuch],
  ['9,000,000 strings', () => modelOf(nodeOf(attributeOf(8, repeated(field(9, 'a'), 9_000_000)))), opened],
  [
    'a tensor of 40,000,000 dimensions',
    () => modelOf(field(5, field(1, new Uint8Array(40_000_000)))),
    /^UnreadableModelError: .* A tensor has more than 64 dimensions\./,
  ],
  ['3,300,000 value infos', () => modelOf(repeated(field(13, field(1, 'a')), 3_300_000)), tooMuch],
  ['a type of 10,000,000 unknown fields', () => typeOf(repeated(field(9, 1), 10_000_000)), opened],
  ['a shape of 5,000,000 dimensions', () => typeOf(field(2, repeated(field(1, field(1, 1)), 5_000_000))), opened],
  ['a description of 220 MB', () => modelOf(field(10, new Uint8Array(220_000_000).fill(97))), tooMuch],
];

test.each(files)('%s', (name, bytes, expected) => {
  const path = join(folder, `${name.replaceAll(/\W/g, '-')}.onnx`);
  writeFileSync(path, bytes());
  const child = execFileSync(process.execPath, [join(import.meta.dirname, 'open-child.ts'), path], {
    encoding: 'utf8',
  });
  rmSync(path);
  const { outcome, seconds, megabytes } = JSON.parse(child);
  expect(outcome).toMatch(expected);
  // What grows with the square of a count takes minutes here; a slow machine or a busy one takes a few seconds for the rest.
  expect(seconds).toBeLessThan(15);
  expect(megabytes).toBeLessThan(512);
});
