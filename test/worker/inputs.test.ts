import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
import { toNumbers } from '../../src/core/tensor/convert.ts';
import { writeNpy } from '../../src/core/tensor/npy.ts';
import { writeNpz } from '../../src/core/tensor/npz.ts';
import { writeTensorProto } from '../../src/core/tensor/tensor-proto.ts';
import { makeInputs } from '../../src/worker/inputs.ts';
import { symbolicDims } from '../../src/worker/symbolic-dims.ts';
import { buildGraph, buildModel } from './build-model.ts';

const table: TensorValue = { dtype: 'float32', dims: [50, 4], bytes: new Uint8Array(800) };
const smallTable: TensorValue = { dtype: 'float32', dims: [4, 7], bytes: new Uint8Array(112) };

const language = buildModel({
  inputs: {
    input_ids: ['int64', ['batch_size', 'sequence_length']],
    attention_mask: ['int64', ['batch_size', 'past_length + sequence_length']],
    token_type_ids: ['int64', ['batch_size', 'sequence_length']],
    image: ['float32', [null, 3, 'h', 'w']],
    flag: ['bool', [1]],
    sr: ['int64', []],
    half: ['float16', ['batch_size', 8]],
  },
  outputs: { y: ['float32', [null]] },
  initializers: { table, smallTable },
  nodes: [
    { opType: 'Cast', inputs: ['input_ids'], outputs: ['ids32'], attributes: { to: 6 } },
    { opType: 'Gather', inputs: ['table', 'ids32'], outputs: ['embedded'] },
    { opType: 'Gather', inputs: ['smallTable', 'ids32'], outputs: ['other'], attributes: { axis: 1 } },
  ],
});

const numbers = ({ dtype, bytes }: TensorValue) => Array.from(toNumbers(dtype, bytes));

describe('symbolic dimensions', () => {
  test('each is listed once, with where it stands and a size to use; sums follow from their parts', () => {
    expect(symbolicDims(language)).toEqual([
      {
        name: 'batch_size',
        where: ['input_ids[0]', 'attention_mask[0]', 'token_type_ids[0]', 'half[0]'],
        suggestion: 1,
      },
      { name: 'sequence_length', where: ['input_ids[1]', 'attention_mask[1]', 'token_type_ids[1]'], suggestion: 32 },
      { name: 'past_length', where: ['attention_mask[1]'], suggestion: 8 },
      { name: 'image[0]', where: ['image[0]'], suggestion: 1 },
      { name: 'h', where: ['image[2]'], suggestion: 224 },
      { name: 'w', where: ['image[3]'], suggestion: 224 },
    ]);
  });

  test('pictures are 224 on a side; volumes, and inputs of still more axes, have no more elements', () => {
    const suggested = (axes: number) =>
      symbolicDims(buildModel({ inputs: { x: ['float32', Array(axes).fill(null)] }, outputs: {}, nodes: [] })).map(
        ({ suggestion }) => suggestion,
      );
    expect(suggested(4)).toEqual([1, 3, 224, 224]);
    expect(suggested(5)).toEqual([1, 3, 36, 36, 36]);
    expect(suggested(9)).toEqual([1, 3, 4, 4, 4, 4, 4, 4, 4]);
  });
});

describe('inputs that are made', () => {
  test('have the sizes asked for, and ranges that the model can take', async () => {
    const { feeds, described } = await makeInputs(language, { dims: { batch_size: 2, h: 16, w: 8 }, seed: 1 });
    const feed = feeds[0]!;
    expect(described.map(({ name, shape }) => [name, shape])).toEqual([
      ['input_ids', [2, 32]],
      ['attention_mask', [2, 40]],
      ['token_type_ids', [2, 32]],
      ['image', [1, 3, 16, 8]],
      ['flag', [1]],
      ['sr', []],
      ['half', [2, 8]],
    ]);
    const ids = numbers(feed.input_ids!);
    // Seven columns, the smaller of the two tables.
    expect(Math.max(...ids)).toBe(6);
    expect(Math.min(...ids)).toBe(0);
    expect(new Set(numbers(feed.attention_mask!))).toEqual(new Set([1]));
    expect(new Set(numbers(feed.token_type_ids!))).toEqual(new Set([0]));
    expect(numbers(feed.sr!)).toEqual([16000]);
    for (const value of numbers(feed.half!)) expect(value >= 0 && value <= 1).toBe(true);
    expect(new Set(numbers(feed.image!)).size).toBeGreaterThan(300);
  });

  test('are the same for the same seed only', async () => {
    const make = async (seed: number) =>
      (await makeInputs(language, { dims: { h: 8, w: 8 }, seed })).feeds[0]!.image!.bytes;
    expect(await make(1)).toEqual(await make(1));
    expect(await make(1)).not.toEqual(await make(2));
  });

  test('are indices into the tables of branches, loops and functions too', async () => {
    const lookUp = (data: string, indices: string) => [{ opType: 'Gather', inputs: [data, indices], outputs: ['row'] }];
    const row: Parameters<typeof buildGraph>[0]['outputs'] = { row: ['float32', []] };
    const branch = (parts: Partial<Parameters<typeof buildGraph>[0]>) =>
      ({ type: 'graph', value: buildGraph({ inputs: {}, outputs: row, nodes: [], ...parts }) }) as const;
    const model = buildModel({
      inputs: {
        inIf: ['int64', [200]],
        inLoop: ['int64', [200]],
        inFunction: ['int64', [200]],
        shadowed: ['int64', [200]],
        flag: ['bool', []],
      },
      outputs: {},
      // The table of the branch lies outside it; that of the loop, inside.
      initializers: { table, smallTable },
      nodes: [
        {
          opType: 'If',
          inputs: ['flag'],
          outputs: ['a'],
          attributes: { then_branch: branch({ nodes: lookUp('table', 'inIf') }), else_branch: branch({}) },
        },
        {
          opType: 'Loop',
          inputs: ['', 'flag', 'inLoop'],
          outputs: ['b'],
          attributes: {
            body: branch({
              inputs: { trip: ['int64', []], going: ['bool', []], state: ['int64', [200]], shadowed: ['int64', [1]] },
              initializers: { inner: { ...table, dims: [20, 10] } },
              nodes: [...lookUp('inner', 'state'), ...lookUp('smallTable', 'shadowed')],
            }),
          },
        },
        { opType: 'LookUp', domain: 'own', inputs: ['table', 'inFunction'], outputs: ['c'] },
      ],
    });
    const { nodes } = buildGraph({ inputs: {}, outputs: {}, nodes: lookUp('data', 'indices') });
    const made = { docString: '', attributes: [], attributeDefaults: new Map(), opsets: new Map(), valueInfo: [] };
    const lookUpFunction = {
      ...made,
      name: 'LookUp',
      domain: 'own',
      overload: '',
      inputs: ['data', 'indices'],
      outputs: ['row'],
      nodes,
      metadata: new Map(),
    };
    const { described } = await makeInputs({ ...model, functions: [lookUpFunction] }, { dims: {}, seed: 1 });
    expect(Object.fromEntries(described.map(({ name, source }) => [name, source]))).toEqual({
      inIf: 'random in 0…49 (indices into a table)',
      inLoop: 'random in 0…19 (indices into a table)',
      inFunction: 'random in 0…49 (indices into a table)',
      shadowed: 'random in 0…9',
      flag: 'false',
    });
  });

  test('can be zeros', async () => {
    const { feeds } = await makeInputs(language, { dims: { h: 4, w: 4 }, seed: 1, fill: 'zeros' });
    expect(Object.values(feeds[0]!).every(({ bytes }) => bytes.every((byte) => byte === 0))).toBe(true);
  });

  test('a size that is a mistake is refused', async () => {
    await expect(makeInputs(language, { dims: { h: 1e8 }, seed: 1 })).rejects.toThrow(/more than 2 GB/);
  });
});

describe('inputs from files', () => {
  const two = buildModel({
    inputs: { a: ['float32', [2]], b: ['int64', [1]] },
    outputs: { y: ['float32', [2]] },
    nodes: [],
  });
  const a: TensorValue = { dtype: 'float32', dims: [2], bytes: new Uint8Array(new Float32Array([1, 2]).buffer) };
  const b: TensorValue = { dtype: 'int64', dims: [1], bytes: new Uint8Array(new BigInt64Array([7n]).buffer) };
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opscope-inputs-'));
    await writeFile(join(folder, 'both.npz'), writeNpz(new Map(Object.entries({ a, b, extra: a }))));
    await writeFile(join(folder, 'one.npz'), writeNpz(new Map([['a', a]])));
    await writeFile(join(folder, 'broken.npy'), 'no array');
    for (const set of ['test_data_set_0', 'test_data_set_1']) {
      await mkdir(join(folder, 'onnx', set), { recursive: true });
      await writeFile(join(folder, 'onnx', set, 'input_0.pb'), writeTensorProto('', a));
      await writeFile(join(folder, 'onnx', set, 'input_1.pb'), writeTensorProto('b', b));
      await writeFile(join(folder, 'onnx', set, 'output_0.pb'), writeTensorProto('y', a));
    }
    await mkdir(join(folder, 'arrays'));
    await writeFile(join(folder, 'arrays', 'a.npy'), writeNpy(a));
    await writeFile(join(folder, 'arrays', 'b.npy'), writeNpy(b));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const read = (path: string) => makeInputs(two, { dims: {}, seed: 1, path: join(folder, path) });

  test.each(['both.npz', 'arrays'])('%s gives one set, by name', async (path) => {
    const { feeds, described } = await read(path);
    expect(feeds).toHaveLength(1);
    expect(Object.keys(feeds[0]!)).toEqual(['a', 'b']);
    expect(numbers(feeds[0]!.a!)).toEqual([1, 2]);
    expect(numbers(feeds[0]!.b!)).toEqual([7]);
    expect(described[0]).toMatchObject({ name: 'a', shape: [2], source: join(folder, path) });
  });

  test.each([
    ['float8e4m3fn', { dtype: 'uint8', dims: [2], bytes: Uint8Array.of(56, 64) }, [1, 2]],
    ['bfloat16', { dtype: 'uint16', dims: [2], bytes: Uint8Array.of(0x80, 0x3f, 0, 0x40) }, [1, 2]],
    ['int4', { dtype: 'int8', dims: [3], bytes: Uint8Array.of(0xff, 1, 0xf8) }, [-1, 1, -8]],
    ['uint2', { dtype: 'uint8', dims: [5], bytes: Uint8Array.of(0, 1, 2, 3, 1) }, [0, 1, 2, 3, 1]],
  ] as const)('%s comes as the type that NumPy has for it', async (dtype, array, values) => {
    const model = buildModel({
      inputs: { a: [dtype, [values.length]] },
      outputs: { y: [dtype, [values.length]] },
      nodes: [],
    });
    const path = join(folder, `${dtype}.npy`);
    await writeFile(path, writeNpy(array));
    const { feeds } = await makeInputs(model, { dims: {}, seed: 1, path });
    const { bytes, ...fed } = feeds[0]!.a!;
    expect(fed).toMatchObject({ dtype, dims: [values.length] });
    expect(Array.from(toNumbers(dtype, bytes, values.length))).toEqual(values);
  });

  test('ONNX test data gives a set for each folder, inputs by place or name', async () => {
    const { feeds } = await read('onnx');
    expect(feeds).toHaveLength(2);
    expect(feeds.every((set) => numbers(set.a!)[1] === 2 && numbers(set.b!)[0] === 7)).toBe(true);
  });

  test('what is missing or cannot be read is said', async () => {
    await expect(read('one.npz')).rejects.toThrow(/has no data for the input b\. Found: a\./);
    await expect(read('nothing')).rejects.toThrow(/There is no input data at/);
    await expect(read('broken.npy')).rejects.toThrow(/broken\.npy could not be read/);
  });
});
