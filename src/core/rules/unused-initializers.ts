import { english } from '../english.ts';
import type { Tensor } from '../graph/model.ts';
import type { Rule } from './rule.ts';

export const unusedInitializers: Rule = {
  code: 'unused-initializers',
  title: 'Weights that nothing reads',
  severity: 'info',
  documentation: 'No node and no output reads these initializers. They make the file larger and change nothing else.',
  fix: 'eliminate-dead-code',
  check: ({ draft }) => {
    const unused: Tensor[] = [];
    for (const graph of draft.graphs()) {
      const read = new Set(graph.outputs.map(({ name }) => name));
      for (const node of graph.nodes()) {
        for (const name of node.inputs) read.add(name);
        for (const body of graph.bodies(node)) for (const name of body.captures()) read.add(name);
      }
      for (const tensor of graph.initializers()) if (!read.has(tensor.name)) unused.push(tensor);
    }
    if (unused.length === 0) return [];
    const size = unused.reduce((sum, { data }) => sum + data.byteLength, 0);
    const { name } = unused[0]!;
    const named = unused.length > 1 ? english`${name} and ${unused.length - 1} more` : name;
    return [{ message: english`Nothing reads the initializer ${named}: ${size} bytes.` }];
  },
};
