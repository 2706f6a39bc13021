import { expect, test } from 'vitest';
import { toChromeTrace } from '../../../src/core/profile/chrome-trace.ts';
import { timelineBars, typicalRun } from '../../../src/core/profile/timeline.ts';
import type { Trace, TraceRun } from '../../../src/core/profile/trace.ts';

const names = ['/a/first/MatMul', '/a/first/Add', '/a/second/Loop', 'body', '/b/Relu'];
const kernels = names.map((name, index) => ({
  name,
  opType: name.split('/').at(-1)!,
  index,
  provider: 'CPU',
  parent: name === 'body' ? 2 : -1,
  inputs: [],
  outputs: [],
  parameterBytes: 0,
  activationBytes: 0,
  outputBytes: 0,
  memoryBefore: 0,
  memoryPeak: 0,
}));

const run = (start: number, duration: number): TraceRun => ({
  start,
  duration,
  executing: duration,
  gaps: 0,
  kernel: Uint32Array.of(0, 1, 2, 3, 3, 4),
  starts: Float64Array.of(0, 2, 4, 5, 6, 9).map((at) => at + start),
  durations: Float64Array.of(2, 1, 4, 1, 1, 1),
  self: Float64Array.of(2, 1, 2, 1, 1, 1),
});
const trace: Trace = {
  kernels,
  runs: [run(0, 30), run(100, 12), run(200, 10)],
  gpuTimes: false,
  unread: 0,
  sessionMs: 1,
};

test('the run in the middle stands for all', () => {
  expect(typicalRun(trace)!.runs.map(({ start }) => start)).toEqual([100]);
  expect(typicalRun({ ...trace, runs: [] })).toBeNull();
});

test('kernels lie below the scopes of their names, and those of a body below its loop', () => {
  const bars = timelineBars(typicalRun(trace)!, (kernel) => names[kernel]!);
  const row = (wanted: number) =>
    bars.filter((bar) => bar.row === wanted).map(({ label, start, duration }) => [label, start, duration]);
  expect(row(0).sort()).toEqual([
    ['a', 0, 8],
    ['b', 9, 1],
  ]);
  expect(row(1).sort()).toEqual([
    ['first', 0, 3],
    ['second', 4, 4],
  ]);
  expect(row(2)).toEqual([
    ['MatMul', 0, 2],
    ['Add', 2, 1],
    ['Loop', 4, 4],
    ['Relu', 9, 1],
  ]);
  expect(row(3)).toEqual([
    ['body', 5, 1],
    ['body', 6, 1],
  ]);
});

test('for Perfetto a run and its kernels are complete events in microseconds', () => {
  const { traceEvents } = toChromeTrace(typicalRun(trace)!);
  expect(traceEvents).toHaveLength(7);
  expect(traceEvents[0]).toMatchObject({ ph: 'X', name: 'run 1', ts: 100_000, dur: 12_000 });
  expect(traceEvents[2]).toMatchObject({ name: 'Add', ts: 102_000, dur: 1000, args: { name: '/a/first/Add' } });
});
