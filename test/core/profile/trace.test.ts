import { expect, test } from 'vitest';
import { createTraceReader, readTrace } from '../../../src/core/profile/trace.ts';

const event = (name: string, ts: number, dur: number, args: object = {}, cat = 'Node') =>
  `{"cat" : "${cat}","pid" :1,"tid" :1,"dur" :${dur},"ts" :${ts},"ph" : "X","name" :"${name}","args" : ${JSON.stringify(args)}},`;
const kernel = (name: string, ts: number, dur: number, opType: string, index: number) =>
  event(`${name}_kernel_time`, ts, dur, { op_name: opType, provider: 'CPUExecutionProvider', node_index: `${index}` });
const bytesOf = (text: string) => new TextEncoder().encode(text);
const run = (ts: number, dur: number) => event('model_run', ts, dur, {}, 'Session');

/** Two runs of a loop whose body runs twice, and a node after it; the body has a node of the same name and index as the main graph. */
const lines = [
  '[',
  event('session_initialization', 5, 2500, {}, 'Session'),
  ...[0, 1000].flatMap((at) => [
    kernel('Add_1', at + 110, 20, 'Add', 1),
    kernel('Add_1', at + 140, 30, 'Add', 1),
    event('SequentialExecutor::Execute', at + 105, 70, {}, 'Session'),
    kernel('loop', at + 100, 100, 'Loop', 0),
    kernel('Add_1', at + 200, 40, 'Add', 1),
    run(at + 95, 150),
  ]),
  '{"cat" : "Future","new" : [1,2]},',
  ']',
];

test('kernels, calls and own times; what ran in a body is told from its namesake outside', () => {
  const { kernels, runs, sessionMs, unread } = readTrace(lines.join('\n'));
  expect(kernels.map(({ name, opType, parent }) => ({ name, opType, parent }))).toEqual([
    { name: 'loop', opType: 'Loop', parent: -1 },
    { name: 'Add_1', opType: 'Add', parent: 0 },
    { name: 'Add_1', opType: 'Add', parent: -1 },
  ]);
  expect(runs).toHaveLength(2);
  expect([...runs[1]!.kernel]).toEqual([0, 1, 1, 2]);
  expect([...runs[1]!.self].map((value) => Math.round(value * 1000))).toEqual([50, 20, 30, 40]);
  expect(runs[1]!.duration).toBe(0.15);
  expect(sessionMs).toBe(2.5);
  expect(unread).toBe(1);
});

test('a run in parts: kernels, gaps between them, and what is before and after the graph', () => {
  const trace = readTrace(
    [
      event('SequentialExecutor::Execute', 30, 5, {}, 'Session'),
      kernel('loop', 20, 40, 'Loop', 0),
      kernel('a', 65, 30, 'Add', 1),
      kernel('b', 105, 50, 'Add', 2),
      event('SequentialExecutor::Execute', 10, 155, {}, 'Session'),
      run(0, 180),
    ].join('\n'),
  );
  const [{ duration, executing, gaps }] = trace.runs as [(typeof trace.runs)[number]];
  // 10 before the loop, 5 and 10 between kernels, 10 after the last.
  expect({ duration, executing, gaps }).toEqual({ duration: 0.18, executing: 0.155, gaps: 0.035 });
  const kernels = trace.runs[0]!.durations.reduce((sum, each) => sum + each, 0);
  expect(kernels + gaps).toBeCloseTo(executing, 9);
});

test('without a word of the execution all that no kernel takes is gaps', () => {
  const { runs } = readTrace([kernel('a', 10, 20, 'Add', 0), run(0, 100)].join('\n'));
  expect(runs[0]).toMatchObject({ executing: 0.1, gaps: 0.08 });
});

test('a trace in one line, or as an object with traceEvents, reads the same', () => {
  const events = lines.slice(1, -1).join('\n').replace(/,\s*$/, '');
  const expected = readTrace(lines.join('\n'));
  const oneLine = `[${events.replaceAll('\n', '')}]`;
  expect(readTrace(oneLine)).toEqual(expected);
  expect(readTrace(`{"traceEvents": ${oneLine}}`)).toEqual(expected);
});

test('names with quotes and braces, which ORT does not escape, are read', () => {
  const { kernels } = readTrace([kernel('a "b" {c}', 0, 5, 'Add', 3), run(0, 6)].join('\n'));
  expect(kernels[0]).toMatchObject({ name: 'a "b" {c}', opType: 'Add', index: 3 });
});

test('shapes, sizes and unknown fields of the arguments', () => {
  const reader = createTraceReader();
  reader.lines(
    bytesOf(
      event('c_kernel_time', 0, 5, {
        op_name: 'Conv',
        provider: 'X',
        node_index: '7',
        parameter_size: '64',
        output_size: '128',
        mem_in_use_peak: '4096',
        input_type_shape: [{ float: [1, 3] }, { int64: [] }],
        something_new: { nested: [1] },
      }),
    ),
  );
  reader.lines(bytesOf(run(0, 9)));
  const [found] = reader.finish().kernels;
  expect(found).toMatchObject({ parameterBytes: 64, outputBytes: 128, memoryPeak: 4096 });
  expect(found!.activationBytes).toBeNaN();
  expect(found!.inputs).toEqual(['float32 [1, 3]', 'int64 []']);
});

test('kernels are the same from bytes as ORT writes them and from any other JSON', () => {
  const names = ['a', 'b "dur" :7,"name" :"c"', 'a_kernel_time', 'ä→', 'with "_kernel_time" inside'];
  const written = [...names.map((name, at) => kernel(name, 10 * at, 5, 'Add', at)), run(0, 100)];
  const { kernels } = readTrace(written.join('\n'));
  expect(kernels.map(({ name }) => name)).toEqual(names);
  const rewritten = JSON.stringify(
    written.map((line, at) => {
      // Names are not escaped, so that only what comes before and behind them is JSON.
      const { name: _, ...rest } = JSON.parse(line.slice(0, -1).replace(/"name" :".*","args"/, '"name" :"","args"'));
      return { ...rest, name: at < names.length ? `${names[at]}_kernel_time` : 'model_run' };
    }),
  );
  expect(readTrace(rewritten).kernels.map(({ name, opType, index }) => ({ name, opType, index }))).toEqual(
    kernels.map(({ name, opType, index }) => ({ name, opType, index })),
  );
});

test('one kernel that ran after others and on its own is one; an index or a body apart is another', () => {
  const { kernels, runs } = readTrace(
    [
      ...[kernel('a', 0, 5, 'Add', 0), kernel('b', 10, 5, 'Mul', 1), kernel('a', 20, 5, 'Add', 2), run(0, 30)],
      ...[kernel('b', 40, 5, 'Mul', 1), kernel('a', 50, 5, 'Add', 0), kernel('a', 60, 5, 'Add', 2), run(40, 30)],
    ].join('\n'),
  );
  expect(kernels.map(({ name, index }) => `${name}${index}`)).toEqual(['a0', 'b1', 'a2']);
  expect(runs.map(({ kernel }) => [...kernel])).toEqual([
    [0, 1, 2],
    [1, 0, 2],
  ]);
});

test('a trace that was cut off keeps its complete runs', () => {
  const whole = lines.join('\n');
  const cut = readTrace(whole.slice(0, whole.length - 700));
  expect(cut.runs).toHaveLength(1);
  expect(readTrace('').runs).toEqual([]);
  expect(readTrace('not json').runs).toEqual([]);
});

test('what a GPU ran counts by its own clock; copies and kernels on the CPU as they were', () => {
  const on = (provider: string, name: string, ts: number, dur: number, opType: string, index: number) =>
    event(`${name}_kernel_time`, ts, dur, { op_name: opType, provider, node_index: `${index}` });
  const gpu = (name: string, dur: number) => event(name, 0, dur, {}, 'Api');
  const { runs, gpuTimes } = readTrace(
    [
      '[',
      ...[0, 1000].flatMap((at) => [
        on('WebGpuExecutionProvider', 'a&b', at + 10, 500, 'MatMul', 0),
        on('WebGpuExecutionProvider', 'flat', at + 520, 5, 'Reshape', 1),
        on('WebGpuExecutionProvider', 'copy', at + 530, 60, 'MemcpyToHost', 2),
        on('CPUExecutionProvider', 'shape', at + 600, 7, 'Shape', 3),
        run(at + 5, 700),
      ]),
      ...[1, 2].flatMap((factor) => [gpu('a&b&MatMul&Transpose', 20 * factor), gpu('a&b&MatMul&MatMul', 30 * factor)]),
      ']',
    ].join('\n'),
  );
  expect(gpuTimes).toBe(true);
  expect(runs.map(({ self }) => [...self].map((value) => Math.round(value * 1000)))).toEqual([
    [50, 0, 60, 7],
    [100, 0, 60, 7],
  ]);
});
