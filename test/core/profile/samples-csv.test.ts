import { expect, test } from 'vitest';
import { pairedSamplesCsv, samplesCsv } from '../../../src/core/profile/samples-csv.ts';

test('runs are numbered from 1 and keep their full precision', () => {
  expect(samplesCsv([1.25, 0.1 + 0.2])).toBe('run,milliseconds\n1,1.25\n2,0.30000000000000004\n');
});

test('runs of two models, each with its own numbers', () => {
  expect(pairedSamplesCsv([1.5], [2, 3])).toBe('model,run,milliseconds\na,1,1.5\nb,1,2\nb,2,3\n');
});
