import { english } from '../english.ts';
import type { Pass } from './pass.ts';
import { forEachNode, producerOf } from './visit.ts';

/**
 * `n = Not(c); y = Where(n, a, b)`
 * becomes `y = Where(c, b, a)`. ONNX Runtime takes a zero of the first value from where the second was, so −0 loses its
 * sign as the first and keeps it as the second.
 */
export const fuseWhereNot: Pass = {
  name: 'fuse-where-not',
  title: english`Swap the branches of Where instead of negating`,
  summary: english`Reads the condition itself and exchanges the two values.`,
  exactness: 'rounding',
  run(draft) {
    forEachNode(draft, new Set(['Where']), (node, graph) => {
      const not = producerOf(graph, node.inputs[0], 'Not');
      if (!not) return;
      graph.rewrite(node, english`Choosing by the opposite condition is choosing the other value.`, (edit) => {
        edit.change(node, { inputs: [not.inputs[0]!, node.inputs[2]!, node.inputs[1]!] });
      });
    });
  },
};
