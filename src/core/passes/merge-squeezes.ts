import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import { axesOf, withAxes } from './operands.ts';
import type { Pass } from './pass.ts';
import { fromFront, rankOf } from './shape-facts.ts';
import { forEachNode, soleConsumer } from './visit.ts';

/**
 * `a = Unsqueeze(x, [0]); y = Unsqueeze(a, [2])`
 * becomes `y = Unsqueeze(x, [0, 2])`; likewise Squeeze, and an Unsqueeze that a Squeeze undoes goes.
 */
export const mergeSqueezes: Pass = {
  name: 'merge-squeezes',
  title: english`Merge Squeeze and Unsqueeze chains`,
  summary: english`Merges consecutive squeezes or unsqueezes, and removes pairs that undo each other.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Squeeze', 'Unsqueeze']), (node, graph) => {
      const first = graph.producer(node.inputs[0]!);
      if (first?.domain !== '' || (first.opType !== 'Squeeze' && first.opType !== 'Unsqueeze')) return;
      const outerRank = rankOf(facts, graph, node.outputs[0]);
      const middleRank = rankOf(facts, graph, node.inputs[0]);
      const innerRank = rankOf(facts, graph, first.inputs[0]);
      if (outerRank === undefined || middleRank === undefined || innerRank === undefined) return;
      const inner = axesOf(graph, first)?.map((axis) => fromFront(axis, Math.max(innerRank, middleRank)));
      const outer = axesOf(graph, node)?.map((axis) => fromFront(axis, Math.max(outerRank, middleRank)));
      if (!inner || !outer) return;
      if (first.opType !== node.opType) removePair(graph, first, node, inner, outer);
      else if (soleConsumer(graph, node.inputs[0]!) === node) merge(graph, first, node, inner, outer);
    });
  },
};

function removePair(graph: GraphDraft, first: Node, second: Node, inner: readonly number[], outer: readonly number[]) {
  const source = first.inputs[0]!;
  const output = second.outputs[0]!;
  const same = inner.length === outer.length && inner.every((axis) => outer.includes(axis));
  if (!same || !graph.canReplaceValue(output, source)) return;
  graph.rewrite(second, english`${second.opType} undoes ${first.opType}.`, (edit) => {
    edit.remove(second);
    edit.replaceValue(output, source);
  });
}

function merge(graph: GraphDraft, first: Node, second: Node, inner: readonly number[], outer: readonly number[]): void {
  // Axes of an Unsqueeze count in its output, axes of a Squeeze in its input: bring both lists to the larger rank.
  const axes =
    second.opType === 'Unsqueeze' ? [...outer, ...spread(inner, outer)] : [...inner, ...spread(outer, inner)];
  graph.rewrite(second, english`Two ${second.opType} in a row are one.`, (edit) => {
    edit.remove(first);
    edit.change(
      second,
      withAxes(
        graph,
        edit,
        first.inputs[0]!,
        axes.sort((a, b) => a - b),
      ),
    );
  });
}

/** Axes among those that are left when `taken` are left out, as axes among all. */
function spread(axes: readonly number[], taken: readonly number[]): number[] {
  return axes.map((axis) => {
    let at = -1;
    for (let left = axis; left >= 0; left--)
      do at++;
      while (taken.includes(at));
    return at;
  });
}
