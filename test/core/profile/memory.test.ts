import { expect, test } from 'vitest';
import { measuredMemory } from '../../../src/core/profile/memory.ts';
import { readTrace } from '../../../src/core/profile/trace.ts';

const kernel = (name: string, ts: number, provider: string, memory: object) => {
  const args = JSON.stringify({ op_name: 'Add', provider, node_index: `${ts}`, ...memory });
  return `{"cat" : "Node","pid" :1,"tid" :1,"dur" :5,"ts" :${ts},"ph" : "X","name" :"${name}_kernel_time","args" : ${args}},`;
};
const run = '{"cat" : "Session","pid" :1,"tid" :1,"dur" :100,"ts" :0,"ph" : "X","name" :"model_run","args" : {}},';
const stats = (inUse: number, delta: number, peak: number) => ({
  mem_bytes_in_use: `${inUse}`,
  mem_in_use_delta: `${delta}`,
  mem_in_use_peak: `${peak}`,
});

test('the peak of the allocator that held the most, and what it held before its first kernel', () => {
  const trace = readTrace(
    [
      kernel('a', 10, 'CPUExecutionProvider', stats(300, 100, 320)),
      kernel('b', 20, 'CUDAExecutionProvider', stats(5000, 1000, 5000)),
      kernel('c', 30, 'CUDAExecutionProvider', stats(6000, 1000, 7000)),
      kernel('d', 40, 'CPUExecutionProvider', stats(300, 0, 900)),
      run,
    ].join('\n'),
  );
  expect(measuredMemory(trace)).toEqual({ peakBytes: 7000, beforeBytes: 4000 });
});

test('a trace without figures of memory, or with zeros, says nothing', () => {
  expect(measuredMemory(readTrace([kernel('a', 10, 'CPUExecutionProvider', {}), run].join('\n')))).toBeUndefined();
  const zeros = readTrace([kernel('a', 10, 'WebGpuExecutionProvider', stats(0, 0, 0)), run].join('\n'));
  expect(measuredMemory(zeros)).toBeUndefined();
});
