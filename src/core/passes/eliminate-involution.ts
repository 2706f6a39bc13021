import { english } from '../english.ts';
import type { Pass } from './pass.ts';
import { forEachNode, producerOf } from './visit.ts';

const involutions = new Set(['BitwiseNot', 'Neg', 'Not']);

/**
 * `a = Neg(x); y = Neg(a)`
 * becomes `y = x`; also of the smallest integer, which is its own negative.
 */
export const eliminateInvolution: Pass = {
  name: 'eliminate-involution',
  title: english`Remove double negations`,
  summary: english`Removes a Neg, Not or BitwiseNot that undoes the one before it.`,
  exactness: 'exact',
  run(draft) {
    forEachNode(draft, involutions, (node, graph) => {
      const first = producerOf(graph, node.inputs[0], node.opType);
      const input = first?.inputs[0];
      const [output] = node.outputs;
      if (!input || !output || !graph.canReplaceValue(output, input)) return;
      graph.rewrite(node, english`A second ${node.opType} undoes the first.`, (edit) => {
        edit.remove(node);
        edit.replaceValue(output, input);
      });
    });
  },
};
