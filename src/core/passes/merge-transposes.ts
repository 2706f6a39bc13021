import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import { permutationOf } from './operands.ts';
import type { Pass } from './pass.ts';
import { rankOf } from './shape-facts.ts';
import { forEachNode, producerOf } from './visit.ts';

/**
 * `a = Transpose(x) {perm = [0, 2, 1]}; y = Transpose(a) {perm = [1, 0, 2]}`
 * becomes `y = Transpose(x) {perm = [2, 0, 1]}`; a pair that undoes itself goes.
 */
export const mergeTransposes: Pass = {
  name: 'merge-transposes',
  title: english`Merge chains of transposes`,
  summary: english`Composes consecutive transposes into one.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Transpose']), (node, graph) => {
      const first = producerOf(graph, node.inputs[0], 'Transpose');
      if (!first) return;
      const inner = permutationOf(first, rankOf(facts, graph, first.inputs[0]));
      const outer = permutationOf(node, inner?.length);
      if (!inner || !outer || inner.length !== outer.length) return;
      graph.rewrite(node, english`Two transposes in a row are one.`, (edit) => {
        edit.change(node, {
          inputs: [first.inputs[0]!],
          attributes: attributes({ perm: outer.map((axis) => inner[axis]!) }),
        });
      });
    });
  },
};
