import { afterAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../../src/core/evaluator.ts';
import { type PackedBlocks, quantizeBlocks } from '../../../src/core/quantize/blocks.ts';
import { inverseFactor, quantizeCompensating } from '../../../src/core/quantize/gptq.ts';
import { secondMoments } from '../../../src/core/quantize/second-moments.ts';
import { createRandom } from '../../../src/core/random.ts';
import { fromNumbers } from '../../../src/core/tensor/convert.ts';
import { createEvaluator } from '../../../src/worker/evaluator.ts';
import { createRuntimeManager } from '../../../src/worker/runtime-client.ts';
import { parseModel } from '../passes/graph-text.ts';

const manager = createRuntimeManager();
const evaluator = createEvaluator(manager);
afterAll(() => manager.dispose());

const [inputs, outputs] = [64, 12];
const random = createRandom(5);
/** Inputs that go together: each is mostly what the one before it is. */
const samples = Array.from({ length: 200 }, () => {
  const x = new Float64Array(inputs);
  for (let at = 0; at < inputs; at++) x[at] = 0.9 * (x[at - 1] ?? 0) + random.normal();
  return x;
});
const weights = Float32Array.from({ length: inputs * outputs }, () => random.normal());
const options = { bits: 4, blockSize: 16, method: 'search', symmetric: false } as const;

function productsOf(all: readonly Float64Array[]): Float64Array {
  const products = new Float64Array(inputs * inputs);
  for (const x of all)
    for (let row = 0; row < inputs; row++)
      for (let column = 0; column < inputs; column++) products[row * inputs + column]! += x[row]! * x[column]!;
  return products;
}

/** Squared error of the outputs over the samples. */
function outputError({ stored, scales, zeroPoints }: PackedBlocks): number {
  const blocks = inputs / options.blockSize;
  const half = (bytes: Uint8Array, at: number) => (bytes[at >> 1]! >> ((at & 1) * 4)) & 15;
  const value = (row: number, at: number) => {
    const block = Math.floor(at / options.blockSize);
    const zero = half(zeroPoints!.subarray((row * blocks) / 2), block);
    return (half(stored, row * inputs + at) - zero) * scales[row * blocks + block]!;
  };
  let sum = 0;
  for (const x of samples)
    for (let row = 0; row < outputs; row++) {
      let error = 0;
      for (let at = 0; at < inputs; at++) error += (weights[row * inputs + at]! - value(row, at)) * x[at]!;
      sum += error ** 2;
    }
  return sum;
}

describe('GPTQ', () => {
  test('the factor is the upper one of the inverse', () => {
    const products = productsOf(samples);
    const mean = products.reduce((sum, each, at) => sum + (at % (inputs + 1) === 0 ? each : 0), 0) / inputs;
    const damped = products.map((each, at) => each + (at % (inputs + 1) === 0 ? 0.01 * mean : 0));
    const factor = inverseFactor(products, inputs);
    for (const [row, column] of [
      [0, 0],
      [3, 3],
      [5, 2],
      [2, 5],
      [63, 63],
      [10, 60],
    ] as const) {
      let sum = 0;
      for (let k = 0; k < inputs; k++) {
        let inverse = 0;
        for (let j = 0; j < inputs; j++) inverse += factor[j * inputs + row]! * factor[j * inputs + k]!;
        sum += inverse * damped[k * inputs + column]!;
      }
      expect(sum).toBeCloseTo(row === column ? 1 : 0, 6);
      if (row > column) expect(factor[row * inputs + column]).toBe(0);
    }
  });

  test('outputs are closer than where every weight is rounded by itself', () => {
    const plain = quantizeBlocks(weights, outputs, inputs, options);
    const factor = inverseFactor(productsOf(samples), inputs);
    const compensated = quantizeCompensating(weights.slice(), outputs, inputs, factor, options);
    expect(outputError(compensated)).toBeLessThan(0.5 * outputError(plain));
    // The weights themselves are further off: that is the price.
    expect(compensated.noise).toBeGreaterThan(plain.noise);
    expect(compensated.signal).toBeCloseTo(plain.signal, 6);
  });

  test('inputs that do not go together, or are always 0, change nothing', () => {
    const plain = quantizeBlocks(weights, outputs, inputs, options);
    const apart = new Float64Array(inputs * inputs);
    for (let at = 0; at < inputs - 1; at++) apart[at * (inputs + 1)] = 3;
    const factor = inverseFactor(apart, inputs);
    expect(quantizeCompensating(weights.slice(), outputs, inputs, factor, options).stored).toEqual(plain.stored);
    const silent = inverseFactor(new Float64Array(inputs * inputs), inputs);
    expect(quantizeCompensating(weights.slice(), outputs, inputs, silent, options).stored).toEqual(plain.stored);
  });

  test('the products come from the runtime, over all samples', async () => {
    const model = parseModel('opset 17\nin x float32 [2, 2, 3]\na = Relu(x)\ny = Neg(a)\nout y float32');
    const tensors = [1, -2].map(
      (factor): TensorValue => ({
        dtype: 'float32',
        dims: [2, 2, 3],
        bytes: fromNumbers(
          'float32',
          Array.from({ length: 12 }, (_, at) => (at - 4) * factor),
        ),
      }),
    );
    const data = {
      count: 2,
      async *feeds() {
        for (const x of tensors) yield new Map([['x', x]]);
      },
    };
    const found = [];
    for await (const each of secondMoments(model, new Map([['a', 3]]), data, { evaluator })) found.push(each);
    const rows = [1, -2].flatMap((factor) =>
      Array.from({ length: 4 }, (_, row) => [0, 1, 2].map((at) => Math.max(0, (3 * row + at - 4) * factor))),
    );
    const expected = [0, 1, 2].flatMap((a) =>
      [0, 1, 2].map((b) => rows.reduce((sum, row) => sum + row[a]! * row[b]!, 0) / 2),
    );
    expect(found.map(([value]) => value)).toEqual(['a']);
    expect(Array.from(found[0]![1])).toEqual(expected);
  });
});
