import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import { axesOf, keepsDims, reducedAxes } from './operands.ts';
import type { Pass } from './pass.ts';
import { fromFront, rankOf } from './shape-facts.ts';
import { forEachNode, soleConsumer } from './visit.ts';

/**
 * `a = ReduceMean(x) {axes = [1], keepdims = 1}; y = Squeeze(a, [1])`
 * becomes `y = ReduceMean(x) {axes = [1], keepdims = 0}`.
 */
export const fuseReduceSqueeze: Pass = {
  name: 'fuse-reduce-squeeze',
  title: english`Drop reduced axes at once`,
  summary: english`Clears keepdims where a Squeeze takes away exactly the axes that a reduction kept.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Squeeze']), (node, graph) => {
      const reduction = graph.producer(node.inputs[0]!);
      if (reduction?.domain !== '' || !/^(?:Reduce|Arg)/.test(reduction.opType)) return;
      if (!keepsDims(reduction) || soleConsumer(graph, node.inputs[0]!) !== node) return;
      const rank = rankOf(facts, graph, reduction.inputs[0]);
      const reduced = reducedAxes(graph, reduction);
      const taken = axesOf(graph, node);
      if (rank === undefined || !reduced || reduced.length === 0 || reduced.length !== taken?.length) return;
      const axes = new Set(taken.map((axis) => fromFront(axis, rank)));
      if (!reduced.every((axis) => axes.has(fromFront(axis, rank)))) return;
      graph.rewrite(node, english`The reduction can drop the axes.`, (edit) => {
        edit.remove(node);
        edit.remove(reduction);
        const dropped = new Map([...reduction.attributes, ...attributes({ keepdims: 0 })]);
        const { id: _, ...rest } = reduction;
        edit.add({ ...rest, outputs: node.outputs, attributes: dropped }, [reduction, node]);
      });
    });
  },
};
