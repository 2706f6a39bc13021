import { afterAll, describe, expect, test } from 'vitest';
import { loopModel } from '../../bench/profile/loop-model.ts';
import type { TensorValue } from '../../src/core/evaluator.ts';
import type { Graph, Model, NodeId } from '../../src/core/graph/model.ts';
import { allNodes } from '../../src/core/profile/breakdown.ts';
import { createRandom } from '../../src/core/random.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { modelIdentity } from '../../src/worker/inspect.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { type MeasuredModel, type ProfileOptions, profileModel } from '../../src/worker/profile.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { corpusModel, corpusPresent, sampleModels } from '../corpus.ts';
import { buildGraph, buildModel } from './build-model.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

const quick: ProfileOptions = {
  settings: { provider: 'cpu', threads: 1, timeLimit: 20, dims: {}, seed: 1 },
  runs: 8,
  warmup: 1,
  level: 'all',
};
const context = { manager, opscope: '0.0.0' };

const inMemory = (model: Model): MeasuredModel => ({
  model,
  identity: { path: 'test.onnx', bytes: 0, irVersion: 10, producer: '', opsets: {} },
});

const weight = (...dims: number[]): TensorValue => {
  const random = createRandom(dims.length);
  const count = dims.reduce((product, dim) => product * dim, 1);
  return {
    dtype: 'float32',
    dims,
    bytes: fromNumbers(
      'float32',
      Array.from({ length: count }, () => random.next() - 0.5),
    ),
  };
};

/** Operator of each node that took part of a kernel's time → operators of those kernels. */
async function kernelsByNode(model: Model) {
  const { report } = await profileModel(inMemory(model), quick, context);
  expect(report.problems.filter((problem) => problem.includes('could not be'))).toEqual([]);
  expect(report.unattributedMs).toBe(0);
  return new Map(report.nodes.map((node) => [node.name, node]));
}

const node = (name: string, opType: string, inputs: string[], outputs: string[], attributes = {}) => ({
  name,
  opType,
  inputs,
  outputs,
  attributes,
});

describe('attribution where the answer is known', () => {
  test('convolution, batch norm, addition and relu that became one kernel: the convolution did the work', async () => {
    const model = buildModel({
      inputs: { x: ['float32', [1, 16, 32, 32]] },
      outputs: { y: ['float32', [1, 16, 32, 32]] },
      initializers: {
        w: weight(16, 16, 3, 3),
        w2: weight(16, 16, 3, 3),
        scale: weight(16),
        bias: weight(16),
        mean: weight(16),
        variance: { dtype: 'float32', dims: [16], bytes: fromNumbers('float32', new Array(16).fill(1)) },
      },
      nodes: [
        node('first', 'Conv', ['x', 'w'], ['a'], { pads: [1, 1, 1, 1] }),
        node('norm', 'BatchNormalization', ['a', 'scale', 'bias', 'mean', 'variance'], ['b']),
        node('relu', 'Relu', ['b'], ['c']),
        node('second', 'Conv', ['c', 'w2'], ['d'], { pads: [1, 1, 1, 1] }),
        node('add', 'Add', ['d', 'c'], ['e']),
        node('last', 'Relu', ['e'], ['y']),
      ],
    });
    const nodes = await kernelsByNode(model);
    const time = (name: string) => nodes.get(name)?.milliseconds ?? 0;
    expect(time('first')).toBeGreaterThan(5 * (time('norm') + time('relu')));
    expect(time('second')).toBeGreaterThan(5 * time('add'));
    expect(nodes.get('add')!.kernels).toEqual(nodes.get('second')!.kernels);
  });

  test('what was folded or dropped takes no time', async () => {
    const model = buildModel({
      inputs: { x: ['float32', [64, 64]] },
      outputs: { y: ['float32', [64, 64]] },
      initializers: { w: weight(64, 64), b: weight(64) },
      nodes: [
        node('fold', 'Transpose', ['w'], ['wt']),
        node('drop', 'Identity', ['x'], ['x2']),
        node('matmul', 'MatMul', ['x2', 'wt'], ['m']),
        node('add', 'Add', ['m', 'b'], ['y']),
      ],
    });
    const nodes = await kernelsByNode(model);
    expect(nodes.get('fold')?.milliseconds ?? 0).toBe(0);
    expect(nodes.get('drop')?.milliseconds ?? 0).toBe(0);
    expect(nodes.get('matmul')!.milliseconds).toBeGreaterThan(nodes.get('add')!.milliseconds);
  });

  test('nodes with the same name or none are told apart', async () => {
    const model = buildModel({
      inputs: { x: ['float32', [256, 256]] },
      outputs: { y: ['float32', [256, 256]] },
      initializers: { w: weight(256, 256), small: weight(256, 1) },
      nodes: [
        node('', 'MatMul', ['x', 'w'], ['a']),
        node('same', 'MatMul', ['a', 'small'], ['b']),
        node('same', 'MatMul', ['a', 'w'], ['c']),
        node('', 'Sin', ['b'], ['d']),
        node('', 'Sin', ['c'], ['e']),
        node('sum', 'Mul', ['d', 'e'], ['y']),
      ],
    });
    const { report } = await profileModel(inMemory(model), quick, context);
    const [, thin, thick] = model.graph.nodes;
    const time = (id: NodeId) => report.nodes.find((each) => each.id === id)?.milliseconds ?? 0;
    expect(time(thick!.id)).toBeGreaterThan(3 * time(thin!.id));
    expect(report.nodes).toHaveLength(6);
  });

  test('nodes in the bodies of a loop and of a branch get their own time, once for each call', async () => {
    const body = buildGraph({
      inputs: { i: ['int64', []], go: ['bool', []], v: ['float32', [128, 128]] },
      outputs: { go_on: ['bool', []], v_next: ['float32', [128, 128]] },
      nodes: [node('pass', 'Identity', ['go'], ['go_on']), node('heavy', 'MatMul', ['v', 'w'], ['v_next'])],
    });
    const branch = (name: string, opType: string): Graph =>
      buildGraph({
        inputs: {},
        outputs: { r: ['float32', [128, 128]] },
        nodes: [node(name, opType, ['looped'], ['r'])],
      });
    const graphAttribute = (value: Graph) => ({ type: 'graph', value }) as const;
    const model = buildModel({
      inputs: { x: ['float32', [128, 128]], flag: ['bool', []], n: ['int64', []] },
      outputs: { y: ['float32', [128, 128]] },
      initializers: { w: weight(128, 128), trips: { dtype: 'int64', dims: [], bytes: fromNumbers('int64', [5]) } },
      nodes: [
        node('loop', 'Loop', ['trips', '', 'x'], ['looped'], { body: graphAttribute(body) }),
        node('if', 'If', ['flag'], ['y'], {
          then_branch: graphAttribute(branch('taken', 'Sin')),
          else_branch: graphAttribute(branch('other', 'Erf')),
        }),
        node('unused', 'Neg', ['n'], ['dead']),
      ],
    });
    const nodes = await kernelsByNode(model);
    expect(nodes.get('heavy')!.calls).toBe(5);
    expect(nodes.get('heavy')!.milliseconds).toBeGreaterThan(nodes.get('loop')!.milliseconds);
    // A boolean scalar is false unless the user says otherwise.
    expect(nodes.get('other')!.milliseconds).toBeGreaterThan(0);
    expect(nodes.get('taken')?.milliseconds ?? 0).toBe(0);
  });

  test('one heavy node in a random graph of light ones is found as the heaviest, fused or not', async () => {
    const unary = ['Sin', 'Erf', 'Sigmoid', 'Tanh', 'Neg', 'Identity', 'Relu'];
    for (let seed = 0; seed < 6; seed++) {
      const random = createRandom(seed);
      const count = 12;
      const heavyAt = random.integer(count);
      const nodes = Array.from({ length: count }, (_, index) => {
        const [from, to] = [`v${index}`, `v${index + 1}`];
        if (index === heavyAt) return node('', 'MatMul', [from, 'big'], [to]);
        const kind = random.integer(3);
        if (kind === 0) return node('', unary[random.integer(unary.length)]!, [from], [to]);
        return kind === 1 ? node('', 'Mul', [from, 'row'], [to]) : node('', 'Add', [from, 'row'], [to]);
      });
      const model = buildModel({
        inputs: { v0: ['float32', [64, 1024]] },
        outputs: { [`v${count}`]: ['float32', [64, 1024]] },
        initializers: { big: weight(1024, 1024), row: weight(1024) },
        nodes,
      });
      const { report } = await profileModel(inMemory(model), quick, context);
      expect(report.nodes[0]!.id).toBe(model.graph.nodes[heavyAt]!.id);
    }
  });
});

describe('profile', () => {
  test.each(sampleModels)('%s: parts add up, every figure is there', async (path) => {
    const opened = await openModel(path);
    const target = { model: opened.model, path, identity: await modelIdentity(opened) };
    const { report, overlays, asRun, trace } = await profileModel(target, { ...quick, samples: true }, context);
    await opened.close();
    expect(report.latency.runs).toBe(8);
    expect(report.latency.samples).toHaveLength(8);
    expect(report.profiledRuns).toBe(8);
    const sum = report.nodes.reduce((total, each) => total + each.milliseconds, 0) + report.unattributedMs;
    expect(sum).toBeCloseTo(report.kernelMs, 6);
    // Every part has its own source in the trace; the trace drops what is below a microsecond.
    const parts = report.kernelMs + report.interruptedMs! + report.gapsMs + report.frameworkMs;
    const durations = trace!.runs.map(({ duration }) => duration);
    const dropped = 0.001 * report.kernels.length;
    expect(parts).toBeGreaterThan(Math.min(...durations) - dropped);
    expect(parts).toBeLessThan(Math.max(...durations) + dropped);
    expect(report.wallMs).toBeGreaterThan(parts - dropped);
    expect(report.callMs).toBeGreaterThan(0);
    expect(report.gapsMs).toBeGreaterThan(0);
    expect(report.frameworkMs).toBeGreaterThan(0);
    expect(report.nodes.reduce((total, each) => total + each.share, 0)).toBeCloseTo(1, 6);
    expect(report.environment).toMatchObject({ provider: 'cpu', threads: 1, level: 'all', onnxruntime: '1.30.0' });
    const time = overlays.find(({ id }) => id === 'time')!;
    expect([...allNodes(opened.model).keys()].every((id) => time.values[id]! >= 0)).toBe(true);
    expect(asRun!.origins.size).toBe(report.kernels.length);
    expect(trace!.runs).toHaveLength(8);
  });

  test('several sessions, where one cannot hold the events of all runs, count as one profile', async () => {
    const opened = await openModel(sampleModels[0]!);
    const target = { model: opened.model, path: sampleModels[0]!, identity: await modelIdentity(opened) };
    const whole = await profileModel(target, quick, context);
    // Three warm-up runs and at most two others a session.
    const mostEvents = 5 * (2 * allNodes(opened.model).size + 10);
    const { report, trace } = await profileModel(target, { ...quick, mostEvents }, context);
    await opened.close();
    const named = ({ kernels }: typeof report) => kernels.map(({ name, calls }) => `${name} ${calls}`);
    expect(report.profiledRuns).toBe(8);
    expect(trace!.runs).toHaveLength(8);
    expect(named(report)).toEqual(named(whole.report));
    expect(report.problems.filter((problem) => problem.includes('The trace holds'))).toEqual([]);
  });

  test('a run with more kernels than the profiler keeps leaves the latency, and says why there is no more', async () => {
    const options = { ...quick, mostEvents: 100 };
    const { report } = await profileModel(loopModel(200), options, context);
    expect(report.latency.runs).toBe(8);
    expect(report.nodes).toEqual([]);
    expect(report.problems).toEqual([expect.stringContaining("too many kernels for ONNX Runtime's profiler")]);
  });

  test('a roofline says what the machine can do and what limits each kernel', async () => {
    const size = 256;
    const model = buildModel({
      inputs: { x: ['float32', [size, size]] },
      outputs: { y: ['float32', [size, size]] },
      initializers: { w: weight(size, size) },
      nodes: [node('product', 'MatMul', ['x', 'w'], ['p']), node('bounded', 'Relu', ['p'], ['y'])],
    });
    const { report, overlays } = await profileModel(inMemory(model), { ...quick, roofline: true }, context);
    const { roofline, kernels } = report;
    expect(roofline!.gflops).toBeGreaterThan(0);
    expect(roofline!.gbPerSecond).toBeGreaterThan(0);
    const product = roofline!.kernels.find(({ kernel }) => kernels[kernel]!.opType === 'MatMul')!;
    expect(product).toMatchObject({ macs: size ** 3, bytes: 3 * 4 * size ** 2, bound: 'compute' });
    expect(overlays.map(({ id }) => id)).toEqual(['time', 'provider', 'measured-memory', 'bound', 'attained']);
  });

  test('a kernel of int8 is held against what the machine does in int8', async () => {
    const size = 256;
    const integers: TensorValue = { dtype: 'int8', dims: [size, size], bytes: new Uint8Array(size * size).fill(3) };
    const model = buildModel({
      inputs: { x: ['uint8', [size, size]] },
      outputs: { y: ['int32', [size, size]] },
      initializers: { w: integers },
      nodes: [node('product', 'MatMulInteger', ['x', 'w'], ['y'])],
    });
    const { report } = await profileModel(inMemory(model), { ...quick, roofline: true }, context);
    const { int8Gops, gbPerSecond, kernels, unjudged } = report.roofline!;
    expect(int8Gops).toBeGreaterThan(0);
    expect(unjudged).toEqual([]);
    const [product] = kernels;
    expect(product).toMatchObject({ arithmetic: 'int8', macs: size ** 3 });
    const { milliseconds } = report.kernels[product!.kernel]!;
    const leastMs = Math.max((2 * size ** 3) / (int8Gops! * 1e6), product!.bytes / (gbPerSecond * 1e6));
    expect(product!.attained).toBeCloseTo(leastMs / milliseconds, 9);
  });

  test('products in half precision stand under the ceiling of what ONNX Runtime computes them in, and it is named', async () => {
    const size = 256;
    const half = { dtype: 'float16', dims: [size, size], bytes: new Uint8Array(2 * size * size) } as const;
    const model = buildModel({
      inputs: { x: ['float16', [size, size]] },
      outputs: { y: ['float16', [size, size]] },
      initializers: { w: half },
      nodes: [node('product', 'MatMul', ['x', 'w'], ['y'])],
    });
    const { report } = await profileModel(inMemory(model), { ...quick, roofline: true }, context);
    const { fp16Gflops, kernels } = report.roofline!;
    const product = kernels.find(({ kernel }) => report.kernels[kernel]!.opType === 'MatMul')!;
    expect(product).toMatchObject({ arithmetic: fp16Gflops === undefined ? 'float32' : 'float16', macs: size ** 3 });
    const said = report.problems.some((problem) => problem.includes('held against the ceiling of float32'));
    expect(said).toBe(fp16Gflops === undefined);
  });

  test('memory comes from the trace: what each kernel writes, at the node that writes it, and the peak', async () => {
    const size = 256;
    const tensor = 4 * size ** 2;
    const model = buildModel({
      inputs: { x: ['float32', ['rows', size]] },
      outputs: { y: ['float32', ['rows', size]], most: ['float32', [1, 1]] },
      initializers: { w: weight(size, size), b: weight(size) },
      nodes: [
        // One kernel: the product itself is never written.
        node('product', 'MatMul', ['x', 'w'], ['p']),
        node('biased', 'Add', ['p', 'b'], ['q']),
        node('bounded', 'Sigmoid', ['q'], ['y']),
        node('largest', 'ReduceMax', ['q'], ['most']),
      ],
    });
    const settings = { ...quick.settings, dims: { rows: size } };
    const { report, overlays } = await profileModel(inMemory(model), { ...quick, settings }, context);
    const written = new Map(report.nodes.map(({ name, outputBytes }) => [name, outputBytes]));
    expect(Object.fromEntries(written)).toEqual({ product: 0, biased: tensor, bounded: tensor, largest: 4 });
    const { values } = overlays.find(({ id }) => id === 'measured-memory')!;
    for (const { id, outputBytes } of report.nodes) expect(values[id]).toBe(outputBytes);
    const sigmoid = report.kernels.find(({ opType }) => opType === 'Sigmoid')!;
    expect(sigmoid).toMatchObject({ activationBytes: tensor, outputBytes: tensor });
    const { peakBytes, beforeBytes } = report.memory!;
    expect(peakBytes - beforeBytes).toBeGreaterThanOrEqual(2 * tensor);
    // Whole chunks, and what the kernels need inside, but no other order of magnitude.
    expect(peakBytes).toBeLessThan(64 << 20);
  });

  test('keeps as many runs as were asked for, however long the warm-up was', async () => {
    const opened = await openModel(sampleModels[0]!);
    try {
      for (const seed of [1, 2, 3]) {
        const options = { ...quick, settings: { ...quick.settings, seed }, runs: 20, warmup: -1 };
        const { report } = await profileModel(inMemory(opened.model), options, context);
        expect(report.latency.runs).toBe(20);
      }
    } finally {
      await opened.close();
    }
  });

  test('a run that is cancelled stops within a second and keeps what was measured until then', async () => {
    const opened = await openModel(sampleModels[0]!);
    const target = { model: opened.model, path: sampleModels[0]!, identity: await modelIdentity(opened) };
    const controller = new AbortController();
    const isRunning = Promise.withResolvers<void>();
    const onProgress = ({ message }: { readonly message: string }) => {
      if (message.startsWith('Timed run')) isRunning.resolve();
    };
    const running = profileModel(
      target,
      { ...quick, runs: 1e7 },
      { ...context, onProgress, signal: controller.signal },
    );
    await isRunning.promise;
    const start = performance.now();
    controller.abort();
    const { report } = await running;
    expect(performance.now() - start).toBeLessThan(1000);
    expect(report.latency.runs).toBeGreaterThan(0);
    expect(report.latency.stable).toBe(false);
    expect(report.latency.problems[0]).toMatch(/^Stopped after \d+ runs/);
    expect(report.problems).toEqual(['The time could not be broken down by node: The measurement was stopped.']);
    await opened.close();
  });

  test('a measurement that is cancelled before its first run has nothing to give', async () => {
    const controller = new AbortController();
    controller.abort();
    const target = inMemory(buildModel({ inputs: {}, outputs: {}, nodes: [] }));
    await expect(profileModel(target, quick, { ...context, signal: controller.signal })).rejects.toThrow('Cancelled');
  });

  test('a model that does not run is refused with the reason', async () => {
    const model = buildModel({
      inputs: { x: ['float32', [1]] },
      outputs: { y: ['float32', [1]] },
      nodes: [node('a', 'NoSuchOperator', ['x'], ['y'])],
    });
    await expect(profileModel(inMemory(model), quick, context)).rejects.toThrow(/NoSuchOperator/);
  });

  test.skipIf(!corpusPresent)('models with scans and deep loops are attributed (needs OPSCOPE_CORPUS)', async () => {
    for (const name of ['scan_1.onnx', 'testdata/30_nested_loops.onnx']) {
      const opened = await openModel(corpusModel(name));
      const target = { model: opened.model, path: opened.path, identity: await modelIdentity(opened) };
      const { report } = await profileModel(target, quick, context);
      expect(report.unattributedMs).toBeLessThanOrEqual(0.01 * report.kernelMs);
      await opened.close();
    }
  });
});
