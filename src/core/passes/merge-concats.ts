import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { axisFromFront } from './operands.ts';
import type { Pass } from './pass.ts';
import { staticShape } from './shape-facts.ts';
import { forEachNode, producerOf, soleConsumer } from './visit.ts';

/**
 * `a = Concat(x, y) {axis = 1}; b = Concat(a, z) {axis = 1}`
 * becomes `b = Concat(x, y, z) {axis = 1}`; inputs that are empty along the axis go.
 */
export const mergeConcats: Pass = {
  name: 'merge-concats',
  title: english`Merge nested Concat nodes`,
  summary: english`Concatenates once where a Concat feeds another along the same axis, and leaves empty inputs out.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Concat']), (node, graph) => {
      const flattened = flattenInputs(graph, facts, node);
      if (flattened) node = flattened;
      const filled = node.inputs.filter((input) => !isEmpty(graph, facts, node, input));
      if (filled.length === node.inputs.length || filled.length === 0) return;
      graph.rewrite(node, english`It leaves out inputs without elements.`, (edit) => {
        edit.change(node, { inputs: filled });
      });
    });
  },
};

function flattenInputs(graph: GraphDraft, facts: Facts, node: Node): Node | undefined {
  const axis = axisFromFront(graph, facts, node);
  const inner = node.inputs.map((input) => producerOf(graph, input, 'Concat'));
  const merged = inner.map((producer, index) =>
    producer &&
    axis !== undefined &&
    axisFromFront(graph, facts, producer) === axis &&
    soleConsumer(graph, node.inputs[index]!) === node
      ? producer
      : undefined,
  );
  if (merged.every((each) => each === undefined)) return undefined;
  let after: Node | undefined;
  graph.rewrite(node, english`A Concat of Concats along one axis is one Concat.`, (edit) => {
    for (const producer of merged) if (producer) edit.remove(producer);
    after = edit.change(node, { inputs: node.inputs.flatMap((input, index) => merged[index]?.inputs ?? [input]) });
  });
  return after;
}

function isEmpty(graph: GraphDraft, facts: Facts, node: Node, input: string): boolean {
  const axis = axisFromFront(graph, facts, node);
  return axis !== undefined && staticShape(facts, graph, input)?.[axis] === 0;
}
