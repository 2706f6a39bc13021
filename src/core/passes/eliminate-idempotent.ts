import { english } from '../english.ts';
import type { Pass } from './pass.ts';
import { forEachNode, producerOf } from './visit.ts';

const idempotent = new Set(['Relu', 'Ceil', 'Floor', 'Round', 'Abs', 'Sign']);

/**
 * `a = Relu(x); y = Relu(a)`
 * becomes `y = Relu(x)`: doing it twice is doing it once.
 */
export const eliminateIdempotent: Pass = {
  name: 'eliminate-idempotent',
  title: english`Remove repeated rounding and clamping`,
  summary: english`Removes a Relu, Abs, Ceil, Floor, Round or Sign that follows another of its kind.`,
  exactness: 'exact',
  run(draft) {
    forEachNode(draft, idempotent, (node, graph) => {
      const [input] = node.inputs;
      const [output] = node.outputs;
      if (!input || !output || !producerOf(graph, input, node.opType) || !graph.canReplaceValue(output, input)) return;
      graph.rewrite(node, english`A second ${node.opType} in a row changes nothing.`, (edit) => {
        edit.remove(node);
        edit.replaceValue(output, input);
      });
    });
  },
};
