import { peakActivationBytes } from '../core/cost/memory.ts';
import { type NodeCost, nodeCost } from '../core/cost/node-cost.ts';
import { Draft } from '../core/graph/draft.ts';
import type { Model, NodeId } from '../core/graph/model.ts';
import { createFacts } from '../core/shapes/infer.ts';
import type { Feeds } from '../protocol/runtime.ts';

/** What a node takes, and how many of the bytes it reads are weights. */
export type FedCost = NodeCost & { readonly weightBytes: number };

/** What a model takes at some sizes. */
export interface FedCosts {
  /** Of every node, bodies included. */
  readonly nodes: ReadonlyMap<NodeId, FedCost>;
  /** The most bytes of activations alive at once in the main graph; null when a size is not known. */
  readonly peakActivationBytes: number | null;
}

/** What a model takes when it is fed these inputs: their sizes stand for its symbols. */
export function fedCosts(model: Model, feeds: Feeds): FedCosts {
  const draft = new Draft(model);
  const dims = new Map<string, number>();
  for (const { name, type } of model.graph.inputs) {
    const fed = feeds[name]?.dims;
    if (type?.kind !== 'tensor' || !fed) continue;
    for (const [axis, dim] of (type.shape ?? []).entries()) if (typeof dim === 'string') dims.set(dim, fed[axis]!);
  }
  const facts = createFacts(draft, { dims });
  const costs = new Map<NodeId, FedCost>();
  for (const graph of draft.graphs()) {
    for (const node of graph.nodes()) {
      const weights = new Set(node.inputs.map((name) => (name === '' ? undefined : graph.constant(name))));
      const weightBytes = [...weights].reduce((sum, tensor) => sum + (tensor?.data.byteLength ?? 0), 0);
      costs.set(node.id, { ...nodeCost(graph, node, facts), weightBytes });
    }
  }
  return { nodes: costs, peakActivationBytes: peakActivationBytes(draft.main, facts) };
}
