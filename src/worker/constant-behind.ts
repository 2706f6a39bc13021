import type { Tensor } from '../core/graph/model.ts';
import type { GraphView } from '../core/graph/view.ts';

/**
 * The tensor that a value has unless a caller gives another one, as seen from a graph: a constant, an initializer that
 * is listed as an input too, or either of them passed on by `Identity` nodes.
 */
export function constantBehind(graph: GraphView, value: string): Tensor | undefined {
  const passed = new Set<string>();
  let name = value;
  while (name !== '' && !passed.has(name)) {
    passed.add(name);
    const scope = definingGraph(graph, name);
    const tensor = graph.constant(name) ?? scope?.initializer(name);
    const producer = scope?.producer(name);
    if (tensor || producer?.opType !== 'Identity' || producer.domain !== '') return tensor;
    name = producer.inputs[0] ?? '';
  }
  return undefined;
}

function definingGraph(graph: GraphView, name: string): GraphView | undefined {
  for (let at: GraphView | undefined = graph; at; at = at.owner?.graph) if (at.defines(name)) return at;
  return undefined;
}
