import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import { axesOf, keepsDims, reducedAxes } from './operands.ts';
import type { Pass } from './pass.ts';
import { fromFront, rankOf } from './shape-facts.ts';
import { forEachNode, soleConsumer } from './visit.ts';

/**
 * `a = ReduceMean(x) {axes = [1], keepdims = 0}; y = Unsqueeze(a, [1])`
 * becomes `y = ReduceMean(x) {axes = [1], keepdims = 1}`.
 */
export const fuseReduceUnsqueeze: Pass = {
  name: 'fuse-reduce-unsqueeze',
  title: english`Keep reduced axes instead of adding them again`,
  summary: english`Sets keepdims where an Unsqueeze brings back exactly the axes that a reduction took away.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Unsqueeze']), (node, graph) => {
      const reduction = graph.producer(node.inputs[0]!);
      if (reduction?.domain !== '' || !/^(?:Reduce|Arg)/.test(reduction.opType)) return;
      if (keepsDims(reduction) || soleConsumer(graph, node.inputs[0]!) !== node) return;
      const rank = rankOf(facts, graph, reduction.inputs[0]);
      const reduced = reducedAxes(graph, reduction);
      const added = axesOf(graph, node);
      if (rank === undefined || !reduced || reduced.length !== added?.length) return;
      const axes = new Set(added.map((axis) => fromFront(axis, rank)));
      if (!reduced.every((axis) => axes.has(fromFront(axis, rank)))) return;
      graph.rewrite(node, english`The reduction can keep the axes.`, (edit) => {
        edit.remove(node);
        edit.remove(reduction);
        const kept = new Map([...reduction.attributes, ...attributes({ keepdims: 1 })]);
        const { id: _, ...rest } = reduction;
        edit.add({ ...rest, outputs: node.outputs, attributes: kept }, [reduction, node]);
      });
    });
  },
};
