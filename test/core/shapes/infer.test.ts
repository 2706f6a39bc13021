import { describe, expect, it } from 'vitest';
import type { TensorValue } from '../../../src/core/evaluator.ts';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { FunctionDefinition, Model, ValueInfo } from '../../../src/core/graph/model.ts';
import { createFacts, shapeText } from '../../../src/core/shapes/infer.ts';
import { buildGraph, buildModel, type GraphParts } from '../../worker/build-model.ts';

const int64 = (...values: number[]): TensorValue => ({
  dtype: 'int64',
  dims: [values.length],
  bytes: new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer),
});
const scalar = (value: number): TensorValue => ({ ...int64(value), dims: [] });

type NodeParts = GraphParts['nodes'][number];
const node = (opType: string, inputs: string, outputs: string, attributes?: NodeParts['attributes']): NodeParts => ({
  opType,
  inputs: inputs.split(' ').map((name) => (name === '-' ? '' : name)),
  outputs: outputs.split(' '),
  ...(attributes ? { attributes } : {}),
});

function shapesOf(model: Model, dims?: Record<string, number>) {
  const draft = new Draft(model);
  const facts = createFacts(draft, dims ? { dims: new Map(Object.entries(dims)) } : {});
  return (value: string) => shapeText(facts.of(draft.main, value));
}

const model = (parts: Partial<GraphParts> & Pick<GraphParts, 'inputs' | 'nodes'>): Model =>
  buildModel({ outputs: {}, ...parts });

const withValueInfo = (from: Model, valueInfo: readonly ValueInfo[]): Model => ({
  ...from,
  graph: { ...from.graph, valueInfo },
});

describe('shape inference', () => {
  it('follows shapes through the arithmetic that exporters write', () => {
    const shape = shapesOf(
      model({
        inputs: { x: ['float32', ['batch', 'seq', 64]] },
        initializers: { zero: scalar(0), one: scalar(1), axis: int64(0), heads: int64(4, -1) },
        nodes: [
          node('Shape', 'x', 's'),
          node('Gather', 's zero', 'b'),
          node('Gather', 's one', 'l'),
          node('Unsqueeze', 'b axis', 'b1'),
          node('Unsqueeze', 'l axis', 'l1'),
          node('Concat', 'b1 l1 heads', 'target', { axis: 0 }),
          node('Reshape', 'x target', 'y'),
          node('Transpose', 'y', 'z', { perm: [0, 2, 1, 3] }),
          node('MatMul', 'z t', 'scores'),
          node('Transpose', 'z', 't', { perm: [0, 1, 3, 2] }),
        ],
      }),
    );
    expect(shape('y')).toEqual(['batch', 'seq', 4, 16]);
    expect(shape('scores')).toEqual(['batch', 4, 'seq', 'seq']);
  });

  it('binds symbols, also those without a name', () => {
    const parts = model({
      inputs: { x: ['float32', ['n', null]] },
      nodes: [node('Concat', 'x x', 'y', { axis: 1 })],
    });
    expect(shapesOf(parts)('y')).toEqual(['n', '?']);
    expect(shapesOf(parts, { n: 8, 'x[1]': 5 })('y')).toEqual([8, 10]);
  });

  it('never merges unequal symbols', () => {
    const shape = shapesOf(
      model({
        inputs: { a: ['float32', ['n']], b: ['float32', ['m']], c: ['float32', ['n']] },
        nodes: [node('Add', 'a b', 'ab'), node('Add', 'a c', 'ac')],
      }),
    );
    expect(shape('ab')).toEqual(['?']);
    expect(shape('ac')).toEqual(['n']);
  });

  it('knows that an unknown axis is equal to itself', () => {
    const parts = model({
      inputs: { x: ['float32', [4, 4]] },
      nodes: [node('NonZero', 'x', 'i'), node('Shape', 'i', 's'), node('Reshape', 'i s', 'j')],
    });
    const draft = new Draft(parts);
    const facts = createFacts(draft);
    expect(facts.of(draft.main, 'j').shape?.[1]?.key).toBe(facts.of(draft.main, 'i').shape?.[1]?.key);
  });

  it('does not believe a statement that contradicts the inputs', () => {
    const parts = model({
      inputs: { x: ['float32', [8, 3]] },
      nodes: [node('Relu', 'x', 'y'), { ...node('Mystery', 'x', 'z'), domain: 'custom' }],
    });
    const type = { kind: 'tensor', dtype: 'float32', shape: [1, 3] } as const;
    const shape = shapesOf(
      withValueInfo(parts, [
        { name: 'y', type },
        { name: 'z', type },
      ]),
    );
    expect(shape('y')).toEqual([8, 3]);
    expect(shape('z')).toEqual([1, 3]);
  });

  it('takes what both branches of an If agree on, and the one branch when the condition is known', () => {
    const branch = (value: string) =>
      ({
        type: 'graph',
        value: buildGraph({ inputs: {}, outputs: {}, nodes: [node('Identity', value, 'o')] }),
      }) as const;
    const withOutput = (value: string) => {
      const made = branch(value);
      return { ...made, value: { ...made.value, outputs: [{ name: 'o' }] } };
    };
    const parts = (condition: boolean) =>
      model({
        inputs: { c: ['bool', []], a: ['float32', ['n', 2]], b: ['float32', ['n', 3]] },
        initializers: { yes: { dtype: 'bool', dims: [], bytes: Uint8Array.of(1) } },
        nodes: [
          node('If', condition ? 'yes' : 'c', 'y', { then_branch: withOutput('a'), else_branch: withOutput('b') }),
        ],
      });
    expect(shapesOf(parts(false))('y')).toEqual(['n', '?']);
    expect(shapesOf(parts(true))('y')).toEqual(['n', 2]);
  });

  it('finds the shape that a loop keeps and gives up the one that it changes', () => {
    const body = buildGraph({
      inputs: { i: ['int64', []], go: ['bool', []], kept: ['float32', []], grown: ['float32', []] },
      outputs: { go: ['bool', []], kept2: ['float32', []], grown2: ['float32', []], row: ['float32', []] },
      nodes: [
        node('Relu', 'kept', 'kept2'),
        node('Concat', 'grown x', 'grown2', { axis: 0 }),
        node('Identity', 'kept2', 'row'),
      ],
    });
    const shape = shapesOf(
      model({
        inputs: { x: ['float32', ['n', 4]] },
        initializers: { trips: scalar(3) },
        nodes: [node('Loop', 'trips - x x', 'a b rows', { body: { type: 'graph', value: body } })],
      }),
    );
    expect(shape('a')).toEqual(['n', 4]);
    expect(shape('b')).toEqual(['?', 4]);
    expect(shape('rows')).toEqual(['?', 'n', 4]);
  });

  it('infers a function for each of its calls, with the attributes of the call', () => {
    const definition: FunctionDefinition = {
      name: 'Turn',
      domain: 'own',
      overload: '',
      docString: '',
      inputs: ['v'],
      outputs: ['w'],
      attributes: ['order'],
      attributeDefaults: new Map(),
      opsets: new Map([['', 21]]),
      nodes: buildGraph({
        inputs: {},
        outputs: {},
        nodes: [node('Transpose', 'v', 'w', { perm: { type: 'reference', value: 'order', of: 7 } })],
      }).nodes,
      valueInfo: [],
      metadata: new Map(),
    };
    const call = (inputs: string, outputs: string, order: number[]) => ({
      ...node('Turn', inputs, outputs, { order }),
      domain: 'own',
    });
    const parts = model({
      inputs: { x: ['float32', [2, 3, 4]] },
      nodes: [call('x', 'y', [2, 0, 1]), call('x', 'z', [1, 0, 2])],
    });
    const shape = shapesOf({ ...parts, functions: [definition] });
    expect(shape('y')).toEqual([4, 2, 3]);
    expect(shape('z')).toEqual([3, 2, 4]);
  });

  it('survives a chain of a hundred thousand nodes, and a cycle', () => {
    const count = 100_000;
    const chain = Array.from({ length: count }, (_, index) => node('Relu', `v${index}`, `v${index + 1}`));
    const shape = shapesOf(model({ inputs: { v0: ['float32', ['n']] }, nodes: chain }));
    expect(shape(`v${count}`)).toEqual(['n']);
    const cycle = shapesOf(model({ inputs: {}, nodes: [node('Relu', 'a', 'b'), node('Relu', 'b', 'a')] }));
    expect(cycle('a')).toBeNull();
  });

  it('gives up on functions that call each other twice, thirty deep', () => {
    const call = (level: number, input: string, output: string) => ({
      ...node(`F${level}`, input, output),
      domain: 'own',
    });
    const functions = Array.from(
      { length: 30 },
      (_, level): FunctionDefinition => ({
        name: `F${level}`,
        domain: 'own',
        overload: '',
        docString: '',
        inputs: ['a'],
        outputs: ['c'],
        attributes: [],
        attributeDefaults: new Map(),
        opsets: new Map([['', 21]]),
        nodes: buildGraph({
          inputs: {},
          outputs: {},
          nodes: level === 29 ? [node('Relu', 'a', 'c')] : [call(level + 1, 'a', 'b'), call(level + 1, 'b', 'c')],
        }).nodes,
        valueInfo: [],
        metadata: new Map(),
      }),
    );
    const parts = model({ inputs: { x: ['float32', [2]] }, nodes: [call(0, 'x', 'y'), call(25, 'x', 'z')] });
    const shape = shapesOf({ ...parts, functions, nextNodeId: 100 });
    expect(shape('z')).toEqual([2]);
    expect(shape('y')).toBeNull();
  });

  it('does not know the elements of a constant that a caller may override', () => {
    const parts = buildModel({
      inputs: { x: ['float32', [6]], target: ['int64', [2]] },
      outputs: {},
      initializers: { target: int64(2, 3) },
      nodes: [node('Reshape', 'x target', 'y')],
    });
    expect(shapesOf(parts)('y')).toEqual(['?', '?']);
    const older = { ...parts, irVersion: 3 };
    expect(shapesOf(older)('y')).toEqual([2, 3]);
  });
});
