import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
import { bufferSource } from '../../src/core/graph/byte-source.ts';
import type { Model } from '../../src/core/graph/model.ts';
import { createRandom } from '../../src/core/random.ts';
import { fromNumbers, toFloat32 } from '../../src/core/tensor/convert.ts';
import { createEvaluator } from '../../src/worker/evaluator.ts';
import { makeInputs } from '../../src/worker/inputs.ts';
import { makeTemporaryFolder } from '../../src/worker/model-source.ts';
import { openModel } from '../../src/worker/open-model.ts';
import type { MeasuredModel } from '../../src/worker/profile.ts';
import { type QuantizeOptions, quantizeModel } from '../../src/worker/quantize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { corpusModel, corpusPresent, sampleModels } from '../corpus.ts';
import { buildGraph, buildModel } from './build-model.ts';

const manager = createRuntimeManager();
const folder = await makeTemporaryFolder();
afterAll(async () => {
  manager.dispose();
  await folder.remove();
});

const settings = { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 };
const random = createRandom(7);
const weight = (...dims: number[]): TensorValue => ({
  dtype: 'float32',
  dims,
  bytes: fromNumbers(
    'float32',
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal() / 8),
  ),
});

function targetOf(model: Model, path = 'built'): MeasuredModel {
  return { model, identity: { path, bytes: 0, irVersion: model.irVersion, producer: '', opsets: {} } };
}

const quantize = (model: Model, options: Partial<QuantizeOptions>) =>
  quantizeModel(
    targetOf(model),
    { scheme: 'static-int8', settings, verify: true, measure: false, ...options },
    { manager, opscope: 'test' },
  );

const convolutions = buildModel({
  inputs: { x: ['float32', ['n', 8, 16, 16]] },
  outputs: { y: ['float32', ['n', 4]] },
  initializers: { w1: weight(16, 8, 3, 3), b1: weight(16), w2: weight(16, 1, 3, 3), w3: weight(16, 4), b3: weight(4) },
  nodes: [
    { opType: 'Conv', inputs: ['x', 'w1', 'b1'], outputs: ['a'], attributes: { pads: [1, 1, 1, 1] } },
    { opType: 'Relu', inputs: ['a'], outputs: ['b'] },
    { opType: 'Conv', inputs: ['b', 'w2'], outputs: ['c'], attributes: { group: 16, pads: [1, 1, 1, 1] } },
    { opType: 'Add', inputs: ['b', 'c'], outputs: ['d'] },
    { opType: 'Relu', inputs: ['d'], outputs: ['e'] },
    { opType: 'GlobalAveragePool', inputs: ['e'], outputs: ['f'] },
    { opType: 'Flatten', inputs: ['f'], outputs: ['g'] },
    { opType: 'Gemm', inputs: ['g', 'w3', 'b3'], outputs: ['y'] },
  ],
});

const products = buildModel({
  inputs: { x: ['float32', ['n', 6, 64]] },
  outputs: { y: ['float32', ['n', 6, 32]] },
  initializers: { w1: weight(64, 64), w2: weight(64, 32), b2: weight(32) },
  nodes: [
    { opType: 'MatMul', inputs: ['x', 'w1'], outputs: ['a'] },
    { opType: 'Tanh', inputs: ['a'], outputs: ['b'] },
    { opType: 'MatMul', inputs: ['b', 'w2'], outputs: ['c'] },
    { opType: 'Add', inputs: ['c', 'b2'], outputs: ['y'] },
  ],
});

describe('static-int8', () => {
  test('takes weighted nodes and what lies between, and ONNX Runtime fuses all of it', async () => {
    const { report, model, origins } = await quantize(convolutions, { randomCalibration: true });
    expect(report.quantized.nodes).toBe(6);
    expect(report.fused).toEqual({ nodes: 6, of: 6 });
    expect(model.graph.nodes.some(({ opType }) => opType === 'Relu')).toBe(false);
    expect(report.sqnrDb).toBeGreaterThan(25);
    expect(report.advice.join(' ')).toMatch(/random numbers/);
    const sources = new Set(convolutions.graph.nodes.map(({ id }) => id));
    for (const node of model.graph.nodes) for (const id of origins.get(node.id)!) expect(sources).toContain(id);
    const provenance = JSON.parse(model.metadata.get('opscope.provenance')!);
    expect(provenance).toMatchObject({ tool: 'opscope', version: 'test', step: 'quantize', scheme: 'static-int8' });
  });

  test.each(['moving-average', 'percentile', 'entropy', 'mse'])('calibrated by %s', async (method) => {
    const { report } = await quantize(convolutions, { randomCalibration: true, method });
    expect(report.sqnrDb).toBeGreaterThan(method === 'entropy' ? 12 : 20);
  });

  test('a node that is excluded stays float and says so', async () => {
    const [first] = convolutions.graph.nodes;
    const { report, model } = await quantize(convolutions, { randomCalibration: true, exclude: [first!.id] });
    expect(report.kept).toEqual([{ id: first!.id, node: 'Conv → a', reason: 'kept float on request' }]);
    expect(model.graph.initializers.has('w1')).toBe(true);
    expect(report.fused.nodes).toBe(report.fused.of);
  });

  test('one scale a tensor, and a lean plan', async () => {
    const { report } = await quantize(convolutions, { randomCalibration: true, perChannel: false, density: 'lean' });
    expect(report.quantized.nodes).toBe(3);
    expect(report.fused.nodes).toBe(3);
  });

  test('equalized layers lose less to one scale a tensor', async () => {
    const values = new Map(convolutions.graph.initializers);
    // Eight channels that the first layer makes large and the second small again.
    const scaled = (name: string, factor: (at: number) => number) => {
      const numbers = toFloat32('float32', values.get(name)!.data.bytes!).map((number, at) => number * factor(at));
      values.set(name, { ...values.get(name)!, data: bufferSource(fromNumbers('float32', Array.from(numbers))) });
    };
    scaled('w1', (at) => (at < 8 * 72 ? 30 : 1));
    scaled('w2', (at) => (at < 8 * 9 ? 1 / 30 : 1));
    const nodes = convolutions.graph.nodes.filter(({ opType }) => opType !== 'Add');
    const chain = nodes.map((node) => (node.inputs[0] === 'd' ? { ...node, inputs: ['c'] } : node));
    const model = { ...convolutions, graph: { ...convolutions.graph, nodes: chain, initializers: values } };
    const options = { randomCalibration: true, perChannel: false };
    const plain = await quantize(model, options);
    const equalized = await quantize(model, { ...options, equalize: true });
    expect(equalized.report.sqnrDb).toBeGreaterThan(plain.report.sqnrDb! + 3);
    expect(equalized.decided.equalize).toBe(true);
  });

  test('smoothing saves what a few large channels would cost, and a search finds how much', async () => {
    // Channels 0 and 1 of the normalized rows are sixty times the rest.
    const scale = Array.from({ length: 64 }, (_, channel) => (channel < 2 ? 60 : 1));
    const model = buildModel({
      inputs: { x: ['float32', ['n', 64]] },
      outputs: { y: ['float32', ['n', 32]] },
      initializers: {
        w: weight(64, 32),
        scale: { dtype: 'float32', dims: [64], bytes: fromNumbers('float32', scale) },
      },
      nodes: [
        { opType: 'LayerNormalization', inputs: ['x', 'scale'], outputs: ['a'] },
        { opType: 'MatMul', inputs: ['a', 'w'], outputs: ['y'] },
      ],
    });
    const options = { scheme: 'dynamic-int8', randomCalibration: true };
    const plain = await quantize(model, options);
    const half = await quantize(model, { ...options, smooth: 0.5 });
    const searched = await quantize(model, { ...options, smooth: 'search' });
    expect(half.model.graph.nodes.some(({ opType }) => opType === 'LayerNormalization')).toBe(true);
    expect(half.report.sqnrDb).toBeGreaterThan(plain.report.sqnrDb! + 3);
    expect(searched.report.sqnrDb).toBeGreaterThanOrEqual(half.report.sqnrDb! - 0.5);
    expect(searched.decided.smooth).toBe(searched.report.options.smooth);
    await expect(quantize(model, { scheme: 'dynamic-int8', smooth: 0.5 })).rejects.toThrow(/--calibration/);
  });

  test('16 bits for activations are more exact, and it is said that a CPU gains nothing', async () => {
    const plain = await quantize(convolutions, { randomCalibration: true });
    for (const activations of ['int16', 'uint16'] as const) {
      const { report, decided } = await quantize(convolutions, { randomCalibration: true, activations });
      expect(report.sqnrDb).toBeGreaterThan(plain.report.sqnrDb!);
      expect(report.advice.join(' ')).toMatch(/no kernels for 16-bit activations/);
      expect(decided.activations).toBe(activations);
    }
  });

  test('pruned weights are stored as 0, and it is said what that is good for', async () => {
    const { model, report, decided } = await quantize(convolutions, { randomCalibration: true, prune: 0.75 });
    const stored = [...model.graph.initializers.values()].find(({ dims }) => dims.join() === '16,8,3,3')!;
    const zeros = stored.data.bytes!.filter((byte) => byte === 0).length;
    expect(zeros / stored.data.byteLength).toBeGreaterThanOrEqual(0.75);
    expect(report.advice.join(' ')).toMatch(/multiplies zeros like any number/);
    expect(decided.prune).toBe(0.75);
  });

  test.each([
    ['int8-weights', 35],
    ['int4-weights', 15],
  ] as const)('%s takes embeddings, rows from the end included', async (scheme, decibels) => {
    const indices = { dtype: 'int64', dims: [3], bytes: fromNumbers('int64', [-1, 0, 5]) } as const;
    const model = buildModel({
      inputs: { ids: ['int64', ['n']], x: ['int64', [3]] },
      outputs: { y: ['float32', ['n', 96]], z: ['float32', [3, 96]] },
      initializers: { table: weight(64, 96), other: weight(64, 96), indices, odd: weight(64, 100) },
      nodes: [
        { opType: 'Gather', inputs: ['table', 'ids'], outputs: ['y'] },
        { opType: 'Sub', inputs: ['indices', 'x'], outputs: ['below'] },
        { opType: 'Sign', inputs: ['below'], outputs: ['sign'] },
        { opType: 'Gather', inputs: ['other', 'sign'], outputs: ['z'] },
        { opType: 'Gather', inputs: ['odd', 'sign'], outputs: ['w'] },
      ],
    });
    const { report } = await quantize(
      { ...model, graph: { ...model.graph, outputs: [...model.graph.outputs, { name: 'w' }] } },
      { scheme },
    );
    expect(report.quantized).toEqual({ nodes: 2, of: 3 });
    expect(report.kept[0]!.reason).toMatch(/100 elements, no multiple of the 32/);
    expect(report.sqnrDb).toBeGreaterThan(decibels);
  });

  test('nodes that run as floats between conversions are named, with the reason', async () => {
    const plain = await quantize(convolutions, { randomCalibration: true });
    expect(plain.report.islands).toEqual([]);
    const wide = await quantize(convolutions, { randomCalibration: true, activations: 'uint16' });
    const { islands, fused } = wide.report;
    expect(islands!.map(({ node }) => node).toSorted()).toEqual(
      ['Add → d', 'Conv → a', 'Conv → c', 'Gemm → y', 'GlobalAveragePool → f'].toSorted(),
    );
    expect(new Set(islands!.map(({ reason }) => reason))).toEqual(
      new Set(['ONNX Runtime has no kernel for uint16 on the CPU']),
    );
    expect(islands!.every(({ id }) => convolutions.graph.nodes.some((node) => node.id === id))).toBe(true);
    expect(fused).toEqual({ nodes: 1, of: 6 });
    const [first] = convolutions.graph.nodes;
    const typed = [{ name: 'first', nodes: [first!.id], type: 'uint16' as const }];
    const mixed = await quantize(convolutions, { randomCalibration: true, typed });
    const meeting = mixed.report.islands!.filter(({ reason }) =>
      /uint16 and uint8 meet|uint8 and uint16 meet/.test(reason),
    );
    expect(meeting.map(({ node }) => node)).toContain('Conv → c');
  });

  test.runIf(process.arch === 'x64')('signed activations, which x64 has few kernels for, are named too', async () => {
    const opened = await openModel(sampleModels[0]!);
    const { report } = await quantize(opened.model, { randomCalibration: true, activations: 'int8', verify: false });
    await opened.close();
    expect(report.islands!.length).toBe(report.fused.of - report.fused.nodes);
    for (const { reason } of report.islands!) expect(reason).toMatch(/signed/);
  });

  test('errors of outputs and weights stand at each node, and what each alone costs the outputs', async () => {
    const options = { randomCalibration: true, sensitivity: true };
    const { report, overlays, model, origins } = await quantize(convolutions, options);
    const conv = report.nodes!.find(({ node }) => node === 'Conv → a')!;
    expect(conv.output!.cosine).toBeGreaterThan(0.99);
    expect(conv.output!.cosine).toBeLessThan(1);
    expect(conv.weight!.sqnrDb).toBeGreaterThan(30);
    // Half a step of the largest weight of any channel at most; weights use 7 bits where products of 8 saturate.
    const largest = Math.max(
      ...toFloat32('float32', convolutions.graph.initializers.get('w1')!.data.bytes!).map(Math.abs),
    );
    const steps = report.advice.some((each) => each.includes('weights use 7 bits')) ? 63 : 127;
    expect(conv.weight!.maxAbs).toBeLessThanOrEqual((largest / steps / 2) * 1.001);
    expect(report.sensitivity).toMatchObject({ probed: 6, of: 6 });
    const gains = report.nodes!.flatMap(({ withoutDb }) => (withoutDb == null ? [] : [withoutDb]));
    expect(gains).toHaveLength(6);
    expect(Math.max(...gains)).toBeGreaterThan(report.sensitivity!.baseDb!);
    const shown = overlays.find(({ id }) => id === 'sensitivity')!;
    const kernel = model.graph.nodes.find(({ opType, id }) => opType === 'Conv' && origins.get(id)!.has(conv.id!))!;
    expect(shown.values[kernel.id]).toBeCloseTo(conv.withoutDb! - report.sensitivity!.baseDb!, 3);
    await expect(quantize(convolutions, { ...options, verify: false })).rejects.toThrow(/needs verification/);
  });

  describe('operators on integers', () => {
    const runBoth = async (model: Model, options: Partial<QuantizeOptions>) => {
      const qdq = await quantize(model, { randomCalibration: true, ...options });
      const operators = await quantize(model, { randomCalibration: true, format: 'qoperator', ...options });
      const evaluator = createEvaluator(manager);
      const { feeds } = await makeInputs(model, { dims: {}, seed: 3 });
      const run = async (each: Model) => {
        const [results] = await evaluator.run({
          model: each,
          feeds: [new Map(Object.entries(feeds[0]!))],
          level: 'all',
        });
        return results!;
      };
      const [a, b] = [await run(qdq.model), await run(operators.model)];
      await evaluator.dispose();
      return { qdq, operators, a, b };
    };
    const numbers = ({ dtype, bytes }: TensorValue) => toFloat32(dtype, bytes);

    test('stand in the place of what reads and gives integers, and give the same', async () => {
      const { qdq, operators, a, b } = await runBoth(convolutions, {});
      expect(operators.model.graph.nodes.map(({ opType }) => opType)).toEqual([
        'QuantizeLinear',
        'QLinearConv',
        'QLinearConv',
        'QLinearAdd',
        'QLinearGlobalAveragePool',
        'Flatten',
        'QGemm',
      ]);
      expect(operators.report.fused).toEqual({ nodes: 6, of: 6 });
      expect(operators.decided.format).toBe('qoperator');
      expect(operators.overlays.map(({ id }) => id)).toEqual(qdq.overlays.map(({ id }) => id));
      const [x, y] = [numbers(a.get('y')!), numbers(b.get('y')!)];
      const largest = Math.max(...x.map(Math.abs));
      // A step of what the last product reads, through its weights, is far below this.
      for (let index = 0; index < x.length; index++) expect(Math.abs(x[index]! - y[index]!)).toBeLessThan(largest / 50);
      const sources = new Set(convolutions.graph.nodes.map(({ id }) => id));
      for (const { id } of operators.model.graph.nodes)
        for (const from of operators.origins.get(id)!) expect(sources).toContain(from);
    });

    test('products that give floats right away, and nodes of 16 bits that stay as they are', async () => {
      const { operators, a, b } = await runBoth(products, {});
      expect(operators.model.graph.nodes.map(({ opType }) => opType)).toContain('MatMulIntegerToFloat');
      const [x, y] = [numbers(a.get('y')!), numbers(b.get('y')!)];
      for (let index = 0; index < x.length; index++) expect(y[index]!).toBeCloseTo(x[index]!, 1);
      const typed = [{ name: 'first', nodes: [convolutions.graph.nodes[0]!.id], type: 'uint16' as const }];
      const mixed = await quantize(convolutions, { randomCalibration: true, format: 'qoperator', typed });
      const kinds = mixed.model.graph.nodes.map(({ opType }) => opType);
      expect(kinds).toContain('Conv');
      expect(kinds).toContain('QGemm');
    });

    test('only 8 bits, and only static', async () => {
      const refused = { randomCalibration: true, format: 'qoperator' } as const;
      await expect(quantize(convolutions, { ...refused, activations: 'uint16' })).rejects.toThrow(/8 bits/);
      await expect(quantize(convolutions, { ...refused, scheme: 'dynamic-int8' })).rejects.toThrow(/static-int8/);
    });
  });

  test('signed activations end where Relu cuts off too, unless the zero point must be the middle', async () => {
    const signed = await quantize(convolutions, { randomCalibration: true, activations: 'int8' });
    expect(signed.model.graph.nodes.some(({ opType }) => opType === 'Relu')).toBe(false);
    expect(signed.report.sqnrDb).toBeGreaterThan(25);
    const symmetric = await quantize(convolutions, { randomCalibration: true, activations: 'int8', symmetric: true });
    expect(symmetric.model.graph.nodes.some(({ opType }) => opType === 'Relu')).toBe(true);
    const points = [...symmetric.model.graph.initializers.values()].filter(
      ({ name, dtype }) => dtype === 'int8' && name.endsWith('_zero_point'),
    );
    expect(points.length).toBeGreaterThan(3);
    expect(points.every(({ data }) => data.bytes!.every((byte) => byte === 0))).toBe(true);
    expect(symmetric.decided.symmetric).toBe(true);
  });

  test('unsigned weights, biases left alone, and the share that a percentile keeps', async () => {
    const typed = await quantize(convolutions, { randomCalibration: true, weights: 'uint8' });
    expect(typed.report.sqnrDb).toBeGreaterThan(20);
    expect([...typed.model.graph.initializers.values()].some(({ dtype }) => dtype === 'int8')).toBe(false);
    const plain = await quantize(convolutions, { randomCalibration: true, correctBias: false, verify: false });
    const corrected = await quantize(convolutions, { randomCalibration: true, verify: false });
    const biases = ({ model }: typeof plain) =>
      [...model.graph.initializers.values()]
        .filter(({ dtype }) => dtype === 'int32')
        .map(({ data }) => [...data.bytes!]);
    expect(biases(plain)).not.toEqual(biases(corrected));
    const tight = await quantize(convolutions, { randomCalibration: true, method: 'percentile', percentile: 90 });
    const wide = await quantize(convolutions, { randomCalibration: true, method: 'percentile' });
    expect(tight.report.sqnrDb).toBeLessThan(wide.report.sqnrDb! - 3);
    expect(tight.decided.percentile).toBe(90);
    const options = { randomCalibration: true, method: 'moving-average', verify: false } as const;
    const scaleOf = ({ model }: typeof plain) =>
      toFloat32('float32', model.graph.initializers.get('x_scale')!.data.bytes!)[0];
    const slow = await quantize(convolutions, options);
    const fast = await quantize(convolutions, { ...options, movingAverageRate: 1 });
    expect(scaleOf(fast)).not.toBe(scaleOf(slow));
  });

  test('without data it asks for some', async () => {
    await expect(quantize(convolutions, {})).rejects.toThrow(/--calibration/);
  });

  test('the model given is as it was', async () => {
    const before = JSON.stringify(convolutions.graph.nodes.map(({ inputs, outputs }) => [inputs, outputs]));
    await quantize(convolutions, { randomCalibration: true });
    expect(JSON.stringify(convolutions.graph.nodes.map(({ inputs, outputs }) => [inputs, outputs]))).toBe(before);
  });
});

describe('schemes without data', () => {
  test.each([
    ['dynamic-int8', 30],
    ['int8-weights', 30],
    ['int4-weights', 15],
    ['fp16', 50],
  ] as const)('%s takes products of matrices, runs, and is close', async (scheme, decibels) => {
    const { report, model } = await quantize(products, { scheme });
    expect(report.sqnrDb).toBeGreaterThan(decibels);
    expect(report.fused.nodes).toBe(report.fused.of);
    expect(model.graph.outputs).toEqual(products.graph.outputs);
    expect(report.after.bytes).toBeLessThan(scheme === 'fp16' ? 20_000 : 16_000);
  });

  test('Conv is refused by dynamic-int8 with the reason, and nothing quantized is an error', async () => {
    const onlyConv = buildModel({
      inputs: { x: ['float32', [1, 8, 16, 16]] },
      outputs: { y: ['float32', [1, 16, 14, 14]] },
      initializers: { w: weight(16, 8, 3, 3) },
      nodes: [{ opType: 'Conv', inputs: ['x', 'w'], outputs: ['y'] }],
    });
    await expect(quantize(onlyConv, { scheme: 'dynamic-int8' })).rejects.toThrow(
      /Nothing could be quantized.*no fast kernel/s,
    );
  });

  test.each(['dynamic-int8', 'int8-weights', 'static-int8'])(
    '%s takes matrices behind axes of length 1, and says that a constant is on the left',
    async (scheme) => {
      const model = buildModel({
        inputs: { x: ['float32', ['n', 6, 64]], z: ['float32', [64, 8]] },
        outputs: { y: ['float32', ['n', 6, 32]], left: ['float32', [32, 8]] },
        initializers: { w: weight(1, 64, 32), constant: weight(32, 64) },
        nodes: [
          { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] },
          { opType: 'MatMul', inputs: ['constant', 'z'], outputs: ['left'] },
        ],
      });
      const { report } = await quantize(model, {
        scheme,
        ...(scheme === 'static-int8' ? { randomCalibration: true } : {}),
      });
      expect(report.quantized).toEqual({ nodes: 1, of: 2 });
      expect(report.kept[0]!.reason).toMatch(/constant is on the left/);
      expect(report.sqnrDb).toBeGreaterThan(20);
      expect(report.comparedOn).toBe('made-up');
    },
  );

  test('where nothing could be taken at all, the reason is that of the scheme', async () => {
    const integers = buildModel({
      inputs: { x: ['int64', [4]] },
      outputs: { y: ['int64', [4]] },
      nodes: [{ opType: 'Neg', inputs: ['x'], outputs: ['y'] }],
    });
    await expect(quantize(integers, { scheme: 'fp16' })).rejects.toThrow(/None of its nodes computes with 32-bit/);
    await expect(quantize(integers, { scheme: 'int8-weights' })).rejects.toThrow(/no MatMul, Gemm or Conv/);
  });

  test('an unknown scheme or method lists those there are', async () => {
    await expect(quantize(products, { scheme: 'int3' })).rejects.toThrow(/dynamic-int8.*auto/);
    await expect(quantize(products, { method: 'guess', randomCalibration: true })).rejects.toThrow(/minmax/);
  });
});

describe('bodies of control flow', () => {
  const branch = (initializers: Record<string, TensorValue>, name: string) => {
    const value = buildGraph({
      inputs: {},
      outputs: { [name]: ['float32', ['n', 48]] },
      initializers,
      nodes: [
        { opType: 'MatMul', inputs: ['x', `${name}_w`], outputs: [`${name}_a`] },
        { opType: 'Tanh', inputs: [`${name}_a`], outputs: [name] },
      ],
    });
    return { type: 'graph', value } as const;
  };
  // One branch has its weights inside, the other reads those of the main graph.
  const branches = () =>
    buildModel({
      inputs: { x: ['float32', ['n', 64]] },
      outputs: { y: ['float32', ['n', 48]] },
      initializers: { no_w: weight(64, 48) },
      nodes: [
        { opType: 'ReduceMax', inputs: ['x'], outputs: ['most'], attributes: { keepdims: 0 } },
        { opType: 'Cast', inputs: ['most'], outputs: ['some'], attributes: { to: 9 } },
        {
          opType: 'If',
          inputs: ['some'],
          outputs: ['y'],
          attributes: { then_branch: branch({ yes_w: weight(64, 48) }, 'yes'), else_branch: branch({}, 'no') },
        },
      ],
    });

  test.each(['dynamic-int8', 'int8-weights', 'int4-weights'])('%s takes what is inside', async (scheme) => {
    const model = branches();
    const { report, model: made, origins } = await quantize(model, { scheme });
    expect(report.quantized).toEqual({ nodes: 2, of: 2 });
    expect(report.fused).toEqual({ nodes: 2, of: 2 });
    expect(report.sqnrDb).toBeGreaterThan(scheme === 'int4-weights' ? 15 : 30);
    expect(report.after.bytes).toBeLessThan(12_000);
    expect(made.graph.initializers.has('no_w')).toBe(false);
    const then = made.graph.nodes.at(-1)!.attributes.get('then_branch');
    const inside = then?.type === 'graph' ? then.value.nodes : [];
    const own = model.graph.nodes.at(-1)!.attributes.get('then_branch');
    const ids = own?.type === 'graph' ? own.value.nodes.map(({ id }) => id) : [];
    expect(inside.every(({ id }) => [...origins.get(id)!].every((from) => ids.includes(from)))).toBe(true);
  });

  test('a node inside can stay float, and static-int8 says why it takes none', async () => {
    const model = branches();
    const then = model.graph.nodes.at(-1)!.attributes.get('then_branch');
    const [product] = then?.type === 'graph' ? then.value.nodes : [];
    const { report } = await quantize(model, { scheme: 'dynamic-int8', exclude: [product!.id] });
    expect(report.quantized).toEqual({ nodes: 1, of: 2 });
    expect(report.kept).toMatchObject([{ id: product!.id, reason: 'kept float on request' }]);
    await expect(quantize(model, { randomCalibration: true })).rejects.toThrow(/in a body of control flow/);
  });
});

describe('real models', () => {
  test('the image sample keeps its accuracy', async () => {
    const path = sampleModels[0]!;
    const opened = await openModel(path);
    const calibration = join(path, '../calibration.npz');
    const labelled = join(path, '../evaluation.npz');
    const { report, overlays } = await quantize(opened.model, { calibration, labelled });
    await opened.close();
    expect(report.metric!.before - report.metric!.after).toBeLessThanOrEqual(0.01);
    expect(report.fused.nodes).toBe(report.fused.of);
    expect(report.calibration).toMatchObject({ samples: 56, method: 'minmax' });
    expect(overlays.map(({ id }) => id)).toEqual([
      'error',
      'error-made',
      'error-cosine',
      'error-max',
      'weight-error',
      'weight-cosine',
      'weight-max',
    ]);
    expect(overlays.every(({ values }) => values.some((value) => value > 0))).toBe(true);
  });

  test('token ids come from JSONL', async () => {
    const opened = await openModel(sampleModels[1]!);
    const path = join(folder.path, 'tokens.jsonl');
    const line = (length: number) =>
      JSON.stringify({ input_ids: Array.from({ length }, (_, index) => (index * 7) % 90) });
    await writeFile(path, [12, 20, 33].map(line).join('\n'));
    const { report } = await quantize(opened.model, { calibration: path });
    await opened.close();
    expect(report.calibration).toMatchObject({ samples: 3 });
    expect(report.sqnrDb).toBeGreaterThan(15);
  });

  test.skipIf(!corpusPresent)('LSTMs become DynamicQuantizeLSTM (needs the corpus)', async () => {
    const opened = await openModel(corpusModel('DTLN/pretrained_model/model_1.onnx'));
    const { report, model } = await quantize(opened.model, { scheme: 'dynamic-int8' });
    const reduced = await quantize(opened.model, { scheme: 'dynamic-int8', reduceRange: true, verify: false });
    await opened.close();
    expect(model.graph.nodes.filter(({ opType }) => opType === 'DynamicQuantizeLSTM')).toHaveLength(2);
    expect(report.sqnrDb).toBeGreaterThan(25);
    for (const { opType, inputs } of reduced.model.graph.nodes) {
      if (opType !== 'DynamicQuantizeLSTM') continue;
      const codes = new Int8Array(reduced.model.graph.initializers.get(inputs[1]!)!.data.bytes!);
      expect(codes.reduce((most, code) => Math.max(most, Math.abs(code)), 0)).toBe(64);
    }
  });
});

describe('what ONNX Runtime would fuse as floats', () => {
  test('a MatMul with its bias apart and a Gemm before a Relu still run on integers', async () => {
    const model = buildModel({
      inputs: { x: ['float32', ['n', 32]] },
      outputs: { y: ['float32', ['n', 32]] },
      initializers: { w1: weight(32, 64), b1: weight(64), w2: weight(64, 32), b2: weight(32) },
      nodes: [
        { opType: 'MatMul', inputs: ['x', 'w1'], outputs: ['a'] },
        { opType: 'Add', inputs: ['a', 'b1'], outputs: ['b'] },
        { opType: 'Softplus', inputs: ['b'], outputs: ['c'] },
        { opType: 'Gemm', inputs: ['c', 'w2', 'b2'], outputs: ['d'] },
        { opType: 'Relu', inputs: ['d'], outputs: ['y'] },
      ],
    });
    const { report } = await quantize(model, { randomCalibration: true });
    expect(report.sqnrDb).toBeGreaterThan(20);
  });
});
