/** Oddities that ONNX Runtime takes and the checker refuses, and every element type there is. */
import { describe, expect, test } from 'vitest';
import { readAll } from '../../../src/core/graph/byte-source.ts';
import { type DataType, dataTypeCode, dataTypes } from '../../../src/core/graph/data-type.ts';
import { encodeModel } from '../../../src/core/onnx/encode-model.ts';
import { readModel } from '../../../src/core/onnx/read-model.ts';
import { type Fields, fileOf, message, packed } from './proto.ts';

const noFiles = () => {
  throw new Error('There are no external files here.');
};
const named = (name: string) => message([[1, name]]);
const node = (opType: string, inputs: readonly string[], outputs: readonly string[], more: Fields = []) =>
  message([
    ...inputs.map((name) => [1, name] as const),
    ...outputs.map((name) => [2, name] as const),
    [4, opType],
    ...more,
  ]);
const modelOf = (
  graph: Fields,
  rest: Fields = [
    [
      8,
      message([
        [1, ''],
        [2, 21],
      ]),
    ],
  ],
) => message([[1, 10], [7, message(graph)], ...rest]);

async function read(bytes: Uint8Array) {
  const { model, problems } = await readModel(fileOf(bytes), noFiles);
  const nodes = new Map(model.graph.nodes.map(({ id, opType }) => [id, opType]));
  return {
    model,
    problems: problems.map(({ code, node }) => (node === undefined ? code : `${code} ${nodes.get(node)}`)),
  };
}

async function afresh(bytes: Uint8Array): Promise<Uint8Array> {
  const { model } = await readModel(fileOf(bytes), noFiles);
  const pieces = encodeModel(model, { afresh: true });
  return Buffer.concat(
    await Promise.all(pieces.map((piece) => (piece instanceof Uint8Array ? piece : readAll(piece)))),
  );
}

describe('oddities', () => {
  const relu: Fields = [
    [1, node('Relu', ['x'], ['y'])],
    [11, named('x')],
    [12, named('y')],
  ];

  test('nodes that are not sorted: a note at the first that comes too early', async () => {
    const unsorted = modelOf([
      [1, node('Relu', ['v'], ['y'])],
      [1, node('Abs', ['x'], ['v'])],
      [11, named('x')],
      [12, named('y')],
    ]);
    expect((await read(unsorted)).problems).toEqual(['unsorted-nodes Relu']);
  });

  test('no operator set is imported', async () => {
    const { model, problems } = await read(modelOf(relu, []));
    expect(problems).toEqual(['missing-opset Relu']);
    expect(model.opsets.size).toBe(0);
  });

  test('an attribute that stands twice, and one of a type to come', async () => {
    const integer = message([
      [1, 'axis'],
      [3, 1],
      [20, 2],
    ]);
    const later = message([
      [1, 'later'],
      [20, 77],
    ]);
    const graph = modelOf([
      [
        1,
        node(
          'Softmax',
          ['x'],
          ['y'],
          [
            [5, integer],
            [5, integer],
            [5, later],
          ],
        ),
      ],
      [11, named('x')],
      [12, named('y')],
    ]);
    expect((await read(graph)).problems).toEqual(['duplicate-attribute Softmax', 'unknown-attribute Softmax']);
  });

  test('no IR version is stated', async () => {
    expect(
      (
        await read(
          message([
            [7, message(relu)],
            [8, message([[2, 7]])],
          ]),
        )
      ).problems,
    ).toEqual(['missing-ir-version']);
  });

  test('the default operator set is imported twice, under both its names: the higher one counts', async () => {
    const imports: Fields = [
      [
        8,
        message([
          [1, ''],
          [2, 13],
        ]),
      ],
      [
        8,
        message([
          [1, 'ai.onnx'],
          [2, 17],
        ]),
      ],
      [8, message([[2, 11]])],
    ];
    const { model, problems } = await read(modelOf(relu, imports));
    expect([...model.opsets]).toEqual([['', 17]]);
    expect(problems).toEqual(['duplicate-opset', 'duplicate-opset']);
  });

  test.each([
    [3, ['initializer-not-input']],
    [4, []],
  ])('an initializer that is no input, at IR version %d', async (version, expected) => {
    const weight = message([
      [1, 1],
      [2, 1],
      [8, 'w'],
      [9, new Uint8Array(4)],
    ]);
    const graph = message([
      [1, node('Add', ['x', 'w'], ['y'])],
      [5, weight],
      [11, named('x')],
      [12, named('y')],
    ]);
    const { problems } = await read(
      message([
        [1, version],
        [7, graph],
        [8, message([[2, 7]])],
      ]),
    );
    expect(problems).toEqual(expected);
  });

  test('an initializer that is an input too', async () => {
    const weight = message([
      [1, 1],
      [2, 1],
      [8, 'w'],
      [9, new Uint8Array(4)],
    ]);
    const graph: Fields = [
      [1, node('Add', ['x', 'w'], ['y'])],
      [5, weight],
      [11, named('x')],
      [11, named('w')],
      [12, named('y')],
    ];
    expect((await read(modelOf(graph))).problems).toEqual([]);
  });

  test('opset 1, with attributes that state no type, as files below IR version 2 have them', async () => {
    const squeeze = node(
      'Squeeze',
      ['x'],
      ['y'],
      [
        [
          5,
          message([
            [1, 'axes'],
            [8, 0],
            [8, 2],
          ]),
        ],
      ],
    );
    const graph = message([
      [1, squeeze],
      [11, named('x')],
      [12, named('y')],
    ]);
    const { model, problems } = await read(
      message([
        [1, 1],
        [7, graph],
        [8, message([[2, 1]])],
      ]),
    );
    expect(problems).toEqual([]);
    expect(model.opsets.get('')).toBe(1);
    expect(model.graph.nodes[0]!.attributes.get('axes')).toEqual({ type: 'ints', value: [0n, 2n] });
  });

  test('If within If, thirty levels deep, whose innermost body reads the outermost value', async () => {
    let body = message([
      [1, node('Relu', ['x'], ['y30'])],
      [12, named('y30')],
    ]);
    for (let level = 29; level >= 0; level--) {
      const branch = (name: string) =>
        [
          5,
          message([
            [1, name],
            [6, body],
            [20, 5],
          ]),
        ] as const;
      const choice = node('If', ['c'], [`y${level}`], [branch('then_branch')]);
      body = message([
        [1, choice],
        [12, named(`y${level}`)],
        ...(level === 0
          ? ([
              [11, named('x')],
              [11, named('c')],
            ] as const)
          : []),
      ]);
    }
    const bytes = message([
      [1, 10],
      [7, body],
      [
        8,
        message([
          [1, ''],
          [2, 21],
        ]),
      ],
    ]);
    const { model, problems } = await read(bytes);
    expect(problems).toEqual([]);
    let depth = 0;
    for (let graph = model.graph; ; depth++) {
      const attribute = graph.nodes[0]!.attributes.get('then_branch');
      if (attribute?.type !== 'graph') break;
      graph = attribute.value;
    }
    expect(depth).toBe(30);
    expect((await read(await afresh(bytes))).problems).toEqual([]);
  });

  test('a value that is produced twice, and one that is not produced: each with its node', async () => {
    const graph: Fields = [
      [1, node('Relu', ['x'], ['y'])],
      [1, node('Abs', ['x'], ['y'])],
      [1, node('Neg', ['z'], ['n'])],
      [11, named('x')],
      [12, named('y')],
    ];
    expect((await read(modelOf(graph))).problems).toEqual(['duplicate-value Abs', 'missing-value Neg']);
  });
});

const typed = (Object.keys(dataTypes) as DataType[]).filter((dtype) => dtype !== 'undefined' && dtype !== 'string');

test.each(typed)('%s: raw elements, typed value info and all survive being encoded afresh', async (dtype) => {
  const bytes = Uint8Array.from({ length: (5 * dataTypes[dtype][1] + 7) >> 3 }, (_, index) => 3 + index * 29);
  const code = dataTypeCode(dtype);
  const type = message([
    [
      1,
      message([
        [1, code],
        [2, message([[1, message([[1, 5]])]])],
      ]),
    ],
  ]);
  const original = modelOf([
    [2, 'g'],
    [
      5,
      message([
        [1, 5],
        [2, code],
        [8, 'w'],
        [9, bytes],
      ]),
    ],
    [
      12,
      message([
        [1, 'w'],
        [2, type],
      ]),
    ],
  ]);
  const { model, problems } = await read(original);
  expect(problems).toEqual([]);
  expect(await readAll(model.graph.initializers.get('w')!.data)).toEqual(bytes);
  expect(Buffer.compare(await afresh(original), original)).toBe(0);
});

/** Elements in the fields that `onnx.proto` names for their types, and the same as raw data. */
const fields: readonly (readonly [
  dtype: DataType,
  dims: number,
  field: number,
  content: Uint8Array,
  raw: Uint8Array,
])[] = [
  ['float16', 2, 5, packed([0x3c00, 0xc000]), new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer)],
  ['bfloat16', 2, 5, packed([0x3f80, 0xff80]), new Uint8Array(Uint16Array.of(0x3f80, 0xff80).buffer)],
  ['int8', 3, 5, packed([1, -1, -128]), new Uint8Array(Int8Array.of(1, -1, -128).buffer)],
  ['bool', 3, 5, packed([1, 0, 1]), Uint8Array.of(1, 0, 1)],
  ['float8e4m3fn', 2, 5, packed([0x7e, 0xff]), Uint8Array.of(0x7e, 0xff)],
  ['int4', 3, 5, packed([0x7f, 0x08]), Uint8Array.of(0x7f, 0x08)],
  ['uint4', 4, 5, packed([0xf1, 0x20]), Uint8Array.of(0xf1, 0x20)],
  ['int2', 5, 5, packed([0xe4, 0x02]), Uint8Array.of(0xe4, 0x02)],
  ['float6e2m3', 6, 5, packed([1, 40, 22, 63, 17, 2]), Uint8Array.of(1, 106, 253, 145, 0)],
  ['float6e3m2', 6, 5, packed([2, 44, 19, 56, 16, 5]), Uint8Array.of(2, 59, 225, 80, 1)],
  ['int32', 2, 5, packed([-5, 2 ** 31 - 1]), new Uint8Array(Int32Array.of(-5, 2 ** 31 - 1).buffer)],
  ['int64', 2, 7, packed([-(2n ** 63n), 7n]), new Uint8Array(BigInt64Array.of(-(2n ** 63n), 7n).buffer)],
  ['uint64', 2, 11, packed([2n ** 64n - 1n, 7n]), new Uint8Array(BigUint64Array.of(2n ** 64n - 1n, 7n).buffer)],
  ['uint32', 2, 11, packed([2 ** 32 - 1, 7]), new Uint8Array(Uint32Array.of(2 ** 32 - 1, 7).buffer)],
];

test.each(fields)('%s in its typed field', async (dtype, dims, field, content, raw) => {
  const original = modelOf([
    [
      5,
      message([
        [1, dims],
        [2, dataTypeCode(dtype)],
        [field, content],
        [8, 'w'],
      ]),
    ],
    [12, named('w')],
  ]);
  const { model, problems } = await read(original);
  expect(problems).toEqual([]);
  const { data } = model.graph.initializers.get('w')!;
  expect([...(await readAll(data))]).toEqual([...raw]);
  for (let from = 0; from <= raw.length; from++)
    for (let to = from; to <= raw.length; to++)
      expect([...(await data.read(from, to - from))]).toEqual([...raw.subarray(from, to)]);
});

test.each([
  ['complex64', 4, Float32Array.of(1, 2, 3, 4)],
  ['complex128', 10, Float64Array.of(1, 2, 3, 4)],
  ['float64', 10, Float64Array.of(1, -2)],
] as const)('%s, whose elements are floating-point numbers', async (dtype, field, numbers) => {
  const raw = new Uint8Array(numbers.buffer);
  const dims = (raw.length * 8) / dataTypes[dtype][1];
  const { model, problems } = await read(
    modelOf([
      [
        5,
        message([
          [1, dims],
          [2, dataTypeCode(dtype)],
          [field, raw],
          [8, 'w'],
        ]),
      ],
    ]),
  );
  expect(problems).toEqual([]);
  expect([...(await readAll(model.graph.initializers.get('w')!.data))]).toEqual([...raw]);
});

test('strings, sparse initializers, quantization annotations, sequences, maps and optionals survive', async () => {
  const strings = message([
    [1, 2],
    [2, 8],
    [6, Uint8Array.of(0xff, 0)],
    [6, 'ß'],
    [8, 's'],
  ]);
  const values = message([
    [1, 1],
    [2, 1],
    [8, 'sp'],
    [9, new Uint8Array(4)],
  ]);
  const indices = message([
    [1, 1],
    [2, 7],
    [8, 'i'],
    [9, new Uint8Array(8)],
  ]);
  const tensorType = message([[1, message([[1, 1]])]]);
  const types = [
    message([[4, message([[1, tensorType]])]]),
    message([
      [
        5,
        message([
          [1, 8],
          [2, tensorType],
        ]),
      ],
    ]),
    message([[9, message([[1, message([[4, message([[1, tensorType]])]])]])]]),
    message([
      [
        8,
        message([
          [1, 1],
          [
            2,
            message([
              [
                1,
                message([
                  [2, 'N'],
                  [3, 'DATA_BATCH'],
                ]),
              ],
              [1, message([])],
            ]),
          ],
        ]),
      ],
      [6, 'IMAGE'],
    ]),
  ];
  const original = modelOf([
    [
      1,
      node(
        'Identity',
        ['s'],
        ['y'],
        [
          [
            9,
            message([
              [1, 'key'],
              [2, ''],
            ]),
          ],
          [77, 'unknown'],
        ],
      ),
    ],
    [2, 'g'],
    [5, strings],
    ...types.map(
      (type, index) =>
        [
          11,
          message([
            [1, `x${index}`],
            [2, type],
          ]),
        ] as const,
    ),
    [12, named('y')],
    [
      14,
      message([
        [1, 'y'],
        [
          2,
          message([
            [1, 'SCALE_TENSOR'],
            [2, 'sp'],
          ]),
        ],
      ]),
    ],
    [
      15,
      message([
        [1, values],
        [2, indices],
        [3, 4],
      ]),
    ],
    [
      16,
      message([
        [1, 'k'],
        [2, 'v'],
      ]),
    ],
    [99, 'unknown'],
  ]);
  expect((await read(original)).problems).toEqual([]);
  expect(Buffer.compare(await afresh(original), original)).toBe(0);
});
