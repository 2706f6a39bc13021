import { afterAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
import { createRandom } from '../../src/core/random.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { quantizeModel } from '../../src/worker/quantize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { buildModel } from './build-model.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

const random = createRandom(5);
function tensor(...dims: number[]): TensorValue {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return {
    dtype: 'float32',
    dims,
    bytes: fromNumbers(
      'float32',
      Array.from({ length: count }, () => random.normal()),
    ),
  };
}

type Attributes = Readonly<Record<string, number | { readonly float: number }>>;

/** A Gemm whose weights another node reads, too. */
function gemm(attributes: Attributes, bias: boolean) {
  const x = attributes.transA ? [32, 4] : [4, 32];
  return buildModel({
    inputs: { x: ['float32', x] },
    outputs: { y: ['float32', [4, 16]], z: ['float32', [32, 16]] },
    initializers: { w: tensor(32, 16), b: tensor(16) },
    nodes: [
      { opType: 'Gemm', inputs: ['x', 'w', ...(bias ? ['b'] : [])], outputs: ['y'], attributes },
      { opType: 'Sin', inputs: ['w'], outputs: ['z'] },
    ],
  });
}

describe('Gemm with factors and a transposed input', () => {
  const cases: readonly (readonly [string, Attributes, boolean])[] = [
    ['alpha and beta', { alpha: { float: 0.25 }, beta: { float: -3 } }, true],
    ['beta without a bias', { beta: { float: 2 } }, false],
    ['its input transposed', { transA: 1 }, true],
    ['all of it', { alpha: { float: 2 }, beta: { float: 0.5 }, transA: 1 }, true],
  ];
  const schemes = ['static-int8', 'dynamic-int8', 'int8-weights'] as const;
  test.each(schemes.flatMap((scheme) => cases.map((each) => [scheme, ...each] as const)))(
    '%s takes it with %s',
    async (scheme, _, attributes, bias) => {
      const { report } = await quantizeModel(
        {
          model: gemm(attributes, bias),
          identity: { path: 'built', bytes: 0, irVersion: 8, producer: '', opsets: {} },
        },
        {
          scheme,
          settings: { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 },
          randomCalibration: true,
          verify: true,
          measure: false,
        },
        { manager, opscope: 'test' },
      );
      expect(report.kept).toEqual([]);
      expect(report.quantized).toEqual({ nodes: 1, of: 1 });
      const [y, z] = report.verdict.outputs;
      expect(y!.sqnrDb).toBeGreaterThan(30);
      expect(z!.sqnrDb).toBeNull();
    },
  );
});
