import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import { isNonNegative } from '../shapes/dim.ts';
import type { Facts } from '../shapes/facts.ts';
import { addInts } from './operands.ts';
import type { Pass } from './pass.ts';
import { copiesZeros, reshapeTarget } from './reshape-target.ts';
import { type KnownShape, shapeOf } from './shape-facts.ts';
import { constantNumbers } from './tensors.ts';
import { defaultOpset, forEachNode, soleConsumer } from './visit.ts';

const reshapes = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/**
 * `s = Concat(b, 12, n, 64); y = Reshape(x, s)` with `b` and `n` the first and third size of `x`
 * becomes `y = Reshape(x, [0, 12, 0, 64])`. Reshapes in a row become one.
 */
export const simplifyReshape: Pass = {
  name: 'simplify-reshape',
  title: english`Simplify reshapes`,
  summary: english`Writes the target of a Reshape as a constant where sizes are known or kept, and merges reshapes in a row.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, reshapes, (node, graph) => {
      if (defaultOpset(graph) < 5) return;
      mergeWithProducer(graph, facts, node);
    });
    forEachNode(draft, new Set(['Reshape']), (node, graph) => {
      if (defaultOpset(graph) >= 5 && copiesZeros(node)) makeTargetConstant(graph, facts, node);
    });
  },
};

/** `x → first → second` becomes one Reshape of `x`, when nothing else reads what is between. */
function mergeWithProducer(graph: GraphDraft, facts: Facts, second: Node): void {
  const [between] = second.inputs;
  const first = between ? graph.producer(between) : undefined;
  if (first?.domain !== '' || !reshapes.has(first.opType) || soleConsumer(graph, between!) !== second) return;
  const source = first.inputs[0]!;
  const from = shapeOf(facts, graph, source);
  const to = targetAxes(facts, graph, second);
  const target = (to && reshapeTarget(from, to)) ?? lastTarget(graph, second);
  if (!target) return;
  graph.rewrite(second, english`Reshapes in a row only matter for the last shape.`, (edit) => {
    edit.remove(first);
    edit.remove(second);
    edit.add(
      {
        opType: 'Reshape',
        name: second.name,
        inputs: [source, addInts(graph, edit, `${second.outputs[0]}_shape`, target)],
        outputs: second.outputs,
      },
      [first, second],
    );
  });
}

/** The axes that come out, as the target of a Reshape says them: what the file declares of outputs is not enough. */
function targetAxes(facts: Facts, graph: GraphDraft, node: Node): KnownShape | undefined {
  if (node.opType !== 'Reshape') return shapeOf(facts, graph, node.outputs[0]);
  const input = shapeOf(facts, graph, node.inputs[0]);
  return facts.of(graph, node.inputs[1]!).value?.map((axis, index) => {
    if (axis?.constant === 0 && copiesZeros(node)) return input?.[index] ?? null;
    return axis === null || !isNonNegative(axis) ? null : axis;
  });
}

/** The constant target of a Reshape, when it says nothing about its own input. */
function lastTarget(graph: GraphDraft, node: Node): readonly number[] | undefined {
  const target = node.opType === 'Reshape' ? constantNumbers(graph, node.inputs[1]) : undefined;
  return target && !target.includes(0) ? target : undefined;
}

function makeTargetConstant(graph: GraphDraft, facts: Facts, node: Node): void {
  const [source, given] = node.inputs;
  if (!source || !given || graph.constant(given)) return;
  const to = targetAxes(facts, graph, node);
  const target = to && reshapeTarget(shapeOf(facts, graph, source), to);
  if (!target) return;
  graph.rewrite(node, english`Every size of its target is known, kept, or the only one left.`, (edit) => {
    edit.change(node, { inputs: [source, addInts(graph, edit, `${node.outputs[0]}_shape`, target)] });
  });
}
