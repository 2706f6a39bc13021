/** What a file holds comes back out of it, also when what is around it changes. */
import { describe, expect, test } from 'vitest';
import { readAll } from '../../../src/core/graph/byte-source.ts';
import type { Model } from '../../../src/core/graph/model.ts';
import { encodeModel } from '../../../src/core/onnx/encode-model.ts';
import { readModel } from '../../../src/core/onnx/read-model.ts';
import { tensorsOf } from '../../../src/core/onnx/tensors-of.ts';
import { decodeText, encodeText } from '../../../src/core/onnx/text.ts';
import { createRandom } from '../../../src/core/random.ts';
import { fileOf, message, packed } from './proto.ts';

const noFiles = () => {
  throw new Error('There are no external files here.');
};
const opset = message([[2, 21]]);

async function written(model: Model, afresh: boolean): Promise<Buffer> {
  const pieces = encodeModel(model, { afresh, placement: () => 'inline' });
  return Buffer.concat(
    await Promise.all(pieces.map((piece) => (piece instanceof Uint8Array ? piece : readAll(piece)))),
  );
}

describe('text', () => {
  test.each([
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x61]],
    ['Latin-1', [0x67, 0x72, 0xfc, 0xdf]],
    ['a cut-off sequence', [0x61, 0xe2, 0x82]],
    ['overlong, surrogate and too large sequences', [0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80]],
    ['an emoji between bad bytes', [0xff, 0xf0, 0x9f, 0x98, 0x80, 0x80]],
  ])('%s survives', (_, bytes) => {
    expect([...encodeText(decodeText(Uint8Array.from(bytes)))]).toEqual(bytes);
  });

  test('any bytes survive, and those that decoders of the platform accept read the same', () => {
    const random = createRandom(7);
    const pieces = ['a', 'ß', '€', '😀', '\ufeff'].map((text) => new TextEncoder().encode(text));
    for (let index = 0; index < 5000; index++) {
      const bytes = Buffer.concat(
        Array.from({ length: random.integer(8) }, () =>
          random.integer(2) === 0 ? pieces[random.integer(pieces.length)]! : Uint8Array.of(random.integer(256)),
        ),
      );
      const text = decodeText(bytes);
      expect(Buffer.compare(encodeText(text), bytes)).toBe(0);
      const plain = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
      if (!plain.includes('\ufffd')) expect(text).toBe(plain);
    }
  });

  test('names that are no UTF-8 stay themselves in a model that is written afresh', async () => {
    const name = Uint8Array.of(0xef, 0xbb, 0xbf, 0xfc, 0x78);
    const node = message([
      [1, name],
      [2, 'y'],
      [4, 'Relu'],
    ]);
    const graph = message([
      [1, node],
      [2, 'g'],
      [11, message([[1, name]])],
      [12, message([[1, 'y']])],
    ]);
    const bytes = message([
      [1, 8],
      [7, graph],
      [
        8,
        message([
          [1, ''],
          [2, 13],
        ]),
      ],
    ]);
    const { model, problems } = await readModel(fileOf(bytes), noFiles);
    expect(problems).toEqual([]);
    expect(Buffer.compare(await written(model, true), bytes)).toBe(0);
  });
});

describe('what need not be in memory', () => {
  const values = Array.from({ length: 400_000 }, (_, index) =>
    BigInt.asIntN(64, (BigInt(index) * 0x9e3779b97f4a7c15n) >> BigInt(index % 60)),
  );
  const weight = (shape: number, parts: readonly Uint8Array[]) =>
    message([[1, shape], [2, 7], ...parts.map((part) => [7, part] as const), [8, 'w']]);
  const modelOf = (tensor: Uint8Array) =>
    message([
      [1, 8],
      [7, message([[5, tensor]])],
      [8, opset],
    ]);
  const expected = new Uint8Array(BigInt64Array.from(values).buffer);

  test.each([
    ['one field', [packed(values)]],
    ['two fields', [packed(values.slice(0, 150_000)), packed(values.slice(150_000))]],
  ])('packed integers in %s are decoded as they are read', async (_, parts) => {
    const file = fileOf(modelOf(weight(values.length, parts)));
    const { model, problems } = await readModel(file, noFiles);
    expect(problems).toEqual([]);
    const { data } = model.graph.initializers.get('w')!;
    expect(data.bytes).toBeUndefined();
    for (const [offset, length] of [
      [1_600_003, 21],
      [0, 16],
      [expected.length - 5, 5],
      [524_280, 32],
      [7, 0],
    ] as const)
      expect(Buffer.compare(await data.read(offset, length), expected.subarray(offset, offset + length))).toBe(0);
    expect(Buffer.compare(await readAll(data), expected)).toBe(0);
    expect(file.largestRead()).toBeLessThanOrEqual(1 << 20);
  });

  test('elements that are only declared are neither promised nor made room for', async () => {
    const file = fileOf(modelOf(weight(2 ** 45, [packed(values.slice(0, 5000))])));
    const { model, problems } = await readModel(file, noFiles);
    expect(problems.map(({ code }) => code)).toEqual(['tensor-size']);
    const { data } = model.graph.initializers.get('w')!;
    expect(data.byteLength).toBeLessThan(1_000_000);
    await expect(readAll(data)).rejects.toThrow('fewer than its shape asks for');
  });

  test("training information and the defaults of a function's attributes stay in the file", async () => {
    const big = new Uint8Array(3 << 20).map((_, index) => index * 31);
    const tensor = message([
      [1, big.length],
      [2, 2],
      [8, 't'],
      [9, big],
    ]);
    const training = message([[1, message([[5, tensor]])]]);
    const attribute = message([
      [1, 'table'],
      [5, tensor],
      [20, 4],
    ]);
    const body = message([
      [2, 'y'],
      [4, 'Constant'],
      [
        5,
        message([
          [1, 'value'],
          [20, 4],
          [21, 'table'],
        ]),
      ],
    ]);
    const definition = message([
      [1, 'Table'],
      [5, 'y'],
      [7, body],
      [
        9,
        message([
          [1, ''],
          [2, 21],
        ]),
      ],
      [10, 'local'],
      [11, attribute],
    ]);
    const call = message([
      [2, 'y'],
      [4, 'Table'],
      [7, 'local'],
    ]);
    const bytes = message([
      [1, 10],
      [
        7,
        message([
          [1, call],
          [2, 'g'],
          [12, message([[1, 'y']])],
        ]),
      ],
      [
        8,
        message([
          [1, ''],
          [2, 21],
        ]),
      ],
      [
        8,
        message([
          [1, 'local'],
          [2, 1],
        ]),
      ],
      [20, training],
      [25, definition],
    ]);
    const file = fileOf(bytes);
    const { model, problems } = await readModel(file, noFiles);
    expect(problems).toEqual([]);
    expect(file.largestRead()).toBeLessThanOrEqual(1 << 16);
    expect(Buffer.compare(await written(model, false), bytes)).toBe(0);
    const changed = { ...model, producerName: 'changed' };
    const again = await readModel(fileOf(await written(changed, true)), noFiles);
    expect(Buffer.compare(await readAll(again.model.trainingInfo![0]!), training)).toBe(0);
    const [table] = [...tensorsOf(again.model)];
    expect(Buffer.compare(await readAll(table!.data), big)).toBe(0);
  });
});

test.each([
  ['packed', true],
  ['one by one', false],
])('numbers of attributes come in any size and length, %s', async (_, inOne) => {
  const edges = [0n, -1n, 4095n, 4096n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
  const ints = [...edges, ...Array.from({ length: 200_000 }, (_, index) => BigInt(index))];
  const floats = [0.5, -0, Number.POSITIVE_INFINITY, 2 ** -149];
  const intFields = inOne ? [[8, packed(ints)] as const] : ints.map((value) => [8, value] as const);
  const floatBytes = new Uint8Array(Float32Array.from(floats).buffer);
  const floatFields = inOne
    ? message([[7, floatBytes]])
    : Buffer.concat(
        floats.map((value) => Buffer.concat([Uint8Array.of(0x3d), new Uint8Array(Float32Array.of(value).buffer)])),
      );
  const attributes = [
    Buffer.concat([message([[1, 'ints'], ...intFields, [20, 7]])]),
    Buffer.concat([message([[1, 'floats']]), floatFields, message([[20, 6]])]),
  ];
  const node = message([[4, 'Foo'], ...attributes.map((attribute) => [5, attribute] as const)]);
  const bytes = message([
    [1, 8],
    [7, message([[1, node]])],
    [8, opset],
  ]);
  const { model } = await readModel(fileOf(bytes), noFiles);
  const value = (name: string) => model.graph.nodes[0]!.attributes.get(name)?.value;
  expect(value('ints')).toEqual(ints);
  expect(value('floats')).toEqual(floats);
});

describe('what this version does not know, in an object that is encoded again', () => {
  const bytesOf = (nodeName: string, initializerName: string): Uint8Array => {
    const attribute = message([
      [1, 'later'],
      [20, 77],
      [40, 'a value of a type to come'],
    ]);
    const node = message([
      [1, 'w'],
      [2, 'y'],
      [3, nodeName],
      [4, 'Identity'],
      [5, attribute],
    ]);
    const entry = (key: string, value: string) =>
      message([
        [1, key],
        [2, value],
      ]);
    const tensor = message([
      [1, 2],
      [2, 2],
      [8, initializerName],
      [13, entry('location', 'w.bin')],
      [13, entry('offset', '4')],
      [13, entry('length', '2')],
      [13, entry('checksum', 'abc')],
      [13, entry('prepacked', 'yes')],
      [14, 1],
    ]);
    const graph = message([
      [1, node],
      [2, 'g'],
      [5, tensor],
      [12, message([[1, 'y']])],
    ]);
    return message([
      [1, 10],
      [7, graph],
      [8, message([[1, ''], ...[[2, 21] as const]])],
    ]);
  };
  const weights = () => fileOf(new Uint8Array(16));

  test('an attribute keeps its type and its value', async () => {
    const { model } = await readModel(fileOf(bytesOf('a', 'w')), weights);
    const [node] = model.graph.nodes;
    expect(node!.attributes.get('later')).toMatchObject({ type: 'encoded' });
    for (const attributes of [
      node!.attributes,
      new Map([...node!.attributes].map(([key, each]) => [key, { ...each }])),
    ]) {
      const changed = { ...model, graph: { ...model.graph, nodes: [{ ...node!, name: 'bb', attributes }] } };
      const pieces = encodeModel(changed);
      const all = await Promise.all(pieces.map((piece) => (piece instanceof Uint8Array ? piece : readAll(piece))));
      expect(Buffer.compare(Buffer.concat(all), bytesOf('bb', 'w'))).toBe(0);
    }
  });

  test('a tensor keeps what is said of its place in another file', async () => {
    const { model } = await readModel(fileOf(bytesOf('a', 'w')), weights);
    const tensor = model.graph.initializers.get('w')!;
    const initializers = new Map([['w', { ...tensor, name: 'ww' }]]);
    const pieces = encodeModel({ ...model, graph: { ...model.graph, initializers } });
    const all = await Promise.all(pieces.map((piece) => (piece instanceof Uint8Array ? piece : readAll(piece))));
    expect(Buffer.compare(Buffer.concat(all), bytesOf('a', 'ww'))).toBe(0);
  });
});
