import { describe, expect, it } from 'vitest';
import { diffModels } from '../../../src/core/diff/diff-models.ts';
import type { TensorValue } from '../../../src/core/evaluator.ts';
import type { Model, NodeId } from '../../../src/core/graph/model.ts';
import { openModel } from '../../../src/worker/open-model.ts';
import { sampleModels } from '../../corpus.ts';
import { buildModel, type GraphParts } from '../../worker/build-model.ts';

type Parts = GraphParts['nodes'][number];
const node = (opType: string, inputs: string, output: string, attributes?: Parts['attributes']): Parts => ({
  opType,
  inputs: inputs.split(' '),
  outputs: [output],
  ...(attributes ? { attributes } : {}),
});

const weight = (fill: number): TensorValue => ({
  dtype: 'float32',
  dims: [4, 4],
  bytes: new Uint8Array(64).fill(fill),
});

const model = (nodes: readonly Parts[], initializers: Record<string, TensorValue> = {}): Model =>
  buildModel({ inputs: { x: ['float32', [4, 4]] }, outputs: { y: ['float32', [4, 4]] }, initializers, nodes });

/** The model with every value but inputs and outputs renamed, and no node names. */
function renamed(from: Model, rename: (name: string) => string): Model {
  const kept = new Set([...from.graph.inputs, ...from.graph.outputs].map(({ name }) => name));
  const to = (name: string) => (name === '' || kept.has(name) ? name : rename(name));
  return {
    ...from,
    graph: {
      ...from.graph,
      nodes: from.graph.nodes.map((each) => ({
        ...each,
        name: '',
        inputs: each.inputs.map(to),
        outputs: each.outputs.map(to),
      })),
      initializers: new Map(
        [...from.graph.initializers].map(([name, tensor]) => [to(name), { ...tensor, name: to(name) }]),
      ),
    },
  };
}

const labels = (of: Model, ids: readonly NodeId[]) =>
  ids.map((id) => of.graph.nodes.find((each) => each.id === id)?.opType);

describe('diffModels', () => {
  const chain = [
    node('MatMul', 'x w', '1'),
    node('Relu', '1', '2'),
    node('MatMul', '2 v', '3'),
    node('Relu', '3', '4'),
    node('Softmax', '4', 'y', { axis: 1 }),
  ];
  const weights = { w: weight(1), v: weight(2) };

  it('finds nothing between a model and itself under other names', async () => {
    const a = model(chain, weights);
    const b = renamed(a, (name) => `other_${name}`);
    expect(await diffModels(a, b)).toMatchObject({ changed: [], removed: [], added: [] });
  });

  it('keeps pairs together when an inserted node shifts every counted name', async () => {
    const a = model(chain, weights);
    const b = model(
      [
        node('MatMul', 'x w', '1'),
        node('Abs', '1', '2'),
        node('Relu', '2', '3'),
        node('MatMul', '3 v', '4'),
        node('Relu', '4', '5'),
        node('Softmax', '5', 'y', { axis: 1 }),
      ],
      weights,
    );
    const diff = await diffModels(a, b);
    expect(diff).toMatchObject({ changed: [], removed: [] });
    expect(labels(b, diff.added)).toEqual(['Abs']);
  });

  it('names nodes with another attribute or another weight as changed', async () => {
    const a = model(chain, weights);
    const other = [...chain.slice(0, -1), node('Softmax', '4', 'y', { axis: 0 })];
    const b = model(other, { ...weights, v: weight(3) });
    const diff = await diffModels(a, b);
    expect(diff).toMatchObject({ removed: [], added: [] });
    expect(labels(b, diff.changed).sort()).toEqual(['MatMul', 'Softmax']);
  });

  it('accounts for every node of two unrelated models once', async () => {
    const [a, b] = await Promise.all(sampleModels.map((path) => openModel(path)));
    const diff = await diffModels(a!.model, b!.model);
    const ids = [...diff.pairs.map(([one]) => one), ...diff.removed];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(a!.model.graph.nodes.length);
    expect(diff.pairs.length + diff.added.length).toBe(b!.model.graph.nodes.length);
    await Promise.all([a!.close(), b!.close()]);
  });

  it('finds a real model under other names again, every node of it', async () => {
    for (const path of sampleModels) {
      const opened = await openModel(path);
      const names = new Map<string, string>();
      const b = renamed(opened.model, (name) => {
        if (!names.has(name)) names.set(name, `other${names.size}`);
        return names.get(name)!;
      });
      const diff = await diffModels(opened.model, b);
      expect(diff).toMatchObject({ removed: [], added: [], changed: [] });
      await opened.close();
    }
  });
});

describe('weights in memory', () => {
  const floats = (values: readonly number[]): TensorValue => ({
    dtype: 'float32',
    dims: [values.length],
    bytes: new Uint8Array(Float32Array.from(values).buffer),
  });
  const ramp = Array.from({ length: 64 }, (_, index) => index + 1);
  const scaled = (values: readonly number[]) => model([node('Mul', 'x w', 'y')], { w: floats(values) });

  it.each([
    ['all signs', ramp.map((value) => -value)],
    ['two signs', ramp.map((value, index) => (index < 2 ? -value : value))],
    ['the last element', ramp.map((value, index) => (index === 63 ? 0 : value))],
  ])('are told apart when they differ in %s', async (_what, values) => {
    expect((await diffModels(scaled(ramp), scaled(values))).changed).toHaveLength(1);
    expect((await diffModels(scaled(values), scaled(values))).changed).toHaveLength(0);
  });
});
