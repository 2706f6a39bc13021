import { english } from '../english.ts';
import type { Pass } from './pass.ts';
import { forEachNode } from './visit.ts';

/**
 * `y = Identity(x); z = Relu(y)`
 * becomes `z = Relu(x)`. An Identity stays where it gives an input or a constant the name of an output.
 */
export const eliminateIdentity: Pass = {
  name: 'eliminate-identity',
  title: english`Remove Identity nodes`,
  summary: english`Removes nodes that only give a value a second name.`,
  exactness: 'exact',
  run(draft) {
    forEachNode(draft, new Set(['Identity']), (node, graph) => {
      const [input] = node.inputs;
      const [output] = node.outputs;
      if (!input || !output || !graph.canReplaceValue(output, input)) return;
      graph.rewrite(node, english`Identity gives its input unchanged.`, (edit) => {
        edit.remove(node);
        edit.replaceValue(output, input);
      });
    });
  },
};
