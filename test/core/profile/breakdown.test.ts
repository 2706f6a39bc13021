import { expect, test } from 'vitest';
import { breakDown } from '../../../src/core/profile/breakdown.ts';
import { readTrace } from '../../../src/core/profile/trace.ts';
import { buildModel } from '../../worker/build-model.ts';

const model = buildModel({ inputs: {}, outputs: {}, nodes: [] });
const attribution = { covers: [{ nodes: [], shares: [], inserted: false }], asRun: [null] };

/** One kernel a run, of so many microseconds; the run takes 10 more. */
const traceOf = (...kernels: number[]) =>
  readTrace(
    kernels
      .flatMap((duration, run) => [
        `{"cat" : "Node","pid" :1,"tid" :1,"dur" :${duration},"ts" :${1000 * run + 5},"ph" : "X","name" :"a_kernel_time","args" : {"op_name" : "Add","node_index" : "0"}},`,
        `{"cat" : "Session","pid" :1,"tid" :1,"dur" :${duration + 10},"ts" :${1000 * run},"ph" : "X","name" :"model_run","args" : {}},`,
      ])
      .join('\n'),
  );

test('runs that were disturbed inside are left out of the means', () => {
  const { kernelMs, runs } = breakDown(model, traceOf(10, 90, 20, 10, 20, 90, 1, 20), attribution);
  expect(runs.toSorted()).toEqual([2, 3, 4, 7]);
  expect(kernelMs).toBeCloseTo(0.0175, 9);
});

test('so are runs that were disturbed outside of what the trace has', () => {
  const trace = traceOf(10, 12, 14, 16, 18, 20, 22, 24);
  const walls = [0.02, 0.5, 0.024, 0.6, 0.028, 0.03, 0.032, 0.034];
  const { runs } = breakDown(model, trace, attribution, walls);
  expect(runs.toSorted()).toEqual([4, 5, 6, 7]);
  // A trace may have runs that nothing timed.
  expect(breakDown(model, trace, attribution, []).runs.toSorted()).toEqual([2, 3, 4, 5]);
});

test('a kernel that waits in one run does not take longer for that: the wait is a part of its own', () => {
  const source = buildModel({
    inputs: {},
    outputs: {},
    nodes: ['first', 'second'].map((name) => ({ opType: 'Add', name, inputs: ['x', 'x'], outputs: [name] })),
  });
  const ids = source.graph.nodes.map(({ id }) => id);
  // They take 10 and 20 µs, but both wait 1 ms in the first of eight runs, and the second in another.
  const event = (name: string, dur: number, ts: number, index: number) =>
    `{"cat" : "Node","pid" :1,"tid" :1,"dur" :${dur},"ts" :${ts},"ph" : "X","name" :"${name}_kernel_time","args" : {"op_name" : "Add","node_index" : "${index}"}},`;
  const lines = Array.from({ length: 8 }, (_, run) => [
    event('first', run === 0 ? 1010 : 10, 5000 * run + 5, 0),
    event('second', run > 1 ? 20 : 1020, 5000 * run + 2000, 1),
    `{"cat" : "Session","pid" :1,"tid" :1,"dur" :4000,"ts" :${5000 * run},"ph" : "X","name" :"model_run","args" : {}},`,
  ]).flat();
  const covers = ids.map((id) => ({ nodes: [id], shares: [1], inserted: false }));
  const parts = breakDown(source, readTrace(lines.join('\n')), { covers, asRun: [null, null] });
  expect(parts.nodes.map(({ name, milliseconds }) => [name, milliseconds])).toEqual([
    ['second', 0.02],
    ['first', 0.01],
  ]);
  expect(parts.kernelMs).toBeCloseTo(0.03, 9);
  // Runs of one length: the middle half is four of them as they come, and the second waits in none of runs 2 to 5.
  expect(parts.runs).toEqual([2, 3, 4, 5]);
  expect(parts.interruptedMs).toBeCloseTo(0, 9);
  const { interruptedMs, kernelMs, gapsMs, frameworkMs, runMs } = breakDown(
    source,
    readTrace(lines.join('\n')),
    { covers, asRun: [null, null] },
    // By the clock outside the first two are in the middle.
    [0.5, 0.5, 0.1, 0.2, 0.4, 0.6, 0.9, 0.9],
  );
  expect(interruptedMs).toBeCloseTo((1 + 1 + 1) / 4, 9);
  expect(kernelMs + interruptedMs + gapsMs + frameworkMs).toBeCloseTo(runMs, 9);
});

test('what the call takes is known from other runs than those of the breakdown', () => {
  const trace = traceOf(10, 12, 14, 16, 18, 20, 22, 24);
  // A run takes 10 µs more than its kernel; the call 3 µs where the breakdown looks, 5 elsewhere.
  const walls = trace.runs.map(({ duration }, run) => duration + (run >= 2 && run <= 5 ? 0.003 : 0.005));
  const { callMs, runMs, runs } = breakDown(model, trace, attribution, walls);
  expect(runs.toSorted()).toEqual([2, 3, 4, 5]);
  expect(callMs).toBeCloseTo(0.005, 9);
  expect(runMs).toBeCloseTo(0.027, 9);
  expect(breakDown(model, trace, attribution).callMs).toBe(0);
  expect(breakDown(model, traceOf(10, 12), attribution, [0.022, 0.024]).callMs).toBeCloseTo(0.002, 9);
  // Six runs leave two beside the middle ones: that the call waited in those makes it no longer.
  const few = breakDown(
    model,
    traceOf(10, 11, 12, 13, 14, 15),
    attribution,
    [0.021, 0.022, 0.023, 0.024, 0.085, 0.095],
  );
  expect(few.runs).toHaveLength(4);
  expect(few.callMs).toBeCloseTo(0.001, 9);
});

test('conversions count with their node, copies between devices with none; together with what is unknown they are all kernels', () => {
  const source = buildModel({
    inputs: {},
    outputs: {},
    nodes: [{ opType: 'Add', name: 'a', inputs: ['x', 'x'], outputs: ['y'] }],
  });
  const [{ id }] = source.graph.nodes as [(typeof source.graph.nodes)[0]];
  const kinds = ['Add', 'Cast', 'MemcpyToHost', 'Mul'];
  const event = (op: string, index: number) =>
    `{"cat" : "Node","pid" :1,"tid" :1,"dur" :${10 * (index + 1)},"ts" :${100 * index},"ph" : "X","name" :"${op}_kernel_time","args" : {"op_name" : "${op}","node_index" : "${index}","output_size" : "8"}},`;
  const trace = readTrace(
    [
      ...kinds.map(event),
      '{"cat" : "Session","pid" :1,"tid" :1,"dur" :500,"ts" :0,"ph" : "X","name" :"model_run","args" : {}},',
    ].join('\n'),
  );
  const covers = kinds.map((op) => ({
    nodes: op === 'Mul' ? [] : [id],
    shares: op === 'Mul' ? [] : [1],
    inserted: op === 'Cast' || op === 'MemcpyToHost',
  }));
  const { nodes, kernelMs, insertedMs, transferMs, unattributedMs } = breakDown(source, trace, {
    covers,
    asRun: kinds.map(() => null),
  });
  expect(nodes).toMatchObject([{ id, kernels: [0, 1], outputBytes: 16 }]);
  expect(nodes[0]!.milliseconds).toBeCloseTo(0.03, 9);
  expect([insertedMs, transferMs, unattributedMs]).toEqual([0.02, 0.03, 0.04]);
  expect(nodes[0]!.milliseconds + transferMs + unattributedMs).toBeCloseTo(kernelMs, 9);
});
