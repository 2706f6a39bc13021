import { describe, expect, test } from 'vitest';
import { quantizeBlocks } from '../../../src/core/quantize/blocks.ts';
import { quantizeBias, quantizeWeight, smallestScaleFor, storedBytes } from '../../../src/core/quantize/weights.ts';
import { createRandom } from '../../../src/core/random.ts';

function normals(count: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

describe('quantizeWeight', () => {
  test('one scale a channel: the largest element of each becomes 127', () => {
    const values = Float32Array.of(1, -2, 0.5, 100, 50, -25);
    const quantized = quantizeWeight(values, [2, 3], { type: 'int8', axis: 0 });
    expect(Array.from(quantized.scales)).toEqual([2 / 127, 100 / 127].map(Math.fround));
    expect(Array.from(quantized.values)).toEqual([64, -127, 32, 127, 64, -32]);
    expect(Array.from(quantized.zeroPoints)).toEqual([0, 0]);
  });

  test('channels of an inner axis', () => {
    const values = Float32Array.of(1, 10, 2, 20);
    const { values: stored } = quantizeWeight(values, [2, 2], { type: 'int8', axis: 1 });
    expect(Array.from(stored)).toEqual([64, 64, 127, 127]);
  });

  test('a search never makes the error larger, and makes it smaller where one element is far out', () => {
    const values = normals(512, 1);
    values[7] = 9;
    const plain = quantizeWeight(values, [1, 512], { type: 'int4', axis: 0 });
    const searched = quantizeWeight(values, [1, 512], { type: 'int4', axis: 0, search: true });
    expect(searched.noise).toBeLessThan(plain.noise);
  });

  test('no scale is so small that the bias leaves 32 bits', () => {
    const bias = Float32Array.of(3000);
    const inputScale = 1e-5;
    const smallest = smallestScaleFor(bias[0]!, inputScale);
    const { scales } = quantizeWeight(Float32Array.of(1e-9), [1, 1], {
      type: 'int8',
      axis: 0,
      smallestScale: () => smallest,
    });
    const { values, scales: biasScales } = quantizeBias(bias, inputScale, scales);
    expect(Math.abs(values[0]!)).toBeLessThan(2 ** 31 - 1);
    expect(values[0]! * biasScales[0]!).toBeCloseTo(3000, 0);
  });

  test('4-bit integers are packed two to a byte', () => {
    expect(Array.from(storedBytes({ type: 'int4', values: Int8Array.of(1, -1, 7) }))).toEqual([0xf1, 0x07]);
  });
});

describe('quantizeBlocks', () => {
  test('packs the lower index into the lower half, and pads the last block with the zero point', () => {
    const rows = Float32Array.from({ length: 20 }, (_, index) => index - 5);
    const packed = quantizeBlocks(rows, 1, 20, { bits: 4, blockSize: 16, method: 'round', symmetric: false });
    expect(packed.stored).toHaveLength(16);
    expect(packed.scales).toHaveLength(2);
    // The first block holds −5 … 10: scale 1, zero point 5, so codes 0 … 15.
    expect(packed.scales[0]).toBe(1);
    expect(Array.from(packed.stored.subarray(0, 8))).toEqual([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe]);
    const padding = packed.zeroPoints![0]! >> 4;
    expect(packed.stored[15]! >> 4).toBe(padding);
  });

  test.each(['search', 'hqq'] as const)('%s is no worse than rounding', (method) => {
    const rows = normals(64 * 128, 3);
    const options = { bits: 4, blockSize: 32, symmetric: false } as const;
    const rounded = quantizeBlocks(rows, 64, 128, { ...options, method: 'round' });
    const fitted = quantizeBlocks(rows, 64, 128, { ...options, method });
    expect(fitted.noise).toBeLessThanOrEqual(rounded.noise);
  });

  test('blocks of zeros and of one sign stay what they are', () => {
    const rows = Float32Array.from({ length: 32 }, (_, index) => (index < 16 ? 0 : 2));
    const packed = quantizeBlocks(rows, 1, 32, { bits: 4, blockSize: 16, method: 'search', symmetric: false });
    expect(packed.noise).toBeCloseTo(0, 6);
  });
});
