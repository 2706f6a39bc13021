import { expect, test } from 'vitest';
import type { Verdict } from '../../../src/core/report/report.ts';
import { changedOutputsSentence, outputsSentence } from '../../../src/core/report/sentences.ts';

const verdict = (status: Verdict['status']): Verdict => ({
  status,
  outputs: [{ name: 'y', maxAbs: 0.8912, maxRel: 0.1, sqnrDb: 28.7, cosine: 0.99 }],
  runs: 3,
});

test('a step that changes numbers on purpose never calls its outputs equal unless they are', () => {
  expect(outputsSentence(verdict('close'))).toBe('outputs equal within rounding (by up to 0.89)');
  expect(changedOutputsSentence(verdict('close'))).toBe('outputs close (by up to 0.89 apart)');
  expect(changedOutputsSentence(verdict('different'))).toBe('outputs differ (by up to 0.89)');
  expect(changedOutputsSentence(verdict('equal'))).toBe('outputs equal');
});
