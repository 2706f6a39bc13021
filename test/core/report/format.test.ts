import { describe, expect, test } from 'vitest';
import {
  aligned,
  bytes,
  change,
  columnDecimals,
  count,
  decibels,
  interval,
  large,
  percent,
  shape,
  significant,
  time,
} from '../../../src/core/report/format.ts';

/** Non-breaking spaces as plain ones, so that expectations can be read. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('significant', () => {
  test.each([
    [1.8234, '1.82'],
    [12.351, '12.4'],
    [9.996, '10.0'],
    [402.4, '402'],
    [123_456, '123,000'],
    [0.00031, '0.000310'],
    [-0.5, '−0.500'],
    [0, '0'],
    [3.14e-6, '3.14e−6'],
    [2.5e9, '2.50e9'],
    [Number.POSITIVE_INFINITY, '∞'],
    [Number.NaN, '–'],
    [null, '–'],
  ])('%s is %s', (value, text) => expect(significant(value)).toBe(text));
});

describe('units', () => {
  test.each([
    [time(0.34), '340 µs'],
    [time(0.9996), '1.00 ms'],
    [time(4.213), '4.21 ms'],
    [time(2100), '2.10 s'],
    [time(0), '0 ms'],
    [bytes(512), '512 B'],
    [bytes(102_146_000), '102 MB'],
    [bytes(999.9), '1.00 KB'],
    [large(4_089_000_000), '4.09 G'],
    [large(864), '864'],
    [count(12_620), '12,620'],
    [percent(0.1239), '12.4 %'],
    [percent(0.0002), '<0.1 %'],
    [percent(0), '0.0 %'],
    [change(1262, 402), '−68 %'],
    [change(100, 103), '+3.0 %'],
    [change(7, 7), 'same'],
    [decibels(62.13), '62.1 dB'],
    [decibels(null), '∞'],
    [shape([1, 'batch', 56]), '1×batch×56'],
    [shape([]), 'scalar'],
    [shape(null), '?'],
  ])('%s', (text, expected) => expect(plain(text)).toBe(expected));
});

test('an interval has digits enough to tell its ends apart', () => {
  expect(plain(interval([1.8, 1.85], 'ms'))).toBe('1.80–1.85 ms');
  expect(plain(interval([1.8001, 1.8032], 'ms'))).toBe('1.800–1.803 ms');
  expect(plain(interval([0.95, 1.05], 'ms'))).toBe('0.950–1.05 ms');
});

test('points of a column stand under each other', () => {
  const decimals = columnDecimals(12.4);
  const cells = [12.4, 1.82, 0.123, 0, 0.0001].map((value) => aligned(value, decimals));
  expect(cells.map(plain)).toEqual(['12.4  ', '1.82 ', '0.123', '0    ', '<0.001']);
  const fromEnd = (text: string) => text.length - text.indexOf('.');
  expect(new Set(cells.filter((cell) => cell.includes('.')).map(fromEnd)).size).toBe(1);
});
