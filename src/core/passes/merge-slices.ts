import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { addInts, type SliceRange, sliceRange } from './operands.ts';
import type { Pass } from './pass.ts';
import { fromFront, type KnownShape, rankOf, shapeOf } from './shape-facts.ts';
import { defaultOpset, forEachNode, soleConsumer } from './visit.ts';

/**
 * `a = Slice(x, 0, 4, axes 1); y = Slice(a, 2, 6, axes 2)`
 * becomes `y = Slice(x, [0, 2], [4, 6], axes [1, 2])`; along one axis the second counts in what the first leaves.
 */
export const mergeSlices: Pass = {
  name: 'merge-slices',
  title: english`Merge slices in a row`,
  summary: english`Slices once where two slices in a row cut by constants.`,
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
  const range = compose(cutsOf(inner, rank), cutsOf(outer, rank), shapeOf(facts, graph, first.inputs[0])!);
  if (!range) return;
  graph.rewrite(second, english`The second slice cuts what the first leaves.`, (edit) => {
    const add = (name: string, values: readonly number[]) =>
      addInts(graph, edit, `${second.outputs[0]}_${name}`, values);
    const parts = [add('starts', range.starts), add('ends', range.ends), add('axes', range.axes)];
    const steps = range.steps.every((step) => step === 1) ? [] : [add('steps', range.steps)];
    if (alone) edit.remove(first);
    edit.change(second, { inputs: [first.inputs[0]!, ...parts, ...steps] });
  });
}

/** What one axis is cut to. */
interface Cut {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

function cutsOf({ starts, ends, axes, steps }: SliceRange, rank: number): ReadonlyMap<number, Cut> {
  return new Map(
    axes.map((axis, at) => [fromFront(axis, rank), { start: starts[at]!, end: ends[at]!, step: steps[at]! }]),
  );
}

/** Both slices as one; undefined when along some axis the second cannot be counted in the input of the first. */
function compose(
  inner: ReadonlyMap<number, Cut>,
  outer: ReadonlyMap<number, Cut>,
  shape: KnownShape,
): SliceRange | undefined {
  const cuts = new Map([...inner, ...outer]);
  for (const [axis, cut] of outer) {
    const before = inner.get(axis);
    if (!before) continue;
    const composed = composeCuts(before, cut, shape[axis]?.constant);
    if (!composed) return undefined;
    cuts.set(axis, composed);
  }
  const all = [...cuts.values()];
  return {
    starts: all.map(({ start }) => start),
    ends: all.map(({ end }) => end),
    axes: [...cuts.keys()],
    steps: all.map(({ step }) => step),
  };
}

function composeCuts(inner: Cut, outer: Cut, size: number | undefined): Cut | undefined {
  const first = forward(inner, size);
  const left = first && size !== undefined ? length(first, size) : undefined;
  const second = forward(outer, left);
  if (!first || !second) return undefined;
  const at = (index: number) => Math.min(first.start + index * first.step, Number.MAX_SAFE_INTEGER);
  return { start: at(second.start), end: Math.min(first.end, at(second.end)), step: first.step * second.step };
}

/** The cut counted from the front; undefined when it goes backwards, or counts from an end that is not known. */
function forward({ start, end, step }: Cut, size: number | undefined): Cut | undefined {
  if (step < 1 || (size === undefined && (start < 0 || end < 0))) return undefined;
  const count = (index: number) => (index < 0 ? Math.max(0, index + size!) : index);
  return { start: count(start), end: count(end), step };
}

function length({ start, end, step }: Cut, size: number): number {
  return Math.max(0, Math.ceil((Math.min(end, size) - start) / step));
}

/** Whether only other slices read the value, each of which can take its place. */
function onlySliced(graph: GraphDraft, value: string): boolean {
  if (graph.isOutput(value)) return false;
  return graph
    .consumers(value)
    .every(({ opType, domain, inputs }) => opType === 'Slice' && domain === '' && inputs.lastIndexOf(value) === 0);
}
