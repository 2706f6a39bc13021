import { expect, test } from 'vitest';
import { bufferSource } from '../../../src/core/graph/byte-source.ts';
import type { Graph, Model, Tensor } from '../../../src/core/graph/model.ts';
import { encodeModel } from '../../../src/core/onnx/encode-model.ts';
import { modelBytes } from '../../../src/core/onnx/model-bytes.ts';
import { readModel } from '../../../src/core/onnx/read-model.ts';
import { buildGraph, buildModel, type GraphParts } from '../../worker/build-model.ts';
import { message } from './proto.ts';

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

test('an output that nothing produces is told of, in bodies too, with the node that has the body', async () => {
  const body = buildGraph({ inputs: {}, outputs: { inner: one }, nodes: [] });
  const branch = { then_branch: { type: 'graph', value: body } } as const;
  const nodes: GraphParts['nodes'] = [
    { opType: 'If', name: 'if', inputs: ['x'], outputs: ['z'], attributes: branch },
    { opType: 'Relu', name: 'relu', inputs: ['z'], outputs: ['other'] },
  ];
  expect(await problemsOf(buildModel(graphOf(nodes)))).toEqual([
    ['missing-output', 'if'],
    ['missing-output', undefined],
  ]);
});

test('a node before what its body reads is out of order; a name of the body itself does not count', async () => {
  const body = (from: string) =>
    buildGraph({
      inputs: {},
      outputs: { inner: one },
      nodes: [
        { opType: 'Relu', inputs: ['x'], outputs: ['mine'] },
        { opType: 'Identity', inputs: [from], outputs: ['inner'] },
      ],
    });
  const nodes = (from: string): GraphParts['nodes'] => [
    {
      opType: 'If',
      name: 'if',
      inputs: ['x'],
      outputs: ['y'],
      attributes: { then_branch: { type: 'graph', value: body(from) } },
    },
    { opType: 'Relu', inputs: ['x'], outputs: ['later'] },
    { opType: 'Relu', inputs: ['x'], outputs: ['mine'] },
  ];
  expect(await problemsOf(buildModel(graphOf(nodes('later'))))).toEqual([['unsorted-nodes', 'if']]);
  expect(await problemsOf(buildModel(graphOf(nodes('mine'))))).toEqual([]);
});

test('what is odd in the body of a function is told of', async () => {
  const node = (name: string, from: string, to: string) =>
    message([
      [1, from],
      [2, to],
      [3, name],
      [4, 'Relu'],
    ]);
  const definition = message([
    [1, 'F'],
    [4, 'a'],
    [5, 'b'],
    [5, 'nothing'],
    [7, node('first', 'nowhere', 'c')],
    [7, node('second', 'd', 'b')],
    [7, node('third', 'a', 'd')],
    [9, message([[2, 21]])],
    [10, 'local'],
  ]);
  const bytes = message([
    [1, 8],
    [7, message([[2, 'g']])],
    [8, message([[2, 21]])],
    [25, definition],
  ]);
  const { model, problems } = await readModel(bufferSource(bytes), noFiles);
  const names = new Map(model.functions[0]!.nodes.map(({ id, name }) => [id, name]));
  expect(problems.map(({ code, node }) => [code, node === undefined ? undefined : names.get(node)])).toEqual([
    ['missing-value', 'first'],
    ['missing-output', undefined],
    ['unsorted-nodes', 'second'],
  ]);
});

test('a length of external data that is not what type and shape need is told of', async () => {
  const model = buildModel(graphOf([{ opType: 'Relu', inputs: ['x'], outputs: ['y'] }]));
  const tensor = (name: string, length: number): Tensor => ({
    name,
    dtype: 'float32',
    dims: [8],
    data: bufferSource(new Uint8Array(32)),
    external: { location: 'w.bin', offset: 0, length },
  });
  const initializers = new Map([tensor('right', 32), tensor('short', 16)].map((each) => [each.name, each]));
  const pieces = encodeModel({ ...model, graph: { ...model.graph, initializers } }, { placement: () => 'as-is' });
  const bytes = Buffer.concat(pieces.map((piece) => piece as Uint8Array));
  const { problems } = await readModel(bufferSource(bytes), () => bufferSource(new Uint8Array(1024)));
  expect(problems).toMatchObject([{ code: 'tensor-size', severity: 'error' }]);
  expect(problems[0]?.message).toMatch('The tensor short holds 16 bytes; its type and shape, float32 [8], need 32.');
});

test('of problems of one kind, twenty are listed and the rest are counted', async () => {
  const relu = (index: number) => ({ opType: 'Relu', inputs: [`nowhere${index}`], outputs: [`v${index}`] });
  const nodes = Array.from({ length: 5020 }, (_, index) => relu(index));
  const model = buildModel({ inputs: { x: one }, outputs: { x: one }, nodes });
  const { problems } = await readModel(bufferSource(await modelBytes(model)), noFiles);
  expect(problems.length).toBe(21);
  expect(problems.at(-1)).toEqual({
    severity: 'error',
    code: 'missing-value',
    message: 'There are 5000 more problems of this kind: missing-value.',
  });
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
