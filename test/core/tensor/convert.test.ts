import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ByteSource, bufferSource } from '../../../src/core/graph/byte-source.ts';
import { type DataType, elementCount } from '../../../src/core/graph/data-type.ts';
import { fromNumbers, toNumbers } from '../../../src/core/tensor/convert.ts';
import { parseNpy, writeNpy } from '../../../src/core/tensor/npy.ts';
import { decodeSmallFloat, encodeSmallFloat, smallFloats } from '../../../src/core/tensor/small-floats.ts';
import { tensorStatistics } from '../../../src/core/tensor/statistics.ts';
import { parseTensorProto, writeTensorProto } from '../../../src/core/tensor/tensor-proto.ts';

describe('small floats', () => {
  it.each(Object.entries(smallFloats))('%s: every code is the nearest code of its own number', (_, format) => {
    const codes = 2 ** (1 + format.exponentBits + format.mantissaBits);
    for (let code = 0; code < codes; code++) {
      const value = decodeSmallFloat(code, format);
      if (Number.isNaN(value)) expect(decodeSmallFloat(encodeSmallFloat(value, format), format)).toBeNaN();
      else expect(encodeSmallFloat(value, format)).toBe(code);
    }
  });

  // Figures of the IEEE 754, OCP FP8 and MX specifications.
  it.each([
    ['float16', 0x3c00, 1],
    ['float16', 0x7bff, 65504],
    ['float16', 0x0001, 2 ** -24],
    ['bfloat16', 0x3f80, 1],
    ['float8e4m3fn', 0x7e, 448],
    ['float8e5m2', 0x7b, 57344],
    ['float8e4m3fnuz', 0x7f, 240],
    ['float8e5m2fnuz', 0x7f, 57344],
    ['float4e2m1', 7, 6],
    ['float6e2m3', 31, 7.5],
    ['float6e3m2', 31, 28],
  ] as const)('%s code %i is %d', (dtype, code, value) => {
    expect(decodeSmallFloat(code, smallFloats[dtype])).toBe(value);
  });

  // As the official library packs them.
  it.each([
    ['float6e2m3', [1, 106, 253, 145, 0], [0.125, -1, 3.5, -7.5, 2.25, 0.25]],
    ['float6e3m2', [2, 59, 225, 80, 1], [0.125, -1, 3.5, -8, 2, 0.3125]],
  ] as const)('%s has four elements in three bytes', (dtype, bytes, values) => {
    expect([...toNumbers(dtype, Uint8Array.from(bytes), 6)]).toEqual(values);
    expect([...fromNumbers(dtype, values)]).toEqual(bytes);
  });

  it('rounds to the nearest neighbour, ties to even', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -70000, max: 70000, noNaN: true }),
        fc.constantFrom(...Object.values(smallFloats)),
        (value, format) => {
          const code = encodeSmallFloat(value, format);
          const nearest = decodeSmallFloat(code, format);
          fc.pre(Number.isFinite(nearest));
          const codes = 2 ** (1 + format.exponentBits + format.mantissaBits);
          const neighbours = [code - 1, code + 1]
            .filter((each) => each >= 0 && each < codes)
            .map((each) => decodeSmallFloat(each, format));
          for (const other of neighbours)
            if (Number.isFinite(other)) expect(Math.abs(nearest - value)).toBeLessThanOrEqual(Math.abs(other - value));
        },
      ),
    );
  });
});

describe('conversion', () => {
  it.each([
    'int2',
    'uint2',
    'int4',
    'uint4',
    'int8',
    'uint8',
    'int16',
    'uint16',
    'int32',
    'uint32',
    'int64',
    'uint64',
  ] as const)('%s comes back as it went', (dtype: DataType) => {
    const bits = Number(/\d+/.exec(dtype)![0]);
    const signed = dtype.startsWith('int');
    const limit = 2 ** Math.min(bits - (signed ? 1 : 0), 53);
    fc.assert(
      fc.property(
        fc.array(
          fc.integer({
            min: Math.max(Number.MIN_SAFE_INTEGER, signed ? -limit : 0),
            max: Math.min(Number.MAX_SAFE_INTEGER, limit - 1),
          }),
        ),
        (values) => {
          expect(Array.from(toNumbers(dtype, fromNumbers(dtype, values), values.length))).toEqual(
            values.map((value) => value || 0),
          );
        },
      ),
    );
  });

  it('packs the first element into the low bits', () => {
    expect(Array.from(fromNumbers('uint4', [1, 2, 3]))).toEqual([0x21, 0x03]);
    expect(Array.from(toNumbers('int4', Uint8Array.of(0xf8), 2))).toEqual([-8, -1]);
  });

  it('clips integers to their range', () => {
    expect(Array.from(toNumbers('int8', fromNumbers('int8', [300, -300, 2.5, 3.5])))).toEqual([127, -128, 2, 4]);
  });
});

describe('.npy and .pb', () => {
  const dtypes = [
    'float32',
    'float64',
    'float16',
    'int8',
    'uint8',
    'int16',
    'int32',
    'int64',
    'uint64',
    'bool',
  ] as const;

  it('come back as they went', async () => {
    const array = fc.record({ dtype: fc.constantFrom(...dtypes), dims: fc.array(fc.nat(4), { maxLength: 3 }) });
    await fc.assert(
      fc.asyncProperty(array, async ({ dtype, dims }) => {
        const bytes = fromNumbers(
          dtype,
          Array.from({ length: elementCount(dims) }, (_, index) => index % 2),
        );
        const value = { dtype, dims, bytes };
        expect(parseNpy(writeNpy(value))).toEqual(value);
        expect(await parseTensorProto(writeTensorProto('name', value))).toEqual({ name: 'name', value });
      }),
    );
  });

  it('writes what NumPy has no name for so that it can be read back', () => {
    const written = (dtype: DataType, values: readonly number[]) =>
      parseNpy(writeNpy({ dtype, dims: [values.length], bytes: fromNumbers(dtype, values) }));
    expect(written('bfloat16', [1, 2])).toMatchObject({ dtype: 'uint16', dims: [2] });
    expect(written('float8e5m2', [1, 2, 3])).toMatchObject({ dtype: 'uint8', dims: [3] });
    expect(written('int4', [-8, 7, 1])).toEqual({ dtype: 'int8', dims: [3], bytes: Uint8Array.of(0xf8, 7, 1) });
    expect(() => written('float4e2m1', [1, 2])).toThrow('NumPy has no elements of type float4e2m1');
    const strings = ['', 'größer 😀', 'a'];
    const text = { dtype: 'string', dims: [3, 1], bytes: new Uint8Array(0), strings } as const;
    expect(parseNpy(writeNpy(text))).toEqual(text);
  });

  it('reads what NumPy wrote in column order and big-endian', () => {
    // numpy.save of numpy.array([[1, 2, 3], [4, 5, 6]], '>i2', order='F')
    const header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }".padEnd(117, ' ');
    const file = Uint8Array.from([
      0x93,
      ...new TextEncoder().encode('NUMPY'),
      1,
      0,
      118,
      0,
      ...new TextEncoder().encode(`${header}\n`),
      0,
      1,
      0,
      4,
      0,
      2,
      0,
      5,
      0,
      3,
      0,
      6,
    ]);
    const { dtype, dims, bytes } = parseNpy(file);
    expect([dtype, dims, Array.from(toNumbers(dtype, bytes))]).toEqual(['int16', [2, 3], [1, 2, 3, 4, 5, 6]]);
  });

  it.each([
    ['the long integers of Python 2', '<f4', '(2L, 1L)', [2, 1], 'float32'],
    ['bfloat16 of ml_dtypes', '<V2', '(4,)', [4], 'bfloat16'],
    ['a type of a byte of ml_dtypes', '|V1', '(8,)', [8], 'uint8'],
  ])('reads %s', (_, descr, shape, dims, dtype) => {
    const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117, ' ');
    const file = Buffer.concat([
      Uint8Array.of(0x93),
      Buffer.from('NUMPY\x01\x00\x76\x00', 'latin1'),
      Buffer.from(`${header}\n`),
      Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    ]);
    expect(parseNpy(Uint8Array.from(file))).toEqual({ dtype, dims, bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  });

  it('says what is wrong', () => {
    expect(() => parseNpy(Uint8Array.of(1, 2, 3))).toThrow('not a .npy file');
    const cut = writeNpy({ dtype: 'float32', dims: [4], bytes: new Uint8Array(16) }).subarray(0, -1);
    expect(() => parseNpy(cut)).toThrow('cut off');
  });
});

describe('statistics', () => {
  it('counts what is no number apart and agrees with the definition', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.float(), { minLength: 1 }), async (values) => {
        const tensor = {
          name: 't',
          dtype: 'float32',
          dims: [values.length],
          data: bufferSource(fromNumbers('float32', values)),
        } as const;
        const { count, min, max, mean, standardDeviation, nan, infinite, histogram } = await tensorStatistics(tensor);
        const finite = values.filter(Number.isFinite);
        expect(count).toBe(values.length);
        expect(nan * count).toBeCloseTo(values.filter(Number.isNaN).length);
        expect((1 - nan - infinite) * count).toBeCloseTo(finite.length);
        if (finite.length === 0) return;
        expect([min, max]).toEqual([Math.min(...finite) + 0, Math.max(...finite) + 0]);
        const average = finite.reduce((sum, value) => sum + value / finite.length, 0);
        const scale = Math.max(Math.abs(min), Math.abs(max), 1e-30);
        expect(Math.abs(mean - average) / scale).toBeLessThan(1e-9);
        expect(standardDeviation).toBeGreaterThanOrEqual(0);
        expect(histogram.counts.reduce((sum, each) => sum + each, 0)).toBe(finite.length);
      }),
    );
  });

  const of = (dtype: DataType, dims: readonly number[], values: readonly number[]) =>
    tensorStatistics({ name: 't', dtype, dims, data: bufferSource(fromNumbers(dtype, values)) });
  const sum = (counts: Float64Array) => counts.reduce((total, each) => total + each, 0);

  it('of complex numbers counts the parts', async () => {
    const found = await of('complex64', [4], [0, 0, 1, 0, 0, 0, 0, 2]);
    expect(found).toMatchObject({ count: 4, zeros: 6 / 8, nan: 0, min: 0, max: 2 });
    expect(sum(found.histogram.counts)).toBe(8);
    expect((await of('complex128', [2], [Number.NaN, 1, 2, 3])).nan).toBe(1 / 4);
  });

  it('holds for the largest 64-bit floats', async () => {
    const most = Number.MAX_VALUE;
    const { min, max, mean, standardDeviation, histogram } = await of('float64', [4], [most, -most, most, -most]);
    expect([min, max, mean, standardDeviation]).toEqual([-most, most, 0, most]);
    expect([histogram.edges[0], histogram.edges[32], histogram.edges[64]]).toEqual([-most, 0, most]);
    expect([histogram.counts[0], histogram.counts[63]]).toEqual([2, 2]);
  });

  it('holds for the smallest 64-bit floats', async () => {
    const least = Number.MIN_VALUE;
    const { min, max, mean, histogram } = await of('float64', [3], [0, 64 * least, 128 * least]);
    expect([min, max, mean]).toEqual([0, 128 * least, 64 * least]);
    expect([...histogram.edges.slice(0, 3)]).toEqual([0, 2 * least, 4 * least]);
    expect([histogram.counts[0], histogram.counts[32], histogram.counts[63]]).toEqual([1, 1, 1]);
  });

  it('of one value, and of none that is finite', async () => {
    expect(await of('float64', [2], [3, 3])).toMatchObject({ min: 3, max: 3, mean: 3, standardDeviation: 0 });
    const none = await of('float32', [2], [Number.NaN, Number.NEGATIVE_INFINITY]);
    expect(none).toMatchObject({ min: Number.NaN, nan: 0.5, infinite: 0.5, zeros: 0 });
    expect(none.histogram.counts).toHaveLength(0);
    expect(await of('float32', [0], [])).toMatchObject({ count: 0, zeros: 0, mean: Number.NaN });
  });

  it('reads in blocks, those of packed types too', async () => {
    const block = 1 << 20;
    const count = 2 * block + 3;
    let largestRead = 0;
    // Every byte holds 1 and −2.
    const data: ByteSource = {
      byteLength: Math.ceil(count / 2),
      read: async (_, length) => {
        largestRead = Math.max(largestRead, length);
        return new Uint8Array(length).fill(0xe1);
      },
    };
    const found = await tensorStatistics({ name: 't', dtype: 'int4', dims: [count], data });
    expect(largestRead).toBe(block / 2);
    expect(found).toMatchObject({ count, min: -2, max: 1, zeros: 0 });
    expect(found.mean).toBeCloseTo(-0.5, 5);
    expect(found.standardDeviation).toBeCloseTo(1.5, 5);
    expect([found.histogram.counts[0], found.histogram.counts[63]]).toEqual([block + 1, block + 2]);
  });
});
