import { english } from '../english.ts';
import type { Pass } from './pass.ts';

/**
 * `y = Relu(a); a = Exp(x)`
 * becomes `a = Exp(x); y = Relu(a)`: the order that ONNX asks for (IR specification, "Graphs"). Nodes that stand behind
 * what they read already keep their places.
 */
export const sortNodes: Pass = {
  name: 'sort-nodes',
  title: english`Sort nodes`,
  summary: english`Writes each node behind those whose outputs it reads, as ONNX asks. Other passes do so wherever they change a graph.`,
  exactness: 'exact',
  run(draft) {
    for (const graph of draft.graphs()) {
      // The draft has them in order; that something changed makes it write them so.
      if (graph.isStoredUnsorted) graph.rewrite('nodes', english`ONNX asks for topological order.`, () => {});
    }
  },
};
