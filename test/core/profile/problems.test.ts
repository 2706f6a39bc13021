import { expect, test } from 'vitest';
import { breakDown } from '../../../src/core/profile/breakdown.ts';
import { profileProblems } from '../../../src/core/profile/problems.ts';
import { readTrace } from '../../../src/core/profile/trace.ts';
import { probeModel } from '../../../src/worker/probe-model.ts';

const event = (name: string, ts: number, dur: number, args: object) =>
  `{"cat" : "Node","dur" :${dur},"ts" :${ts},"ph" : "X","name" :"${name}","args" : ${JSON.stringify(args)}},`;
const trace = readTrace(
  [
    event('a_kernel_time', 5, 80, { op_name: 'Relu', provider: 'CUDAExecutionProvider', node_index: '0' }),
    event('model_run', 0, 100, {}),
  ].join('\n'),
);
const source = probeModel({
  inputs: { x: [4] },
  outputs: { y: [4] },
  nodes: [{ opType: 'Relu', inputs: ['x'], output: 'y' }],
});
const covers = [{ nodes: [source.graph.nodes[0]!.id], shares: [1], inserted: false }];
const breakdown = breakDown(source, trace, { covers, asRun: [null] }, [0.1]);

test.each([
  [true, /each profiled kernel was waited for/],
  [false, /how long the CPU took to hand each kernel over/],
])('what times of kernels on a GPU are; waited for: %s', (waited, said) => {
  const problems = profileProblems('cuda', breakdown, { trace, waited, wallMs: 0.1, runs: 1 });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(said);
});

test('nothing of it on the CPU', () => {
  expect(profileProblems('cpu', breakdown, { trace, waited: false, wallMs: 0.1, runs: 1 })).toEqual([]);
});
