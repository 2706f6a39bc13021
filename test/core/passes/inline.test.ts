import { expect, test } from 'vitest';
import { bufferSource } from '../../../src/core/graph/byte-source.ts';
import type { Graph, Model, Node } from '../../../src/core/graph/model.ts';
import { inlineFunctions } from '../../../src/core/passes/inline-functions.ts';
import { inlineIf } from '../../../src/core/passes/inline-if.ts';
import type { Pass } from '../../../src/core/passes/pass.ts';
import { runPasses } from '../../../src/core/passes/runner.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { parseModel } from './graph-text.ts';

const run = async (model: Model, pass: Pass) =>
  (await runPasses(model, [pass], { factsOf: (draft) => createFacts(draft), options: {} })).model;

/** Every definition of a name, bodies included. */
function definitions({ inputs, initializers, sparseInitializers, nodes }: Graph): string[] {
  return [
    ...inputs.map(({ name }) => name),
    ...initializers.keys(),
    ...sparseInitializers.map(({ values }) => values.name),
    ...nodes.flatMap(({ outputs, attributes }) => [
      ...outputs,
      ...[...attributes.values()].flatMap(({ type, value }) => (type === 'graph' ? definitions(value) : [])),
    ]),
  ];
}

/** A branch with a sparse constant `name`. */
function withSparse(nodes: readonly Node[], name: string): Node[] {
  const sparse = {
    values: { name, dtype: 'float32' as const, dims: [1], data: bufferSource(new Uint8Array(4)) },
    indices: { name: '', dtype: 'int64' as const, dims: [1], data: bufferSource(new Uint8Array(8)) },
    dims: [2],
  };
  return nodes.map((node) => {
    const then = node.attributes.get('then_branch');
    if (then?.type !== 'graph') return node;
    const value = { ...then.value, sparseInitializers: [sparse] };
    return { ...node, attributes: new Map([...node.attributes, ['then_branch', { type: 'graph', value }] as const]) };
  });
}

test('a branch with sparse constants stays a branch', async () => {
  const plain = parseModel(`
opset 17
in x float32 [2]
const c bool [] = 1
y = If(c)
  then_branch
    t = Add(x, s)
    out t float32 [2]
  else_branch
    e = Neg(x)
    out e float32 [2]
out y float32 [2]`);
  const model = { ...plain, graph: { ...plain.graph, nodes: withSparse(plain.graph.nodes, 's') } };
  expect(await run(model, inlineIf)).toBe(model);
});

test('names of bodies in a function never meet names of the caller, sparse constants included', async () => {
  const plain = parseModel(`
opset 17
opset my.domain 1
function my.domain:Pick(a, c) -> r
  t_1 = Neg(a)
  t = Neg(t_1)
  r = If(c)
    then_branch
      u = Add(t, x)
      out u float32 [2]
    else_branch
      e = Neg(t)
      out e float32 [2]
in x float32 [2]
in c bool []
t = Relu(x)
u = my.domain:Pick(t, c)
y = my.domain:Pick(u, c)
out y float32 [2]`);
  const functions = plain.functions.map((each) => ({ ...each, nodes: withSparse(each.nodes, 'x') }));
  const { graph } = await run({ ...plain, functions }, inlineFunctions);
  const names = definitions(graph);
  const outer = new Set([...graph.inputs.map(({ name }) => name), ...graph.nodes.flatMap(({ outputs }) => outputs)]);
  expect(names.filter((name) => outer.has(name))).toHaveLength(outer.size);
  // What read the sparse constant `x` still does, not the caller's input.
  const branches = graph.nodes.flatMap(({ attributes }) => {
    const then = attributes.get('then_branch');
    return then?.type === 'graph' ? [then.value] : [];
  });
  for (const { nodes, sparseInitializers } of branches) {
    expect(nodes[0]!.inputs[1]).toBe(sparseInitializers[0]!.values.name);
    expect(nodes[0]!.inputs[1]).not.toBe('x');
  }
  expect(branches).toHaveLength(2);
});
