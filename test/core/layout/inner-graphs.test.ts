import { expect, test } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { FunctionDefinition, Graph, Model } from '../../../src/core/graph/model.ts';
import { layoutGraph } from '../../../src/core/layout/layout-graph.ts';
import { buildGraph, buildModel, type GraphParts } from '../../worker/build-model.ts';

type Node = GraphParts['nodes'][number];
const f4 = ['float32', [4]] as const;
const node = (opType: string, inputs: string, outputs: string, attributes: Node['attributes'] = {}): Node => ({
  opType,
  inputs: inputs.split(' '),
  outputs: outputs.split(' '),
  attributes,
});
const body = (graph: Graph): Node['attributes'] => ({ body: { type: 'graph', value: graph } });

/** The ways of values from box to box, all groups open: `input x → then_branch → Relu`, over the frames they cross. */
function ways(model: Model, open: 'all' | readonly string[] = 'all'): string[] {
  const draft = new Draft(model);
  const { nodes, edges } = layoutGraph({ main: draft.main, functions: draft.functions, open });
  const name = (box: number) => (nodes.kind[box] === 'node' ? '' : `${nodes.kind[box]} `) + nodes.label[box]!;
  return Array.from({ length: edges.count }, (_, edge) => `${name(edges.from[edge]!)} → ${name(edges.to[edge]!)}`);
}

test('a Loop hands its condition and its state to the body, and gets its state from there', () => {
  const graph = buildGraph({
    inputs: { iter: ['int64', []], go: ['bool', []], state: f4 },
    outputs: { on: ['bool', []], next: f4, each: f4 },
    nodes: [node('Identity', 'go', 'on'), node('Relu', 'state', 'next'), node('Sin', 'next', 'each')],
  });
  const model = buildModel({
    inputs: { rounds: ['int64', []], start: ['bool', []], x: f4 },
    outputs: { y: f4, all: ['float32', ['n', 4]] },
    nodes: [node('Loop', 'rounds start x', 'y all', body(graph))],
  });
  expect(ways(model).sort()).toEqual(
    [
      // The number of rounds is read by the Loop itself.
      'input rounds → frame Loop',
      'input start → frame Loop',
      'frame Loop → frame body',
      'frame body → input go',
      'input go → Identity',
      'Identity → output on',
      'input x → frame Loop',
      'frame Loop → frame body',
      'frame body → input state',
      'input state → Relu',
      'Relu → output next',
      'Relu → Sin',
      'Sin → output each',
      'output next → frame body',
      'frame body → frame Loop',
      'frame Loop → output y',
      'output each → frame body',
      'frame body → frame Loop',
      'frame Loop → output all',
    ].sort(),
  );
});

test('a Scan hands states and sequences over by position', () => {
  const graph = buildGraph({
    inputs: { sum: f4, row: f4 },
    outputs: { total: f4, running: f4 },
    nodes: [node('Add', 'sum row', 'total'), node('Relu', 'total', 'running')],
  });
  const model = buildModel({
    inputs: { zero: f4, rows: ['float32', ['n', 4]] },
    outputs: { y: f4, all: ['float32', ['n', 4]] },
    nodes: [node('Scan', 'zero rows', 'y all', { ...body(graph), num_scan_inputs: { type: 'int', value: 1n } })],
  });
  const found = ways(model);
  for (const way of ['input sum → Add', 'input row → Add', 'Add → output total', 'Relu → output running'])
    expect(found).toContain(way);
  expect(found.filter((way) => way === 'frame body → frame Scan')).toHaveLength(2);
});

test('an If reads its condition, its branches what is around it, and both make its result', () => {
  const branch = (opType: string) =>
    buildGraph({ inputs: {}, outputs: { [opType]: f4 }, nodes: [node(opType, 'x', opType)] });
  const model = buildModel({
    inputs: { c: ['bool', []], x: f4 },
    outputs: { y: f4 },
    nodes: [
      node('If', 'c', 'y', {
        then_branch: { type: 'graph', value: branch('Sin') },
        else_branch: { type: 'graph', value: branch('Cos') },
      }),
    ],
  });
  expect(ways(model).sort()).toEqual(
    [
      'input c → frame If',
      'input x → frame If',
      ...['then_branch', 'else_branch'].flatMap((name) => [`frame If → frame ${name}`, `frame ${name} → frame If`]),
      'frame then_branch → Sin',
      'Sin → output Sin',
      'output Sin → frame then_branch',
      'frame else_branch → Cos',
      'Cos → output Cos',
      'output Cos → frame else_branch',
      'frame If → output y',
    ].sort(),
  );
});

test('a function opens at each of its calls, and what nothing calls stands beside the graph', () => {
  const definition = (name: string, inner: Node): FunctionDefinition => ({
    name,
    domain: 'my',
    overload: '',
    docString: '',
    inputs: ['a'],
    outputs: ['b'],
    attributes: [],
    attributeDefaults: new Map(),
    opsets: new Map([['', 21]]),
    nodes: buildGraph({ inputs: {}, outputs: {}, nodes: [inner] }).nodes,
    valueInfo: [],
    metadata: new Map(),
  });
  const call = (name: string, from: string, to: string): Node => ({ ...node(name, from, to), domain: 'my' });
  const model: Model = {
    ...buildModel({
      inputs: { x: f4 },
      outputs: { y: f4 },
      nodes: [call('Twice', 'x', 'm'), call('Twice', 'm', 'y')],
    }),
    functions: [
      definition('Twice', call('Inner', 'a', 'b')),
      definition('Inner', node('Relu', 'a', 'b')),
      definition('Unused', node('Sin', 'a', 'b')),
    ],
  };
  const draft = new Draft(model);
  const options = { main: draft.main, functions: draft.functions };
  const closed = layoutGraph({ ...options, open: [] });
  expect(closed.nodes.label).toEqual(['x', 'Twice', 'Twice', 'y', 'Unused']);
  const [first, second] = draft.main.nodes().map(({ id }) => `n${id}`);
  const one = layoutGraph({ ...options, open: [first!] });
  expect(one.nodes.kind.filter((kind) => kind === 'frame')).toHaveLength(1);
  const all = layoutGraph({ ...options, open: 'all' });
  expect(new Set(all.nodes.key).size).toBe(all.nodes.count);
  const relus = all.nodes.key.filter((_, box) => all.nodes.label[box] === 'Relu');
  expect(relus.map((key) => key.split('/')[0])).toEqual([first, second]);
  const found = ways(model);
  expect(found.filter((way) => way === 'input a → Relu')).toHaveLength(2);
  expect(found.filter((way) => way === 'frame Twice → frame Twice')).toHaveLength(1);
  expect(found).toContain('frame Twice → output y');
});

test('a function that calls itself, which no valid model does, stays closed', () => {
  const calling = { ...node('Again', 'a', 'b'), domain: 'my' };
  const model: Model = {
    ...buildModel({ inputs: { x: f4 }, outputs: { y: f4 }, nodes: [{ ...calling, inputs: ['x'], outputs: ['y'] }] }),
    functions: [
      {
        name: 'Again',
        domain: 'my',
        overload: '',
        docString: '',
        inputs: ['a'],
        outputs: ['b'],
        attributes: [],
        attributeDefaults: new Map(),
        opsets: new Map(),
        nodes: buildGraph({ inputs: {}, outputs: {}, nodes: [calling] }).nodes,
        valueInfo: [],
        metadata: new Map(),
      },
    ],
  };
  expect(ways(model)).toContain('input a → Again');
});
