import { afterAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../../src/core/evaluator.ts';
import { bufferSource } from '../../../src/core/graph/byte-source.ts';
import { elementCount } from '../../../src/core/graph/data-type.ts';
import type { Model, Tensor } from '../../../src/core/graph/model.ts';
import { channelsLeft, pruneChannels } from '../../../src/core/prune/channels.ts';
import { createRandom } from '../../../src/core/random.ts';
import { fromNumbers, toFloat32 } from '../../../src/core/tensor/convert.ts';
import { createEvaluator } from '../../../src/worker/evaluator.ts';
import { createRuntimeManager } from '../../../src/worker/runtime-client.ts';
import { parseModel } from '../passes/graph-text.ts';

const manager = createRuntimeManager();
const evaluator = createEvaluator(manager);
afterAll(() => manager.dispose());

/** Makes what a layer gives in these channels 0: places of an axis of the named weights. */
function silenced(model: Model, channels: readonly number[], weights: readonly (readonly [string, number])[]): Model {
  const initializers = new Map(model.graph.initializers);
  for (const [name, axis] of weights) {
    const tensor = initializers.get(name)!;
    const values = toFloat32('float32', tensor.data.bytes!);
    const inner = elementCount(tensor.dims.slice(axis + 1));
    for (let at = 0; at < values.length; at++) {
      if (channels.includes(Math.floor(at / inner) % tensor.dims[axis]!)) values[at] = 0;
    }
    initializers.set(name, { ...tensor, data: bufferSource(fromNumbers('float32', values)) } as Tensor);
  }
  return { ...model, graph: { ...model.graph, initializers } };
}

async function outputs(model: Model, shape: readonly number[]): Promise<readonly number[]> {
  const random = createRandom(7);
  const values = Array.from({ length: elementCount(shape) }, () => random.next() * 2 - 1);
  const x: TensorValue = { dtype: 'float32', dims: shape, bytes: fromNumbers('float32', values) };
  const [results] = await evaluator.run({ model, feeds: [new Map([['x', x]])] });
  const [y] = [...results!.values()];
  return Array.from(toFloat32('float32', y!.bytes));
}

function shapeOf({ graph }: Model): readonly number[] {
  const { type } = graph.inputs[0]!;
  return type?.kind === 'tensor' ? type.shape!.filter((size) => typeof size === 'number') : [];
}

/** Channels that give nothing are the weakest; without them the model computes the same, whatever lies in between. */
async function loses(text: string, silent: readonly number[], weights: readonly (readonly [string, number])[]) {
  const model = silenced(parseModel(text), silent, weights);
  const shape = shapeOf(model);
  const before = await outputs(model, shape);
  const pruned = await pruneChannels(model, 0.5);
  expect(pruned.removed).toBe(silent.length);
  const after = await outputs(pruned.model, shape);
  expect(after).toHaveLength(before.length);
  const largest = Math.max(...before.map(Math.abs));
  for (const [index, value] of after.entries()) expect(Math.abs(value - before[index]!)).toBeLessThan(largest * 1e-5);
  expect(largest).toBeGreaterThan(0);
  return pruned;
}

const dimsOf = ({ graph }: Model, name: string) => graph.initializers.get(name)?.dims;

describe('pruneChannels', () => {
  test('through a normalization, an activation and a depthwise convolution', async () => {
    const text = `opset 17
in x float32 [1, 3, 6, 6]
const w1 float32 [4, 3, 3, 3] = random
const b1 float32 [4] = random
const scale float32 [4] = random
const offset float32 [4] = random
const mean float32 [4] = 0
const var float32 [4] = 1
const w2 float32 [4, 1, 3, 3] = random
const b2 float32 [4] = random
const w3 float32 [2, 4, 1, 1] = random
a = Conv(x, w1, b1)
n = BatchNormalization(a, scale, offset, mean, var)
r = Relu(n)
d = Conv(r, w2, b2) {group = 4}
y = Conv(d, w3)
out y float32`;
    const { model } = await loses(
      text,
      [1, 2],
      [
        ['w1', 0],
        ['b1', 0],
        ['offset', 0],
        ['b2', 0],
      ],
    );
    expect(['w1', 'b1', 'scale', 'w2', 'w3'].map((name) => dimsOf(model, name))).toEqual([
      [2, 3, 3, 3],
      [2],
      [2],
      [2, 1, 3, 3],
      [2, 2, 1, 1],
    ]);
  });

  test('through a sum: both layers lose the same channels', async () => {
    const text = `opset 17
in x float32 [1, 3, 5, 5]
const w1 float32 [6, 3, 1, 1] = random
const w2 float32 [6, 6, 3, 3] = random
const w3 float32 [2, 6, 1, 1] = random
a = Conv(x, w1)
b = Conv(a, w2) {pads = [1, 1, 1, 1]}
s = Add(a, b)
y = Conv(s, w3)
out y float32`;
    const { sets } = await loses(
      text,
      [0, 3, 5],
      [
        ['w1', 0],
        ['w2', 0],
      ],
    );
    expect(sets).toEqual([{ layers: ['Conv', 'Conv'], channels: 6, left: 3 }]);
  });

  test('through Concat, pooling and a reshape into a fully connected layer', async () => {
    const text = `opset 17
in x float32 [1, 3, 4, 4]
const w1 float32 [4, 3, 1, 1] = random
const w2 float32 [8, 3, 1, 1] = random
const shape int64 [2] = 0 48
const w3 float32 [5, 48] = random
const b3 float32 [5] = random
a = Conv(x, w1)
b = Conv(x, w2)
c = Concat(a, b) {axis = 1}
p = MaxPool(c) {kernel_shape = [2, 2], strides = [2, 2]}
f = Reshape(p, shape)
y = Gemm(f, w3, b3) {transB = 1}
out y float32`;
    const model = silenced(parseModel(text), [1, 2], [['w1', 0]]);
    const { removed } = await pruneChannels(model, 0.5);
    // Half of each layer: of the first those that give nothing.
    expect(removed).toBe(6);
    const { model: small } = await loses(
      text.replace('[8, 3, 1, 1]', '[1, 3, 1, 1]').replaceAll('48', '20'),
      [1, 2],
      [['w1', 0]],
    );
    expect(dimsOf(small, 'w3')).toEqual([5, 12]);
  });

  test('through products of matrices, with a bias of its own and a weight that two read', async () => {
    const text = `opset 17
in x float32 [2, 3, 4]
const w1 float32 [4, 4] = random
const bias float32 [4] = random
const w2 float32 [4, 4] = random
a = MatMul(x, w1)
b = Add(a, bias)
r = Relu(b)
c = MatMul(r, w2)
g = Sigmoid(c)
y = MatMul(g, w2)
out y float32`;
    const { model } = await pruneChannels(silenced(parseModel(text), [1, 3], [['w1', 1]]), 0.5);
    // The first product of w2 lost rows and columns, the second rows only.
    expect([...model.graph.initializers.values()].map(({ dims }) => dims.join('×')).sort()).toEqual([
      '2',
      '2×2',
      '2×4',
      '4×2',
    ]);
    await expect(outputs(model, [2, 3, 4])).resolves.toHaveLength(24);
  });

  test.each([
    ['an output', 'y = Conv(x, w1)\nout y float32'],
    ['a normalization over channels', 'a = Conv(x, w1)\nb = Softmax(a) {axis = 1}\ny = Conv(b, w2)\nout y float32'],
    ['a sum over channels', 'a = Conv(x, w1)\nb = ReduceMean(a) {axes = [1]}\ny = Relu(b)\nout y float32'],
    ['its own shape', 'a = Conv(x, w1)\ny = Shape(a)\nout y int64'],
    [
      'the offset of another layer',
      's = GlobalAveragePool(x)\nf = Flatten(s)\na = MatMul(f, w3)\nb = Relu(f)\ny = Gemm(b, w4, a)\nout y float32',
    ],
    ['a sum with what has channels from elsewhere', 'a = Conv(x, w1)\nb = Add(a, z)\ny = Conv(b, w2)\nout y float32'],
  ])('channels that reach %s stay', async (_, body) => {
    const head = `opset 17
in x float32 [1, 4, 4, 4]
in z float32 [1, 4, 4, 4]
const w1 float32 [4, 4, 1, 1] = random
const w2 float32 [2, 4, 1, 1] = random
const w3 float32 [4, 4] = random
const w4 float32 [4, 4] = random
`;
    const model = parseModel(head + body);
    expect(await pruneChannels(model, 0.5)).toMatchObject({ model, removed: 0 });
  });

  test('layers that are excluded keep theirs, and the model given is not changed', async () => {
    const text = `opset 17
in x float32 [1, 3, 5, 5]
const w1 float32 [4, 3, 1, 1] = random
const w2 float32 [4, 4, 1, 1] = random
const w3 float32 [2, 4, 1, 1] = random
a = Conv(x, w1)
b = Conv(a, w2)
y = Conv(b, w3)
out y float32`;
    const model = parseModel(text);
    const { model: pruned } = await pruneChannels(model, 0.5, { exclude: new Set([model.graph.nodes[0]!.id]) });
    expect(['w1', 'w2', 'w3'].map((name) => dimsOf(pruned, name))).toEqual([
      [4, 3, 1, 1],
      [2, 4, 1, 1],
      [2, 2, 1, 1],
    ]);
    expect(dimsOf(model, 'w2')).toEqual([4, 4, 1, 1]);
  });

  test('whole blocks stay where there are several', () => {
    expect([channelsLeft(64, 0.3), channelsLeft(32, 0.3), channelsLeft(10, 0.3), channelsLeft(8, 0.99)]).toEqual([
      48, 24, 7, 1,
    ]);
  });
});
