import { english } from '../english.ts';
import { intsAttribute } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { axisFromFront, sliceRange } from './operands.ts';
import type { Pass } from './pass.ts';
import { fromFront, rankOf, shapeOf, staticShape } from './shape-facts.ts';
import { constantNumbers } from './tensors.ts';
import { forEachNode, hasInput, producerOf } from './visit.ts';

/**
 * `a, b = Split(x); y = Concat(a, b)` and `y = Concat(a, b); c, d = Split(y)` along the same axis: the first gives `x`,
 * the second `a` and `b` when it cuts where they met. So does a Slice that cuts one of them out.
 */
export const eliminateSplitConcat: Pass = {
  name: 'eliminate-split-concat',
  title: english`Remove Split and Concat that undo each other`,
  summary: english`Reads what was there before where a Concat puts the pieces of a Split together again, or a Split or Slice cuts them.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Concat', 'Slice', 'Split']), (node, graph) => {
      if (node.opType === 'Concat') joinPieces(graph, facts, node);
      else if (node.opType === 'Slice') takePiece(graph, facts, node);
      else takePieces(graph, facts, node);
    });
  },
};

/** An end beyond every size: exporters write INT32_MAX or INT64_MAX. */
const endless = 2 ** 31 - 1;

function joinPieces(graph: GraphDraft, facts: Facts, concat: Node): void {
  const split = producerOf(graph, concat.inputs[0], 'Split');
  const [output] = concat.outputs;
  const whole = split?.inputs[0];
  if (!split || !whole || !output || !sameAxis(graph, facts, split, concat)) return;
  const isAll =
    split.outputs.length === concat.inputs.length && split.outputs.every((each, at) => each === concat.inputs[at]);
  if (!isAll || !graph.canReplaceValue(output, whole)) return;
  graph.rewrite(concat, english`It puts the pieces of a Split together again.`, (edit) => {
    edit.remove(concat);
    edit.replaceValue(output, whole);
  });
}

function takePieces(graph: GraphDraft, facts: Facts, split: Node): void {
  const concat = producerOf(graph, split.inputs[0], 'Concat');
  if (!concat || !sameAxis(graph, facts, split, concat) || split.outputs.length !== concat.inputs.length) return;
  const axis = axisFromFront(graph, facts, concat)!;
  const sizes = concat.inputs.map((input) => staticShape(facts, graph, input)?.[axis]);
  const cuts = sizesOf(graph, split, sizes);
  if (!cuts || !sizes.every((size, at) => size !== undefined && size === cuts[at])) return;
  const pieces = split.outputs.flatMap((output, at) => (output === '' ? [] : [[output, concat.inputs[at]!] as const]));
  // An output of the graph keeps its name by renaming what makes the value, which only one can have.
  if (pieces.some(([output]) => graph.isOutput(output))) return;
  graph.rewrite(split, english`It cuts a Concat where its inputs met.`, (edit) => {
    edit.remove(split);
    for (const [output, input] of pieces) edit.replaceValue(output, input);
  });
}

function takePiece(graph: GraphDraft, facts: Facts, slice: Node): void {
  const concat = producerOf(graph, slice.inputs[0], 'Concat');
  const axis = concat && axisFromFront(graph, facts, concat);
  const range = concat && sliceRange(facts, graph, slice);
  const [output] = slice.outputs;
  if (axis === undefined || !concat || !output || range?.axes.length !== 1 || range.steps[0] !== 1) return;
  if (fromFront(range.axes[0]!, rankOf(facts, graph, slice.inputs[0]) ?? 0) !== axis) return;
  const total = shapeOf(facts, graph, slice.inputs[0])?.[axis]?.constant;
  const count = (index: number) => (index < 0 ? (total === undefined ? Number.NaN : index + total) : index);
  const [start, end] = [count(range.starts[0]!), count(range.ends[0]!)];
  let from = 0;
  for (const [at, input] of concat.inputs.entries()) {
    const size = shapeOf(facts, graph, input)?.[axis]?.constant;
    const last = at === concat.inputs.length - 1;
    const whole = size === undefined ? last && end >= endless : end === from + size || (last && end > from + size);
    if (from === start && whole && size !== 0 && graph.canReplaceValue(output, input)) {
      graph.rewrite(slice, english`It cuts one input out of a Concat.`, (edit) => {
        edit.remove(slice);
        edit.replaceValue(output, input);
      });
      return;
    }
    if (size === undefined) return;
    from += size;
  }
}

/** How long the pieces are: stated, or all alike. */
function sizesOf(
  graph: GraphDraft,
  split: Node,
  joined: readonly (number | undefined)[],
): readonly number[] | undefined {
  const stated = hasInput(split, 1)
    ? constantNumbers(graph, split.inputs[1])
    : intsAttribute(split, 'split')?.map(Number);
  if (hasInput(split, 1) || stated) return stated;
  if (joined.some((size) => size === undefined)) return undefined;
  const total = joined.reduce<number>((sum, size) => sum + size!, 0);
  // All alike but the last, which may be shorter from opset 18 on.
  const each = Math.ceil(total / joined.length);
  return joined.map((_, at) => Math.max(0, Math.min(each, total - at * each)));
}

function sameAxis(graph: GraphDraft, facts: Facts, split: Node, concat: Node): boolean {
  const axis = axisFromFront(graph, facts, concat);
  return axis !== undefined && axis === axisFromFront(graph, facts, split, 0);
}
