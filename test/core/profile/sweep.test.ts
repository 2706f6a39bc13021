import { expect, test } from 'vitest';
import { summarizeLatency } from '../../../src/core/profile/latency.ts';
import { combinations, fastestSettings } from '../../../src/core/profile/sweep.ts';
import { createRandom } from '../../../src/core/random.ts';
import type { SweepPoint } from '../../../src/core/report/profile-report.ts';
import { sessionSnippets } from '../../../src/core/report/session-snippets.ts';

const base = { provider: 'cpu', threads: 0, level: 'all', dims: { length: 8 } } as const;

test('every combination of the values, with the base where an axis is absent', () => {
  const found = combinations({ threads: [1, 2], dims: { batch: [1, 4] } }, base);
  expect(found.map(({ threads, dims }) => [threads, dims.batch, dims.length])).toEqual([
    [1, 1, 8],
    [2, 1, 8],
    [1, 4, 8],
    [2, 4, 8],
  ]);
  const many = Array.from({ length: 9 }, (_, index) => index);
  expect(() => combinations({ threads: many, dims: { batch: many } }, base)).toThrow('at most 64');
});

function point(batch: number, rounds: readonly number[]): SweepPoint {
  const times = rounds.flatMap((round) => Array.from({ length: 20 }, (_, run) => round * (1 + (run % 5) / 1000)));
  return { ...base, dims: { batch }, rounds, latency: summarizeLatency(times, { warmup: 0, seed: 1 }) };
}

test('the fastest is told for each size, and clear only when no round of another came near', () => {
  const points = [point(1, [3, 3, 3]), point(1, [2, 2, 2]), point(4, [9, 7, 9]), point(4, [8, 8, 8])];
  const failed: SweepPoint = { ...base, dims: { batch: 1 }, rounds: [], failure: 'There is no such provider.' };
  expect(fastestSettings([...points, failed])).toEqual([
    { point: 1, clear: true },
    { point: 3, clear: false },
  ]);
  expect(fastestSettings([points[0]!])).toEqual([{ point: 0, clear: false }]);
});

test('settings that are equally fast are called fastest in few sweeps, though sessions differ by more than runs do', () => {
  const random = createRandom(3);
  const session = () => 2 * (1 + 0.05 * random.next());
  const sweep = () => [0, 1].map(() => point(1, [session(), session(), session(), session(), session()]));
  const sweeps = 500;
  const clear = Array.from({ length: sweeps }, () => fastestSettings(sweep())[0]!.clear).filter(Boolean).length;
  expect(clear / sweeps).toBeLessThan(0.03);
});

test('snippets set what was measured, and quote the file', () => {
  const { python, cpp, javascript } = sessionSnippets({ ...base, threads: 4, provider: 'cuda' }, 'a "b".onnx');
  expect(python).toContain('options.intra_op_num_threads = 4');
  expect(python).toContain('providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]');
  expect(python).toContain('InferenceSession("a \\"b\\".onnx", options');
  expect(cpp).toContain('options.SetIntraOpNumThreads(4);');
  expect(javascript).toContain("executionProviders: ['cuda']");
  const plain = sessionSnippets(base, 'm.onnx');
  expect(plain.python).not.toContain('num_threads');
  expect(plain.cpp).not.toContain('AppendExecutionProvider');
  expect(plain.javascript).not.toContain('intraOpNumThreads');
});
