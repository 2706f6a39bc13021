import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { addInts, axisFromFront, sliceRange } from './operands.ts';
import type { Pass } from './pass.ts';
import { dtypeOf, fromFront, staticShape } from './shape-facts.ts';
import { forEachNode, producerOf, soleConsumer } from './visit.ts';

/**
 * Every second row and column of an image, four slices, one behind the other along the channels
 * becomes `SpaceToDepth {blocksize = 2}`, and a Gather of the channels where they come in another order.
 */
export const fuseSpaceToDepth: Pass = {
  name: 'fuse-space-to-depth',
  title: english`Recognize SpaceToDepth`,
  summary: english`Writes the slices of every second row and column that a Concat puts together as SpaceToDepth.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Concat']), (node, graph) => {
      if (node.inputs.length !== 4 || axisFromFront(graph, facts, node) !== 1) return;
      const parts = node.inputs.map((input) => partOf(graph, facts, input, node));
      const input = parts[0]?.input;
      const shape = staticShape(facts, graph, input);
      if (!input || !shape || dtypeOf(facts, graph, input) !== 'float32') return;
      if (!shape.slice(2).every((size) => size % 2 === 0)) return;
      if (parts.some((part) => part?.input !== input) || new Set(parts.map((part) => part!.block)).size !== 4) return;
      const order = parts.map((part) => part!.block);
      const sorted = order.every((block, at) => block === at);
      const nodes = [...parts.map((part) => part!.slice), node];
      graph.rewrite(node, english`These slices are the blocks of SpaceToDepth.`, (edit) => {
        for (const each of nodes) edit.remove(each);
        const [output] = node.outputs;
        const blocks = sorted ? output! : graph.freshName(output!);
        const blocksize = attributes({ blocksize: 2 });
        edit.add({ opType: 'SpaceToDepth', inputs: [input], outputs: [blocks], attributes: blocksize }, nodes);
        if (sorted) return;
        const places = order.flatMap((block) => Array.from({ length: shape[1]! }, (_, at) => block * shape[1]! + at));
        const indices = addInts(graph, edit, `${output}_channels`, places);
        const axis = attributes({ axis: 1 });
        edit.add({ opType: 'Gather', inputs: [blocks, indices], outputs: [output!], attributes: axis }, nodes);
      });
    });
  },
};

/** Where every second row and column is taken from: the block is 2·row + column of the first one. */
interface Part {
  readonly input: string;
  readonly block: number;
  readonly slice: Node;
}

function partOf(graph: GraphDraft, facts: Facts, value: string, concat: Node): Part | undefined {
  const slice = producerOf(graph, value, 'Slice');
  const range = slice && soleConsumer(graph, value) === concat ? sliceRange(facts, graph, slice) : undefined;
  const input = slice?.inputs[0];
  const shape = staticShape(facts, graph, input);
  if (!slice || !input || !range || shape?.length !== 4 || range.axes.length !== 2) return undefined;
  const axes = range.axes.map((axis) => fromFront(axis, shape.length));
  const [row, column] = [axes.indexOf(2), axes.indexOf(3)];
  const isEverySecond = (at: number) =>
    at >= 0 &&
    range.steps[at] === 2 &&
    (range.starts[at] === 0 || range.starts[at] === 1) &&
    range.ends[at]! >= shape[axes[at]!]!;
  if (!isEverySecond(row) || !isEverySecond(column)) return undefined;
  return { input, block: 2 * range.starts[row]! + range.starts[column]!, slice };
}
