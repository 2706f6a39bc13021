import type { Draft } from '../graph/draft.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';

/**
 * The graphs that passes work on: the main graph and its bodies at any depth. Function bodies are left out: their
 * inputs have no types and their attributes may be the caller's; `inline-functions` brings them into view.
 */
export function passGraphs(draft: Draft): GraphDraft[] {
  return draft.graphs().filter((graph) => {
    for (let each: GraphDraft | undefined = graph; each; each = each.owner?.graph) {
      if (each.kind === 'function') return false;
    }
    return true;
  });
}

/**
 * Calls `visit` for every node of the default domain whose operator is one of `opTypes`, in topological order and in
 * its state at that moment; nodes that were removed meanwhile are left out.
 */
export function forEachNode(
  draft: Draft,
  opTypes: ReadonlySet<string>,
  visit: (node: Node, graph: GraphDraft) => void,
): void {
  for (const graph of passGraphs(draft)) {
    for (const { id, opType, domain } of graph.nodes()) {
      if (domain !== '' || !opTypes.has(opType)) continue;
      const node = graph.node(id);
      if (node) visit(node, graph);
    }
  }
}

/** The only node that reads `value`, once; undefined when there are others or the graph hands the value out. */
export function soleConsumer(graph: GraphDraft, value: string): Node | undefined {
  if (graph.isOutput(value)) return undefined;
  const consumers = graph.consumers(value);
  const [only] = consumers;
  if (!only || consumers.length > 1) return undefined;
  const direct = only.inputs.filter((name) => name === value).length;
  return direct === 1 && !graph.bodies(only).some((body) => body.captures().has(value)) ? only : undefined;
}

/** The node of the default domain and of this operator that makes `value`. */
export function producerOf(graph: GraphDraft, value: string | undefined, opType: string): Node | undefined {
  const producer = value ? graph.producer(value) : undefined;
  return producer?.opType === opType && producer.domain === '' ? producer : undefined;
}

/** The version of the default operator set here; 0 when it is not imported. */
export function defaultOpset(graph: GraphDraft): number {
  return graph.opsets.get('') ?? 0;
}

/** False before opset 7, where `broadcast` and `axis` say how the second operand of an arithmetic operator is laid out. */
export function broadcastsFromTheBack(graph: GraphDraft): boolean {
  return defaultOpset(graph) >= 7;
}

/** True when the node has this input. */
export function hasInput(node: Node, index: number): boolean {
  return (node.inputs[index] ?? '') !== '';
}
