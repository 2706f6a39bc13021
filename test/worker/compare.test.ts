import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { bufferSource } from '../../src/core/graph/byte-source.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { compareModels } from '../../src/worker/compare.ts';
import { compareLatency } from '../../src/worker/compare-latency.ts';
import { openModel } from '../../src/worker/open-model.ts';
import type { MeasuredModel } from '../../src/worker/profile.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { sampleModels } from '../corpus.ts';
import { buildModel } from './build-model.ts';
import { offeredInputs } from './offered-inputs.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

const context = { manager, opscope: '0.0.0' };
const settings = { provider: 'cpu', threads: 1, timeLimit: 3, dims: {}, seed: 1 };

/** A chain of matrix products: time grows with their number. */
function products(count: number): MeasuredModel {
  const size = 192;
  const values = Array.from({ length: size * size }, (_, index) => ((index * 7919) % 1000) / 5e4);
  const model = buildModel({
    inputs: { x: ['float32', [size, size]] },
    outputs: { y: ['float32', [size, size]] },
    initializers: { w: { dtype: 'float32', dims: [size, size], bytes: fromNumbers('float32', values) } },
    nodes: Array.from({ length: count }, (_, index) => ({
      opType: 'MatMul',
      name: `product ${index}`,
      inputs: [index === 0 ? 'x' : `v${index}`, 'w'],
      outputs: [index === count - 1 ? 'y' : `v${index + 1}`],
    })),
  });
  return { model, identity: { path: `${count}.onnx`, bytes: 0, irVersion: 10, producer: '', opsets: {} } };
}

describe('latency of two models', () => {
  test('twice the work is slower, half of it faster, each with an interval around the ratio', async () => {
    const options = { settings, level: 'all' } as const;
    const slower = await compareLatency(products(4), products(8), options, context);
    expect(slower.verdict).toBe('slower');
    expect(slower.interval95[0]).toBeLessThan(slower.ratio);
    expect(slower.interval95[1]).toBeGreaterThan(slower.ratio);
    expect(slower.ratio).toBeGreaterThan(1.3);
    expect(slower.rounds).toBeGreaterThanOrEqual(12);
    expect(slower.a.median).toBeLessThan(slower.b.median);
    const faster = await compareLatency(products(8), products(4), options, context);
    expect(faster.verdict).toBe('faster');
  });

  test('comes with the control of the first model against itself', async () => {
    const model = products(2);
    const { control95, environment } = await compareLatency(model, model, { settings, level: 'all' }, context);
    expect(control95![0]).toBeLessThan(control95![1]);
    expect(environment).toMatchObject({ provider: 'cpu', level: 'all', opscope: '0.0.0' });
    expect(environment!.cores).toBeGreaterThan(0);
  });
});

describe('models too slow for the time limit', () => {
  test('are run a few times all the same', async () => {
    const hardly = { ...settings, timeLimit: 0.001 };
    const { rounds } = await compareLatency(products(1), products(2), { settings: hardly, level: 'all' }, context);
    expect(rounds).toBeGreaterThan(0);
  });

  test('get no verdict without a control, and a difference of a few pairs must be large', async () => {
    const slow = { ...settings, timeLimit: 0.5 };
    const [a, b] = [products(150), products(300)];
    const { verdict, control95, problems, interval95 } = await compareLatency(
      a,
      b,
      { settings: slow, level: 'all' },
      context,
    );
    expect(problems!.some((problem) => problem.includes('pairs of sessions'))).toBe(true);
    if (control95) return;
    expect(verdict).toBe('no-difference');
    expect(interval95[1]).toBeGreaterThanOrEqual(1);
    expect(interval95[0]).toBeLessThanOrEqual(1);
    expect(problems!.some((problem) => problem.includes('against itself'))).toBe(true);
  });
});

describe('two models', () => {
  test('graph, outputs and sizes', async () => {
    const a = products(3);
    const b = products(3);
    const last = b.model.graph.nodes[2]!;
    const changed = {
      ...b.model,
      graph: { ...b.model.graph, nodes: [...b.model.graph.nodes.slice(0, 2), { ...last, inputs: ['v2', 'x'] }] },
    };
    const same = await compareModels(a, b, { settings, level: 'all', measure: false }, context);
    expect(same).toMatchObject({ graph: { same: 3, changed: 0, added: 0, removed: 0 }, verdict: { status: 'equal' } });
    const other = await compareModels(a, { ...b, model: changed }, { settings, level: 'all', measure: false }, context);
    expect(other).toMatchObject({
      graph: { same: 2, changed: 1, added: 0, removed: 0 },
      verdict: { status: 'different' },
      before: { nodes: 3, operators: { MatMul: 3 } },
    });
    expect(other).not.toHaveProperty('latency');
  });

  test('a renamed node is the same node, one with other weights is not', async () => {
    const a = products(3);
    const { graph } = a.model;
    const rename = (name: string) => name.replace(/^v/, 'renamed_');
    const nodes = graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    }));
    const options = { settings, level: 'all', measure: false } as const;
    const renamed = await compareModels(
      a,
      { ...a, model: { ...a.model, graph: { ...graph, nodes } } },
      options,
      context,
    );
    expect(renamed.graph).toEqual({ same: 3, changed: 0, added: 0, removed: 0 });
    const w = graph.initializers.get('w')!;
    const initializers = new Map([['w', { ...w, data: bufferSource(new Uint8Array(w.data.byteLength)) }]]);
    const zeros = { ...a, model: { ...a.model, graph: { ...graph, initializers } } };
    const other = await compareModels(a, zeros, options, context);
    expect(other.graph).toEqual({ same: 0, changed: 3, added: 0, removed: 0 });
  });
});

test('outputs are compared on samples where there are some', async () => {
  const [path] = sampleModels as [string];
  const { model, close } = await openModel(path);
  try {
    const sample: MeasuredModel = { ...products(1), model };
    const samples = join(dirname(path), 'calibration.npz');
    for (const given of [{ settings, samples }, { settings: { ...settings, inputs: samples } }]) {
      const { verdict } = await compareModels(sample, sample, { ...given, level: 'all', measure: false }, context);
      expect(verdict.status).toBe('equal');
      expect(offeredInputs(verdict)).toBe(8);
    }
  } finally {
    await close();
  }
});
