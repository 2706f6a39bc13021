import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import { addInts, permutationOf } from './operands.ts';
import type { Pass } from './pass.ts';
import { reshapeTarget } from './reshape-target.ts';
import { shapeOf } from './shape-facts.ts';
import { defaultOpset, forEachNode, soleConsumer } from './visit.ts';

const reshapes = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/**
 * `a = Transpose(x) {perm = [0, 2, 1, 3]}; y = Reshape(a, s)` with `x` of shape [n, 1, 7, 64]
 * becomes two reshapes, which merge: a transpose that only moves axes of size 1 moves no element.
 */
export const transposeToReshape: Pass = {
  name: 'transpose-to-reshape',
  title: english`Turn transposes of unit axes into reshapes`,
  summary: english`Reshapes instead of transposing where only axes of size 1 move, next to another reshape to merge with.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Transpose']), (node, graph) => {
      const from = shapeOf(facts, graph, node.inputs[0]);
      const permutation = permutationOf(node, from?.length);
      if (!from || !permutation || defaultOpset(graph) < 5 || !hasReshapeBeside(graph, node)) return;
      const moved = permutation.filter((axis) => from[axis]?.constant !== 1);
      if (moved.some((axis, index) => index > 0 && axis < moved[index - 1]!)) return;
      const target = reshapeTarget(
        from,
        permutation.map((axis) => from[axis] ?? null),
      );
      if (!target) return;
      graph.rewrite(node, english`Only axes of size 1 move.`, (edit) => {
        const shape = addInts(graph, edit, `${node.outputs[0]}_shape`, target);
        edit.change(node, { opType: 'Reshape', inputs: [node.inputs[0]!, shape], attributes: new Map() });
      });
    });
  },
};

function hasReshapeBeside(graph: GraphDraft, node: Node): boolean {
  const before = graph.producer(node.inputs[0]!);
  const after = soleConsumer(graph, node.outputs[0]!);
  const isReshape = (each: Node | undefined) => each !== undefined && each.domain === '' && reshapes.has(each.opType);
  return isReshape(after) || (isReshape(before) && soleConsumer(graph, node.inputs[0]!) === node);
}
