import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { inlineGraph } from './inline-graph.ts';
import type { Pass } from './pass.ts';
import { constantScalar } from './tensors.ts';
import { forEachNode } from './visit.ts';

/**
 * `y = If(true) {then_branch: a = Relu(x), else_branch: …}`
 * becomes `y = Relu(x)`. Names that both graphs use are renamed in the part that comes in.
 */
export const inlineIf: Pass = {
  name: 'inline-if',
  title: english`Inline branches that are always taken`,
  summary: english`Replaces an If whose condition is known by the branch it takes.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['If']), (node, graph) => {
      const condition = conditionOf(facts, graph, node);
      if (condition === undefined) return;
      const branch = condition ? 'then_branch' : 'else_branch';
      const body = graph.bodies(node).find(({ owner }) => owner?.attribute === branch);
      if (!body || body.outputs.length < node.outputs.length) return;
      const { outputs, nodes, initializers, sparseInitializers } = body.finishGraph();
      // Nothing moves sparse constants from graph to graph.
      if (sparseInitializers.length > 0) return;
      const inlined = { outputs: outputs.map(({ name }) => name), nodes, initializers: [...initializers.values()] };
      inlineGraph(graph, node, inlined, new Map(), english`The condition is always ${condition}.`);
    });
  },
};

function conditionOf(facts: Facts, graph: GraphDraft, node: Node): boolean | undefined {
  const value = node.inputs[0]!;
  const known = constantScalar(graph, value) ?? facts.of(graph, value).value?.[0]?.constant;
  return known === undefined ? undefined : known !== 0;
}
