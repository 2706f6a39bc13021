import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type ByteSource, bufferSource } from '../../src/core/graph/byte-source.ts';
import { byteLengthOf, type DataType, dataTypes } from '../../src/core/graph/data-type.ts';
import { fromNumbers, toNumbers } from '../../src/core/tensor/convert.ts';
import { parseNpy, parseNpyHeader } from '../../src/core/tensor/npy.ts';
import { exportTensor, storedTensors } from '../../src/worker/export-tensor.ts';
import { buildGraph, buildModel } from './build-model.ts';

const home = mkdtempSync(join(tmpdir(), 'opscope-tensor-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const file = join(home, 'w.npy');
const tensorOf = (dtype: DataType, dims: readonly number[], data: ByteSource) => ({ name: 'w', dtype, dims, data });
const numeric = (Object.keys(dataTypes) as DataType[]).filter((dtype) => dtype !== 'string' && dtype !== 'undefined');
const widened = {
  bfloat16: 'float32',
  float8e4m3fn: 'float32',
  float8e4m3fnuz: 'float32',
  float8e5m2: 'float32',
  float8e5m2fnuz: 'float32',
  float8e8m0: 'float32',
  float6e2m3: 'float32',
  float6e3m2: 'float32',
  float4e2m1: 'float32',
  int4: 'int8',
  int2: 'int8',
  uint4: 'uint8',
  uint2: 'uint8',
} as Partial<Record<DataType, DataType>>;

describe('a tensor written as .npy', () => {
  test.each(numeric)('%s comes back with its values and shape', async (dtype) => {
    const bytes = Uint8Array.from({ length: byteLengthOf(dtype, 15) }, (_, index) =>
      dtype === 'bool' ? index % 2 : (index * 37 + 11) % 256,
    );
    const written = await exportTensor(tensorOf(dtype, [3, 5], bufferSource(bytes)), file);
    const content = readFileSync(file);
    const back = parseNpy(content);
    expect(written).toMatchObject({ path: file, dtype: widened[dtype] ?? dtype, bytes: content.length });
    expect([back.dtype, back.dims]).toEqual([written.dtype, [3, 5]]);
    expect(Array.from(toNumbers(back.dtype, back.bytes))).toEqual(Array.from(toNumbers(dtype, bytes, 15)));
    if (widened[dtype])
      expect(written.note).toBe(
        `NumPy has no ${dtype}: the elements are written as ${written.dtype}, which holds each of them exactly.`,
      );
    else expect([...back.bytes]).toEqual([...bytes]);
    expect(written.note === undefined).toBe(widened[dtype] === undefined);
  });

  test.each([[[]], [[0, 3]], [[1]]])('has the shape %j', async (dims) => {
    const count = dims.length === 0 ? 1 : dims[0]!;
    const values = fromNumbers(
      'int64',
      Array.from({ length: count }, () => 7),
    );
    await exportTensor(tensorOf('int64', dims, bufferSource(values)), file);
    expect(parseNpy(readFileSync(file))).toMatchObject({ dtype: 'int64', dims });
  });

  test.each([
    ['float32', 16 * 2 ** 20 + 1, 4],
    ['int4', 4 * 2 ** 20 + 1, 1 / 2],
  ] as const)('%s is read in pieces', async (dtype, count, width) => {
    let largestRead = 0;
    const patternAt = (offset: number) => offset % 251;
    const data: ByteSource = {
      byteLength: Math.ceil(count * width),
      read: async (offset, length, into = new Uint8Array(length)) => {
        largestRead = Math.max(largestRead, length);
        for (let at = 0; at < length; at++) into[at] = patternAt(offset + at);
        return into.subarray(0, length);
      },
    };
    const shares: number[] = [];
    await exportTensor(tensorOf(dtype, [count], data), file, { onProgress: ({ fraction }) => shares.push(fraction!) });
    expect(largestRead).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(shares.length).toBeGreaterThan(16);
    expect(shares.at(-1)).toBe(1);
    const content = readFileSync(file);
    const { start, dims } = parseNpyHeader(content)!;
    expect([dims, content.length - start]).toEqual([[count], count * Math.ceil(width)]);
    const expected = (index: number) =>
      dtype === 'float32' ? patternAt(index) : ((patternAt(index >> 1) >> (4 * (index & 1))) << 28) >> 28;
    const elements = dtype === 'float32' ? content.subarray(start) : new Int8Array(content.subarray(start));
    expect(elements.findIndex((each, index) => each !== expected(index))).toBe(-1);
  });

  test('replaces the old file only when it is whole', async () => {
    writeFileSync(file, 'old');
    const stopped = new AbortController();
    const data: ByteSource = {
      byteLength: 2 ** 24,
      read: async (offset, length) => {
        if (offset > 0) stopped.abort(new Error('stopped'));
        return new Uint8Array(length);
      },
    };
    const writing = exportTensor(tensorOf('uint8', [2 ** 24], data), file, { signal: stopped.signal });
    await expect(writing).rejects.toThrow('stopped');
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(home)).toEqual(['w.npy']);
  });

  test('is refused for strings, missing bytes and folders that are not there', async () => {
    const strings = { ...tensorOf('string', [1], bufferSource(new Uint8Array(0))), strings: [Uint8Array.of(65)] };
    await expect(exportTensor(strings, file)).rejects.toThrow('Elements of type string are not exported as .npy');
    const short = tensorOf('float32', [2], bufferSource(new Uint8Array(4)));
    await expect(exportTensor(short, file)).rejects.toThrow('The tensor w holds 4 bytes');
    const fine = tensorOf('uint8', [1], bufferSource(new Uint8Array(1)));
    const away = join(home, 'away', 'w.npy');
    await expect(exportTensor(fine, away)).rejects.toThrow(`The folder of ${away} does not exist.`);
    await expect(exportTensor(fine, home)).rejects.toThrow('is a folder');
  });
});

test('the tensors of a model are its initializers and constants, those of bodies too, the outermost first', () => {
  const of = (value: number) => ({ dtype: 'uint8', dims: [1], bytes: Uint8Array.of(value) }) as const;
  const tensor = (value: number) =>
    ({ name: '', dtype: 'uint8', dims: [1], data: bufferSource(Uint8Array.of(value)) }) as const;
  const body = buildGraph({
    inputs: {},
    outputs: { z: ['uint8', [1]] },
    initializers: { w: of(9), inner: of(3) },
    nodes: [{ opType: 'Add', inputs: ['w', 'inner'], outputs: ['z'] }],
  });
  const branch = { type: 'graph', value: body } as const;
  const model = buildModel({
    inputs: { c: ['bool', []] },
    outputs: { y: ['uint8', [1]] },
    initializers: { w: of(1) },
    nodes: [
      { opType: 'Constant', inputs: [], outputs: ['k'], attributes: { value: { type: 'tensor', value: tensor(2) } } },
      { opType: 'If', inputs: ['c'], outputs: ['y'], attributes: { then_branch: branch } },
    ],
  });
  const found = [...storedTensors(model)].map(([name, each]) => [name, each.name, each.data.bytes![0]]);
  expect(found).toEqual([
    ['w', 'w', 1],
    ['k', 'k', 2],
    ['inner', 'inner', 3],
  ]);
});
