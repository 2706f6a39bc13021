import { describe, expect, test } from 'vitest';
import type { Model } from '../../../src/core/graph/model.ts';
import { smoothLayers } from '../../../src/core/quantize/smooth.ts';
import { fromNumbers, toFloat32 } from '../../../src/core/tensor/convert.ts';
import { buildModel } from '../../worker/build-model.ts';

const tensor = (dims: readonly number[], numbers: readonly number[]) => ({
  dtype: 'float32' as const,
  dims,
  bytes: fromNumbers('float32', numbers),
});

// With α = ½ a factor is √(max|X| / max|W|): channel 0 gets √(16 / 4) = 2, channel 1 √(1 / 4) = ½.
const maxima = new Map([['x', Float32Array.of(16, 1)]]);
const weights = { w: tensor([2, 2], [4, -1, 2, -4]) };
/** The same weights lying the other way. */
const transposed = { w: tensor([2, 2], [4, 2, -1, -4]) };

const product = (
  opType: 'MatMul' | 'Gemm',
  made?: Parameters<typeof buildModel>[0]['nodes'][number],
  initializers: Readonly<Record<string, ReturnType<typeof tensor>>> = {},
) =>
  buildModel({
    inputs: { [made ? 'a' : 'x']: ['float32', ['n', 2]] },
    outputs: { y: ['float32', ['n', 2]] },
    initializers: { ...(opType === 'Gemm' ? transposed : weights), ...initializers },
    nodes: [
      ...(made ? [made] : []),
      { opType, inputs: ['x', 'w'], outputs: ['y'], attributes: opType === 'Gemm' ? { transB: 1 } : {} },
    ],
  });

const smooth = (model: Model, options: Partial<Parameters<typeof smoothLayers>[1]> = {}) =>
  smoothLayers(model, { alpha: 0.5, maxima, ...options });

const numbers = ({ graph }: Model, name: string) =>
  Array.from(toFloat32('float32', graph.initializers.get(name)!.data.bytes!));

describe('smoothLayers', () => {
  test.each(['MatMul', 'Gemm'] as const)('%s: weights take the factors, a Mul divides by them', async (opType) => {
    const { model, folded, multiplied } = await smooth(product(opType));
    expect([folded, multiplied]).toEqual([0, 1]);
    const [mul, reader] = model.graph.nodes;
    expect(mul!.opType).toBe('Mul');
    expect(numbers(model, mul!.inputs[1]!)).toEqual([0.5, 2]);
    expect(reader!.inputs[0]).toBe(mul!.outputs[0]);
    const expected = opType === 'Gemm' ? [8, 1, -2, -2] : [8, -2, 1, -2];
    expect(numbers(model, reader!.inputs[1]!)).toEqual(expected);
    expect([...model.graph.initializers.keys()]).not.toContain('w');
  });

  test('a LayerNormalization takes the division into its scale and bias', async () => {
    const normal = { opType: 'LayerNormalization', inputs: ['a', 'scale', 'bias'], outputs: ['x'] };
    const given = { scale: tensor([2], [6, 6]), bias: tensor([2], [1, 1]) };
    const { model, folded } = await smooth(product('MatMul', normal, given));
    expect(folded).toBe(1);
    expect(model.graph.nodes.map(({ opType }) => opType)).toEqual(['LayerNormalization', 'MatMul']);
    expect(numbers(model, 'scale')).toEqual([3, 12]);
    expect(numbers(model, 'bias')).toEqual([0.5, 2]);
  });

  test('a factor that others read too is left alone', async () => {
    const given = { scale: tensor([2], [6, 6]) };
    const model = product('MatMul', { opType: 'Mul', inputs: ['scale', 'a'], outputs: ['x'] }, given);
    expect((await smooth(model)).folded).toBe(1);
    const other = { ...model.graph.nodes[0]!, id: 9999 as never, outputs: ['z'] };
    const shared = { ...model, nextNodeId: 10_000, graph: { ...model.graph, nodes: [...model.graph.nodes, other] } };
    expect(await smooth(shared)).toMatchObject({ folded: 0, multiplied: 1 });
  });

  test('what is excluded, unseen or never above 0 stays as it is', async () => {
    const model = product('MatMul');
    expect((await smooth(model, { exclude: new Set([model.graph.nodes[0]!.id]) })).model).toBe(model);
    expect((await smooth(model, { maxima: new Map() })).model).toBe(model);
    expect((await smooth(model, { maxima: new Map([['x', Float32Array.of(0, 0)]]) })).model).toBe(model);
  });
});
