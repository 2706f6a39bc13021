import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
import { fromNumbers, toNumbers } from '../../src/core/tensor/convert.ts';
import { writeNpy } from '../../src/core/tensor/npy.ts';
import { writeNpz } from '../../src/core/tensor/npz.ts';
import { openNpy, openNpz, type SampleArray } from '../../src/worker/sample-arrays.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opscope-arrays-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const numbers = (dims: readonly number[]): TensorValue => {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return {
    dtype: 'float32',
    dims,
    bytes: fromNumbers(
      'float32',
      Array.from({ length: count }, (_, index) => index),
    ),
  };
};
const valuesOf = ({ dtype, bytes }: TensorValue) => [...toNumbers(dtype, bytes)];
async function piecesOf(array: SampleArray, count: number) {
  const pieces: { dims: readonly number[]; values: readonly number[] }[] = [];
  for await (const piece of array.entries(count)) pieces.push({ dims: piece.dims, values: valuesOf(piece) });
  return pieces;
}

test('arrays of an archive come piece by piece, packed or not, again and again', async () => {
  const [a, b] = [numbers([5, 2]), numbers([5])];
  const packed = join(folder, 'packed.npz');
  await writeFile(
    packed,
    writeNpz(
      new Map([
        ['a', a],
        ['b', b],
      ]),
    ),
  );
  const stored = join(folder, 'stored.npz');
  await writeFile(
    stored,
    zipSync({ 'a.npy': writeNpy(a), 'b.npy': writeNpy(b), 'notes.txt': new Uint8Array(0) }, { level: 0 }),
  );
  for (const path of [packed, stored]) {
    const arrays = await openNpz(path);
    expect([...arrays.keys()]).toEqual(['a', 'b']);
    const array = arrays.get('a')!;
    expect(array).toMatchObject({ dtype: 'float32', dims: [5, 2] });
    const pieces = [
      { dims: [2, 2], values: [0, 1, 2, 3] },
      { dims: [2, 2], values: [4, 5, 6, 7] },
      { dims: [1, 2], values: [8, 9] },
    ];
    expect(await piecesOf(array, 2)).toEqual(pieces);
    expect(await piecesOf(array, 2)).toEqual(pieces);
    expect(valuesOf(await arrays.get('b')!.all())).toEqual([0, 1, 2, 3, 4]);
  }
});

test('pieces are right where they cross the chunks that a file is read in', async () => {
  const path = join(folder, 'long.npy');
  const array = numbers([1000, 700]);
  await writeFile(path, writeNpy(array));
  const pieces = await piecesOf(await openNpy(path), 333);
  expect(pieces.map(({ dims }) => dims[0])).toEqual([333, 333, 333, 1]);
  expect(pieces.flatMap(({ values }) => values).every((value, index) => value === index)).toBe(true);
});

test('a scalar, and an array without entries, are arrays too', async () => {
  for (const dims of [[], [0, 3]]) {
    const path = join(folder, 'small.npy');
    await writeFile(path, writeNpy(numbers(dims)));
    expect(await (await openNpy(path)).all()).toMatchObject({ dims, dtype: 'float32' });
  }
});

test('what a header claims beyond the file is refused before memory is taken', async () => {
  const path = join(folder, 'claims.npy');
  const file = Buffer.from(writeNpy(numbers([4, 4])));
  const at = file.indexOf('(4, 4)');
  file.write('(4000000000, 4)', at, 'latin1');
  await writeFile(path, file);
  await expect(openNpy(path)).rejects.toThrow('cut off');
  await writeFile(path, 'not an array');
  await expect(openNpy(path)).rejects.toThrow('This is not a .npy file.');
  const archive = join(folder, 'broken.npz');
  await writeFile(archive, 'PK, but not really');
  await expect(openNpz(archive)).rejects.toThrow('could not be unpacked');
});
