import { english } from '../english.ts';
import { intsAttribute } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { axisFromFront } from './operands.ts';
import type { Pass } from './pass.ts';
import { staticShape } from './shape-facts.ts';
import { constantNumbers } from './tensors.ts';
import { forEachNode, hasInput, producerOf } from './visit.ts';

/**
 * `a, b = Split(x); y = Concat(a, b)` and `y = Concat(a, b); c, d = Split(y)` along the same axis: the first gives `x`,
 * the second `a` and `b` when it cuts where they met.
 */
export const eliminateSplitConcat: Pass = {
  name: 'eliminate-split-concat',
  title: english`Remove Split and Concat that undo each other`,
  summary: english`Reads what was there before where a Concat puts the pieces of a Split together again, or a Split cuts them.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Concat', 'Split']), (node, graph) => {
      if (node.opType === 'Concat') joinPieces(graph, facts, node);
      else takePieces(graph, facts, node);
    });
  },
};

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
