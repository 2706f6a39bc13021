import { english } from '../english.ts';
import type { Node } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { type Rule, summarized } from './rule.ts';

export const deadNodes: Rule = {
  code: 'dead-nodes',
  title: 'Nodes that no output needs',
  severity: 'info',
  documentation:
    'No output of the graph depends on these nodes. They take space and reading time; ONNX Runtime drops them when it loads the model.',
  fix: 'eliminate-dead-code',
  check: ({ draft }) => summarized(draft.graphs().flatMap(unneeded), (nodes) => english`No output needs ${nodes}.`),
};

/** Nodes of a graph whose outputs lead to no output of it. */
function unneeded(graph: GraphView): readonly Node[] {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes = graph.nodes();
  const dead: Node[] = [];
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index]!;
    if (!node.outputs.some((name) => needed.has(name))) {
      dead.push(node);
      continue;
    }
    for (const name of node.inputs) needed.add(name);
    for (const body of graph.bodies(node)) for (const name of body.captures()) needed.add(name);
  }
  return dead.reverse();
}
