import { english } from '../english.ts';
import type { Pass } from './pass.ts';
import { sameShapes, shapeOf } from './shape-facts.ts';
import { constantNumbers } from './tensors.ts';
import { forEachNode } from './visit.ts';

/**
 * `y = Where(true, a, b)`
 * becomes `y = a`, where `a` has the shape of `y`: neither the condition nor `b` may widen it. ONNX Runtime
 * adds what it takes to zeros, by which −0 loses its sign.
 */
export const eliminateWhere: Pass = {
  name: 'eliminate-where',
  title: english`Remove choices that are always the same`,
  summary: english`Reads the value that a Where with a constant condition always takes, where the shape stays.`,
  exactness: 'rounding',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Where']), (node, graph) => {
      const condition = constantNumbers(graph, node.inputs[0]);
      const [first] = condition ?? [];
      if (first === undefined || !condition!.every((each) => each === first)) return;
      const taken = node.inputs[first === 0 ? 2 : 1]!;
      const [output] = node.outputs;
      if (!output || !graph.canReplaceValue(output, taken)) return;
      if (!sameShapes(shapeOf(facts, graph, taken), shapeOf(facts, graph, output))) return;
      graph.rewrite(node, english`Its condition is a constant.`, (edit) => {
        edit.remove(node);
        edit.replaceValue(output, taken);
      });
    });
  },
};
