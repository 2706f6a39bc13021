import { expect, test } from 'vitest';
import { bufferSource } from '../../../src/core/graph/byte-source.ts';
import type { Graph, Model, Tensor } from '../../../src/core/graph/model.ts';
import { encodeModel } from '../../../src/core/onnx/encode-model.ts';
import { modelBytes } from '../../../src/core/onnx/model-bytes.ts';
import { readModel } from '../../../src/core/onnx/read-model.ts';
import { buildGraph, buildModel, type GraphParts } from '../../worker/build-model.ts';

const noFiles = () => {
  throw new Error('There are no external files here.');
};
const one = ['float32', [1]] as const;

async function problemsOf(model: Model): Promise<readonly (readonly [code: string, node: string | undefined])[]> {
  const read = await readModel(bufferSource(await modelBytes(model)), noFiles);
  const names = new Map(read.model.graph.nodes.map(({ id, name }) => [id, name]));
  return read.problems.map(({ code, node }) => [code, node === undefined ? undefined : names.get(node)]);
}

const graphOf = (nodes: GraphParts['nodes']): GraphParts => ({ inputs: { x: one }, outputs: { y: one }, nodes });

test('nodes that are out of order are told from nodes in a circle', async () => {
  const relu = (name: string, from: string, to: string) => ({ opType: 'Relu', name, inputs: [from], outputs: [to] });
  expect(await problemsOf(buildModel(graphOf([relu('n', 'x', 'y')])))).toEqual([]);
  const unsorted = [relu('late', 'a', 'y'), relu('early', 'x', 'a')];
  expect(await problemsOf(buildModel(graphOf(unsorted)))).toEqual([['unsorted-nodes', 'late']]);
  const add = { opType: 'Add', name: 'add', inputs: ['x', 'b'], outputs: ['a'] };
  const circle = [relu('before', 'x', 'c'), add, relu('back', 'a', 'b'), relu('after', 'a', 'y')];
  expect(await problemsOf(buildModel(graphOf(circle)))).toEqual([['cyclic-graph', 'add']]);
});

test('a circle through a body is one too', async () => {
  const body = buildGraph({
    inputs: {},
    outputs: { inner: one },
    nodes: [{ opType: 'Identity', inputs: ['later'], outputs: ['inner'] }],
  });
  const nodes: GraphParts['nodes'] = [
    {
      opType: 'If',
      name: 'if',
      inputs: ['x'],
      outputs: ['y'],
      attributes: { then_branch: { type: 'graph', value: body } },
    },
    { opType: 'Relu', name: 'relu', inputs: ['y'], outputs: ['later'] },
  ];
  const [found] = await problemsOf(buildModel(graphOf(nodes)));
  expect(found?.[0]).toBe('cyclic-graph');
});

test('thousands of bodies cost no more than their number', async () => {
  const body = (from: string): Graph =>
    buildGraph({
      inputs: {},
      outputs: { inner: one },
      nodes: [{ opType: 'Identity', inputs: [from], outputs: ['inner'] }],
    });
  const nodes: GraphParts['nodes'] = Array.from({ length: 8000 }, (_, index) => ({
    opType: 'If',
    inputs: ['x'],
    outputs: [index === 7999 ? 'y' : `v${index}`],
    attributes: { then_branch: { type: 'graph', value: body(index === 0 ? 'x' : `v${index - 1}`) } },
  }));
  expect(await problemsOf(buildModel(graphOf(nodes)))).toEqual([]);
});

test('external data that is wrong everywhere is told of some twenty times', async () => {
  const model = buildModel(graphOf([{ opType: 'Relu', inputs: ['x'], outputs: ['y'] }]));
  const tensor = (name: string): Tensor => ({
    name,
    dtype: 'float32',
    dims: [1],
    data: bufferSource(new Uint8Array(4)),
    external: { location: 'w.bin', offset: 900_000, length: 4 },
  });
  const names = Array.from({ length: 10_000 }, (_, index) => `w${index}`);
  const initializers = new Map(names.map((name) => [name, tensor(name)]));
  const pieces = encodeModel({ ...model, graph: { ...model.graph, initializers } }, { placement: () => 'as-is' });
  const bytes = Buffer.concat(pieces.map((piece) => piece as Uint8Array));
  const { problems } = await readModel(bufferSource(bytes), () => bufferSource(new Uint8Array(10)));
  expect(problems.length).toBe(21);
  expect(problems[0]?.message).toMatch(/w0 should lie at 900000/);
});
