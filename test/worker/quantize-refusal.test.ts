import { afterAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
import type { Model } from '../../src/core/graph/model.ts';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { QuantizeError, type QuantizeOptions, quantizeModel } from '../../src/worker/quantize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { corpusModel, corpusPresent } from '../corpus.ts';
import { buildGraph, buildModel } from './build-model.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

const settings = { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 };
const quantize = (model: Model, options: Partial<QuantizeOptions>) =>
  quantizeModel(
    { model, identity: { path: 'built', bytes: 0, irVersion: model.irVersion, producer: '', opsets: {} } },
    {
      scheme: 'fp16',
      settings,
      verify: true,
      measure: false,
      ...options,
    },
    { manager, opscope: 'test' },
  );

const scalar = (dtype: 'float32' | 'bool', number: number): TensorValue => ({
  dtype,
  dims: [],
  bytes: fromNumbers(dtype, [number]),
});
const ramp: TensorValue = { dtype: 'float32', dims: [4], bytes: fromNumbers('float32', [1, 2, 3, 4]) };

/** On the CPU, ONNX Runtime takes back pairs of Casts around what it has no 16-bit kernel for: such results are equal. */
const runsClosely = ({ status, runs }: QuantizeReport['verdict']) => runs > 0 && /^(?:equal|close)$/.test(status);

describe('fp16 gives models that run', () => {
  test('constants that are attributes of float', async () => {
    const model = buildModel({
      inputs: { x: ['float32', [4]] },
      outputs: { y: ['float32', [4]], one: ['float32', []] },
      nodes: [
        { opType: 'Constant', inputs: [], outputs: ['one'], attributes: { value_float: { float: 1 } } },
        { opType: 'Constant', inputs: [], outputs: ['four'], attributes: { value_floats: { floats: [1, 2, 3, 4] } } },
        { opType: 'Add', inputs: ['x', 'one'], outputs: ['a'] },
        { opType: 'Mul', inputs: ['a', 'four'], outputs: ['y'] },
      ],
    });
    const { report } = await quantize(model, {});
    expect(report.verdict).toSatisfy(runsClosely);
  });

  test('zeros of a computed shape', async () => {
    const model = buildModel({
      inputs: { x: ['float32', ['n']] },
      outputs: { y: ['float32', ['n']] },
      nodes: [
        { opType: 'Shape', inputs: ['x'], outputs: ['shape'] },
        { opType: 'ConstantOfShape', inputs: ['shape'], outputs: ['zeros'] },
        { opType: 'Cos', inputs: ['zeros'], outputs: ['ones'] },
        { opType: 'Add', inputs: ['x', 'ones'], outputs: ['y'] },
      ],
    });
    const { report } = await quantize(model, {});
    expect(report.verdict).toSatisfy(runsClosely);
  });

  test.each([
    ['the first axis before the last', [1, 0, 2], ['n', 2, 4]],
    ['the first axis to the end', [1, 2, 0], [4, 2, 'n']],
  ])('a Transpose that ONNX Runtime would crash on stays in 32 bits: %s', async (_, perm, shape) => {
    const model = buildModel({
      inputs: { x: ['float32', shape] },
      outputs: { y: ['float32', [2, 'n', 3]] },
      initializers: { w: { dtype: 'float32', dims: [4, 3], bytes: fromNumbers('float32', [...Array(12).keys()]) } },
      nodes: [
        { opType: 'Relu', inputs: ['x'], outputs: ['r'] },
        { opType: 'Transpose', inputs: ['r'], outputs: ['t'], attributes: { perm } },
        { opType: 'MatMul', inputs: ['t', 'w'], outputs: ['y'] },
      ],
    });
    const { report } = await quantize(model, { settings: { ...settings, dims: { n: 5 } } });
    expect(report.verdict).toSatisfy(runsClosely);
    expect(report.kept).toEqual([expect.objectContaining({ node: 'Transpose → t' })]);
    expect(report.kept[0]!.reason).toMatch(/crashes on a 16-bit MatMul/);
  });

  test('with data, nodes around numbers beyond 65504 stay in 32 bits', async () => {
    const model = buildModel({
      inputs: { x: ['float32', [4]] },
      outputs: { y: ['float32', [4]] },
      initializers: { ramp, large: scalar('float32', 1000) },
      nodes: [
        { opType: 'Mul', inputs: ['x', 'ramp'], outputs: ['a'] },
        { opType: 'Exp', inputs: ['a'], outputs: ['b'] },
        { opType: 'Mul', inputs: ['b', 'large'], outputs: ['c'] },
        { opType: 'Mul', inputs: ['c', 'large'], outputs: ['d'] },
        { opType: 'Log', inputs: ['d'], outputs: ['e'] },
        { opType: 'Sin', inputs: ['e'], outputs: ['y'] },
      ],
    });
    const { report } = await quantize(model, { randomCalibration: true });
    expect(report.quantized.nodes).toBeGreaterThan(1);
    const reasons = report.kept.map(({ node, reason }) => `${node}: ${reason}`).join('\n');
    expect(reasons).toMatch(/Log → e: d reaches .*, and 16 bits end at 65504/);
    expect(report.verdict).toSatisfy(runsClosely);
  });

  test('bodies that read values from outside', async () => {
    const branch = (opType: string) => ({
      type: 'graph' as const,
      value: buildGraph({
        inputs: {},
        outputs: { [opType]: ['float32', [4]] },
        nodes: [{ opType, inputs: ['a'], outputs: [opType] }],
      }),
    });
    const model = buildModel({
      inputs: { x: ['float32', [4]], condition: ['bool', []] },
      outputs: { y: ['float32', [4]] },
      initializers: { ramp },
      nodes: [
        { opType: 'Mul', inputs: ['x', 'ramp'], outputs: ['a'] },
        {
          opType: 'If',
          inputs: ['condition'],
          outputs: ['b'],
          attributes: { then_branch: branch('Exp'), else_branch: branch('Neg') },
        },
        { opType: 'Add', inputs: ['a', 'b'], outputs: ['y'] },
      ],
    });
    const { report } = await quantize(model, {});
    expect(report.quantized.nodes).toBe(2);
    expect(report.verdict).toSatisfy(runsClosely);
  });
});

describe('what cannot be is refused with the reason', () => {
  test.each([['dynamic-int8', {}] as const, ['static-int8', { smooth: 0.5 }] as const])(
    '%s leaves a product of nothing float',
    async (scheme, options) => {
      const model = buildModel({
        inputs: { x: ['float32', [4, 4]] },
        outputs: { y: ['float32', [4, 4]], z: ['float32', [4, 0]] },
        initializers: {
          w: { dtype: 'float32', dims: [4, 4], bytes: fromNumbers('float32', [...Array(16).keys()]) },
          none: { dtype: 'float32', dims: [4, 0], bytes: new Uint8Array(0) },
        },
        nodes: [
          { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] },
          { opType: 'MatMul', inputs: ['x', 'none'], outputs: ['z'] },
        ],
      });
      const { report } = await quantize(model, { scheme, randomCalibration: true, ...options });
      expect(report.kept).toEqual([expect.objectContaining({ reason: 'its weight has no elements' })]);
      expect(report.quantized).toEqual({ nodes: 1, of: 2 });
    },
  );

  const unknownOperator = buildModel({
    inputs: { x: ['float32', [4]] },
    outputs: { y: ['float32', [4]] },
    initializers: { one: scalar('float32', 1) },
    nodes: [
      { opType: 'Add', inputs: ['x', 'one'], outputs: ['a'] },
      { opType: 'NoSuchOperator', inputs: ['a'], outputs: ['y'] },
    ],
  });

  test('a model that does not load as it is', async () => {
    const failed = quantize(unknownOperator, {});
    await expect(failed).rejects.toThrow(QuantizeError);
    await expect(failed).rejects.toThrow(/model itself does not load in ONNX Runtime.*NoSuchOperator/s);
  });

  test.runIf(corpusPresent).each([
    [
      'a model that ONNX Runtime crashes on',
      'matmul_integer_to_float_int8_bias',
      'fp16',
      /ONNX Runtime fails on this model.*crashed/s,
    ],
    [
      'a model that runs only because ONNX Runtime optimizes',
      'fuse-matmul-bn-only-transpose',
      'dynamic-int8',
      /optimizes a fault of it away/,
    ],
  ] as const)('%s', async (_, name, scheme, message) => {
    const { model, close } = await openModel(corpusModel(`${name}.onnx`));
    try {
      const failed = quantize(model, { scheme });
      await expect(failed).rejects.toThrow(QuantizeError);
      await expect(failed).rejects.toThrow(message);
    } finally {
      await close();
    }
  });
});
