/** Random edits of random graphs: what the draft says of itself stays true of the nodes it holds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { graphAttributes } from '../../../src/core/graph/attribute.ts';
import { bufferSource } from '../../../src/core/graph/byte-source.ts';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { GraphDraft } from '../../../src/core/graph/graph-draft.ts';
import type { Graph, Model, Node } from '../../../src/core/graph/model.ts';
import { modelBytes } from '../../../src/core/onnx/model-bytes.ts';
import { readModel } from '../../../src/core/onnx/read-model.ts';
import { buildGraph, buildModel, type GraphParts } from '../../worker/build-model.ts';

const one = ['float32', [1]] as const;
const pick = <T>(items: readonly T[], choice: number): T => items[choice % items.length]!;

/** A graph in which each node reads what came before; every fourth holds a body that captures such a value. */
function randomModel(choices: readonly number[]): Model {
  const values = ['x', 'z'];
  const nodes: GraphParts['nodes'][number][] = choices.map((choice, index) => {
    const output = `v${index}`;
    const inputs = [pick(values, choice), pick(values, choice >> 4)];
    const captured = pick(values, choice >> 8);
    values.push(output);
    if (choice % 4 !== 3) return { opType: 'Add', inputs, outputs: [output] };
    const body = buildGraph({
      inputs: {},
      outputs: { [`b${index}`]: one },
      nodes: [{ opType: 'Neg', inputs: [captured], outputs: [`b${index}`] }],
    });
    return {
      opType: 'If',
      inputs: [inputs[0]!],
      outputs: [output],
      attributes: { then_branch: { type: 'graph', value: body }, else_branch: { type: 'graph', value: body } },
    };
  });
  return buildModel({
    inputs: { x: one, z: one },
    outputs: { [values.at(-1)!]: one, [pick(values.slice(2), choices[0]!)]: one },
    nodes,
  });
}

type Edit = readonly [kind: number, target: number, other: number];

/** One rewrite that keeps the graph whole: a node goes and its readers read something else, or a node comes between. */
function apply(graph: GraphDraft, [kind, target, other]: Edit): void {
  const nodes = graph.nodes();
  if (nodes.length === 0) return;
  const node = pick(nodes, target);
  const [output] = node.outputs;
  if (output === undefined) return;
  switch (kind % 4) {
    case 0: {
      const by = pick(node.inputs, other);
      if (by === undefined || node.outputs.length > 1) return;
      if (!graph.canReplaceValue(output, by)) return;
      graph.rewrite(node, 'bypassed', (edit) => {
        edit.remove(node);
        edit.replaceValue(output, by);
      });
      break;
    }
    case 1: {
      const name = graph.freshName('fresh');
      graph.rewrite(node, 'a node before it', (edit) => {
        edit.add({ opType: 'Abs', inputs: [node.inputs[0]!], outputs: [name] }, [node]);
        edit.change(node, { inputs: [name, ...node.inputs.slice(1)] });
      });
      break;
    }
    case 2:
      graph.rewrite(node, 'another name', (edit) => edit.change(node, { name: `named_${other}` }));
      break;
    default:
      if (
        graph.isRead(output) ||
        graph.isOutput(output) ||
        graph.allBodies().some((body) => body.captures().has(output))
      )
        return;
      graph.rewrite(node, 'unread', (edit) => edit.remove(node));
  }
}

function checkIndex(graph: GraphDraft): void {
  const nodes = graph.nodes();
  const seen = new Set<string>();
  for (const node of nodes) {
    expect(graph.node(node.id)).toBe(node);
    for (const output of node.outputs) {
      expect(graph.producer(output)).toBe(node);
      seen.add(output);
    }
    for (const input of node.inputs) expect(graph.consumers(input)).toContain(node);
  }
  for (const value of seen) {
    const readers = nodes.filter((node) => reads(graph, node, value));
    expect(new Set(graph.consumers(value))).toEqual(new Set(readers));
  }
}

function reads(graph: GraphDraft, node: Node, value: string): boolean {
  return node.inputs.includes(value) || graph.bodies(node).some((body) => body.captures().has(value));
}

/** Every value is produced once and before it is read, bodies included. */
function checkOrder(graph: Graph, outer: ReadonlySet<string> = new Set()): void {
  const known = new Set([...outer, ...graph.inputs.map(({ name }) => name)]);
  for (const node of graph.nodes) {
    for (const input of node.inputs) expect(known).toContain(input);
    for (const { graph: body } of graphAttributes(node)) checkOrder(body, known);
    for (const output of node.outputs) {
      expect(known).not.toContain(output);
      known.add(output);
    }
  }
  for (const { name } of graph.outputs) expect(known).toContain(name);
}

const plainText = (model: Model) =>
  JSON.stringify(model, (_, value) =>
    value instanceof Map ? [...value] : typeof value === 'bigint' ? `${value}` : value,
  );

const choice = fc.nat({ max: 2 ** 20 });
const graphs = fc.array(choice, { minLength: 1, maxLength: 12 });
const edits = fc.array(fc.tuple(choice, choice, choice), { maxLength: 20 });

describe('a draft after any edits', () => {
  test('has an index that is true, and a finished model that is sorted and whole', () => {
    fc.assert(
      fc.property(graphs, edits, (shape, changes) => {
        const model = randomModel(shape);
        const before = plainText(model);
        const draft = new Draft(model);
        for (const change of changes) apply(draft.main, change);
        checkIndex(draft.main);
        const finished = draft.finish();
        const again = new Draft(finished).main;
        checkIndex(again);
        for (const node of again.nodes()) {
          const captured = (graph: GraphDraft) => graph.bodies(node).map((body) => [...body.captures()]);
          expect(captured(again)).toEqual(captured(draft.main));
        }
        checkOrder(finished.graph);
        expect(finished.graph.outputs.map(({ name }) => name)).toEqual(model.graph.outputs.map(({ name }) => name));
        const ids = finished.graph.nodes.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        expect(Math.max(-1, ...ids)).toBeLessThan(finished.nextNodeId);
        const after = plainText(model);
        expect(after).toBe(before);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  test('is the model itself when nothing changed, and every node stands for nodes of the original', () => {
    fc.assert(
      fc.property(graphs, edits, (shape, changes) => {
        const model = randomModel(shape);
        const draft = new Draft(model);
        for (const change of changes) apply(draft.main, change);
        const original = new Map(model.graph.nodes.map((node) => [node.id, node]));
        const finished = draft.finish();
        if (draft.rewrites.length === 0) expect(finished).toBe(model);
        for (const node of finished.graph.nodes) {
          for (const id of draft.origin(node.id)) expect(original.has(id)).toBe(true);
        }
        for (const { removed, added, why } of draft.rewrites) {
          expect(removed.length + added.length).toBeGreaterThan(0);
          expect(why).not.toBe('');
        }
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  test('keeps the objects of all nodes but the changed one, so that their bytes are copied', () => {
    fc.assert(
      fc.property(graphs, choice, (shape, target) => {
        const model = randomModel(shape);
        const draft = new Draft(model);
        apply(draft.main, [2, target, 0]);
        const { nodes } = draft.finish().graph;
        expect(nodes.filter((node, index) => node !== model.graph.nodes[index])).toEqual([
          { ...pick(model.graph.nodes, target), name: 'named_0' },
        ]);
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  test('refuses a rewrite as a whole when it is not allowed', () => {
    fc.assert(
      fc.property(graphs, edits, (shape, changes) => {
        const model = randomModel(shape);
        const draft = new Draft(model);
        draft.allows = () => false;
        for (const change of changes) apply(draft.main, change);
        expect(draft.finish()).toBe(model);
      }),
      { seed: 5, numRuns: 100 },
    );
  });

  test('is written and read back as the same nodes, with nothing to complain of', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, edits, async (shape, changes) => {
        const draft = new Draft(randomModel(shape));
        for (const change of changes) apply(draft.main, change);
        const finished = draft.finish();
        const { model, problems } = await readModel(bufferSource(await modelBytes(finished)), () => {
          throw new Error('There are no external files here.');
        });
        expect(problems).toEqual([]);
        const plain = ({ nodes }: Graph) =>
          nodes.map(({ opType, name, inputs, outputs }) => ({ opType, name, inputs, outputs }));
        expect(plain(model.graph)).toEqual(plain(finished.graph));
      }),
      { seed: 6, numRuns: 200 },
    );
  });
});
