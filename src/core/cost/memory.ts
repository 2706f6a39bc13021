import type { GraphView } from '../graph/view.ts';
import type { Facts } from '../shapes/facts.ts';
import { valueBytes } from './node-cost.ts';

/** The most bytes of `liveActivationBytes`. */
export function peakActivationBytes(graph: GraphView, facts: Facts): number | null {
  return liveActivationBytes(graph, facts)?.reduce((most, live) => Math.max(most, live), 0) ?? null;
}

/**
 * Bytes of inputs and intermediate values alive while each node runs, when the nodes run in their order and each value
 * is freed after its last reader: an estimate from below of what a runtime needs beside the weights. In the order of
 * the nodes; null when a size is not known.
 */
export function liveActivationBytes(graph: GraphView, facts: Facts): readonly number[] | null {
  const nodes = graph.nodes();
  const lastReader = new Map<string, number>();
  for (const [index, node] of nodes.entries()) {
    for (const name of node.inputs) lastReader.set(name, index);
    for (const body of graph.bodies(node)) for (const name of body.captures()) lastReader.set(name, index);
  }
  let live = 0;
  const during: number[] = [];
  for (const { name } of graph.inputs) {
    if (graph.initializer(name)) continue;
    const bytes = valueBytes(facts.of(graph, name));
    if (bytes === null) return null;
    live += bytes;
  }
  for (const [index, node] of nodes.entries()) {
    const isConstant = node.opType === 'Constant' && node.domain === '';
    for (const name of isConstant ? [] : node.outputs) {
      if (name === '') continue;
      const bytes = valueBytes(facts.of(graph, name));
      if (bytes === null) return null;
      live += bytes;
    }
    during.push(live);
    for (const name of freedAfter(graph, node, index, lastReader)) live -= valueBytes(facts.of(graph, name)) ?? 0;
  }
  return during;
}

function freedAfter(
  graph: GraphView,
  node: { readonly inputs: readonly string[]; readonly outputs: readonly string[] },
  index: number,
  lastReader: ReadonlyMap<string, number>,
): Iterable<string> {
  const freed = new Set<string>();
  for (const name of node.inputs) {
    const computed = graph.producer(name);
    if (computed && !graph.constant(name) && lastReader.get(name) === index && !graph.isOutput(name)) freed.add(name);
  }
  for (const name of node.outputs) if (name !== '' && !lastReader.has(name) && !graph.isOutput(name)) freed.add(name);
  return freed;
}
