import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Axis,
  addDims,
  ceilDivide,
  constantDim,
  dimOfText,
  dimText,
  floorDivide,
  hugeDim,
  hugeSign,
  isNonNegative,
  maxDims,
  minDims,
  multiplyDims,
  subtractDims,
  symbolDim,
} from '../../../src/core/shapes/dim.ts';

const [batch, seq] = [symbolDim('batch'), symbolDim('seq')];
const number = constantDim;

/** An expression together with the way to compute it from sizes. */
interface Sample {
  readonly axis: Axis;
  readonly value: (sizes: Record<string, number>) => number;
}

const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc.integer({ min: -9, max: 9 }).map((value) => ({ axis: number(value), value: () => value })),
  fc
    .constantFrom('a', 'b')
    .map((name) => ({ axis: symbolDim(name), value: (sizes: Record<string, number>) => sizes[name]! })),
);

const operators = [
  [addDims, (a: number, b: number) => a + b],
  [subtractDims, (a: number, b: number) => a - b],
  [multiplyDims, (a: number, b: number) => a * b],
  [maxDims, Math.max],
  [minDims, Math.min],
] as const;

const divisors = [
  [floorDivide, Math.floor],
  [ceilDivide, Math.ceil],
] as const;

const expression: fc.Arbitrary<Sample> = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.tuple(fc.constantFrom(...operators), tie('sample'), tie('sample')).map(([[onDims, onNumbers], a, b]) => ({
      axis: onDims(a.axis, b.axis),
      value: (sizes: Record<string, number>) => onNumbers(a.value(sizes), b.value(sizes)),
    })),
    fc
      .tuple(fc.constantFrom(...divisors), tie('sample'), fc.integer({ min: 1, max: 6 }))
      .map(([[onDims, round], a, divisor]) => ({
        axis: onDims(a.axis, number(divisor)),
        value: (sizes: Record<string, number>) => round(a.value(sizes) / divisor),
      })),
  ),
})).sample;

const sizes = [0, 1, 2, 3, 5, 8].flatMap((a) => [0, 1, 4, 7].map((b) => ({ a, b })));

describe('dimension expressions', () => {
  it('mean the same number when their keys are equal', () => {
    fc.assert(
      fc.property(expression, expression, (one, other) => {
        fc.pre(one.axis !== null && one.axis.key === other.axis?.key);
        for (const each of sizes) expect(one.value(each) === other.value(each)).toBe(true);
      }),
      { numRuns: 300, maxSkipsPerRun: 1000 },
    );
  });

  it('are constants only of that value, and above zero only when they are', () => {
    fc.assert(
      fc.property(expression, ({ axis, value }) => {
        for (const each of sizes) {
          if (axis?.constant !== undefined) expect(value(each) === axis.constant).toBe(true);
          if (axis && isNonNegative(axis)) expect(value(each)).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('come out equal however they were put together', () => {
    const twice = addDims(multiplyDims(batch, seq), multiplyDims(seq, batch));
    expect(twice?.key).toBe('2*batch*seq');
    expect(floorDivide(multiplyDims(twice, number(6)), multiplyDims(number(4), seq))?.key).toBe('3*batch');
    expect(floorDivide(addDims(multiplyDims(seq, number(4)), number(3)), number(2))?.key).toBe('2*seq + 1');
    expect(floorDivide(floorDivide(seq, number(2)), number(1))?.key).toBe('floor(seq/2)');
    expect(addDims(minDims(seq, number(8)), maxDims(subtractDims(seq, number(8)), number(0)))?.key).toBe('seq');
  });

  it('divide exactly by sums', () => {
    const total = addDims(symbolDim('past'), seq);
    const elements = multiplyDims(multiplyDims(batch, total), number(768));
    expect(floorDivide(elements, multiplyDims(total, batch))?.key).toBe('768');
  });

  it('never take one name for another', () => {
    expect(symbolDim('a*b').key).not.toBe(multiplyDims(symbolDim('a'), symbolDim('b'))?.key);
    expect(symbolDim('2').key).not.toBe(number(2).key);
    expect(dimText(symbolDim('past + 1'))).toBe('past + 1');
  });

  it('read the sums and products that exporters write, and nothing else', () => {
    const read = (text: string) => dimOfText(text, symbolDim)?.key;
    expect(read('past_length + length')).toBe('length + past_length');
    expect(read('2_x')).toBe('"2_x"');
    expect(read('seq*4')).toBe('4*seq');
    expect(read('seq - 1 + batch*seq')).toBe('batch*seq + seq - 1');
    expect(read('batch-size')).toBe('"batch-size"');
    expect(read('length of text')).toBe('"length of text"');
  });

  it('keep integers that no number can hold', () => {
    const toTheEnd = hugeDim(9223372036854775807n);
    expect(toTheEnd.constant).toBeUndefined();
    expect([hugeSign(toTheEnd), hugeSign(hugeDim(-9223372036854775808n)), hugeSign(seq)]).toEqual([1, -1, 0]);
  });
});
