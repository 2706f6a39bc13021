import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { addInts, type SliceRange, sliceRange } from './operands.ts';
import type { Pass } from './pass.ts';
import { fromFront, rankOf } from './shape-facts.ts';
import { defaultOpset, forEachNode, soleConsumer } from './visit.ts';

/**
 * `a = Slice(x, 0, 4, axes 1); y = Slice(a, 2, 6, axes 2)`
 * becomes `y = Slice(x, [0, 2], [4, 6], axes [1, 2])`. Slices along the same axis stay as they are.
 */
export const mergeSlices: Pass = {
  name: 'merge-slices',
  title: english`Merge slices along different axes`,
  summary: english`Slices once where two slices in a row cut different axes by constants.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Slice']), (node, graph) => {
      if (defaultOpset(graph) >= 10) mergeWithProducer(graph, facts, node);
    });
  },
};

function mergeWithProducer(graph: GraphDraft, facts: Facts, second: Node): void {
  const first = graph.producer(second.inputs[0]!);
  const between = second.inputs[0]!;
  if (first?.opType !== 'Slice' || first.domain !== '' || !onlySliced(graph, between)) return;
  const alone = soleConsumer(graph, between) === second;
  const rank = rankOf(facts, graph, first.inputs[0]);
  const inner = sliceRange(facts, graph, first);
  const outer = sliceRange(facts, graph, second);
  if (rank === undefined || !inner || !outer) return;
  const axes = [...inner.axes, ...outer.axes].map((axis) => fromFront(axis, rank));
  if (new Set(axes).size < axes.length) return;
  const joined = (part: Exclude<keyof SliceRange, 'axes'>) => [...inner[part], ...outer[part]];
  graph.rewrite(second, english`The two slices cut different axes.`, (edit) => {
    const add = (name: string, values: readonly number[]) =>
      addInts(graph, edit, `${second.outputs[0]}_${name}`, values);
    const parts = [add('starts', joined('starts')), add('ends', joined('ends')), add('axes', axes)];
    const steps = joined('steps').every((step) => step === 1) ? [] : [add('steps', joined('steps'))];
    if (alone) edit.remove(first);
    edit.change(second, { inputs: [first.inputs[0]!, ...parts, ...steps] });
  });
}

/** Whether only other slices read the value, each of which can take its place. */
function onlySliced(graph: GraphDraft, value: string): boolean {
  if (graph.isOutput(value)) return false;
  return graph
    .consumers(value)
    .every(({ opType, domain, inputs }) => opType === 'Slice' && domain === '' && inputs.lastIndexOf(value) === 0);
}
