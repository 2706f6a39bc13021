import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import { isConstant, sameDim } from '../shapes/dim.ts';
import type { Facts } from '../shapes/facts.ts';
import type { Pass } from './pass.ts';
import { shapeOf } from './shape-facts.ts';
import { forEachNode } from './visit.ts';

/** Operators whose inputs all broadcast against each other. Pow is none: ONNX Runtime squares by a scalar 2, bit for bit another result. */
const broadcasting = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Max', 'Min', 'Sum', 'Where', 'And', 'Or', 'Xor'],
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'],
  ...['BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor'],
]);

/**
 * `e = Expand(m, s); y = Add(x, e)` with `x` at least as large as `e` on every axis
 * becomes `y = Add(x, m)`: the Add broadcasts itself.
 */
export const eliminateExpand: Pass = {
  name: 'eliminate-expand',
  title: english`Remove expansions before broadcasting`,
  summary: english`Removes an Expand whose readers broadcast to the same shape without it.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Expand']), (expand, graph) => {
      const [source] = expand.inputs;
      const [expanded] = expand.outputs;
      if (!source || !expanded || graph.isOutput(expanded)) return;
      if (graph.allBodies().some((body) => body.captures().has(expanded))) return;
      const readers = graph.consumers(expanded);
      if (readers.length === 0 || !readers.every((reader) => broadcastsAlone(graph, facts, reader, source, expanded)))
        return;
      graph.rewrite(expand, english`What reads it broadcasts to the same shape itself.`, (edit) => {
        edit.remove(expand);
        edit.replaceValue(expanded, source);
      });
    });
  },
};

/** True when `reader` makes the same shape from `source` as from `expanded`, whatever the sizes. */
function broadcastsAlone(graph: GraphDraft, facts: Facts, reader: Node, source: string, expanded: string): boolean {
  if (reader.domain !== '' || !broadcasting.has(reader.opType)) return false;
  const target = shapeOf(facts, graph, expanded);
  const shapes = reader.inputs.map((input) => shapeOf(facts, graph, input === expanded ? source : input));
  if (!target) return false;
  return target.every((axis, index) => {
    const fromBack = target.length - index;
    // Where the axis is 1, any operand that has the axis will do: its size is the result's with or without the Expand.
    return shapes.some((shape) => {
      const own = shape?.at(-fromBack);
      return shape !== undefined && shape.length >= fromBack && (isConstant(axis, 1) || sameDim(axis, own));
    });
  });
}
