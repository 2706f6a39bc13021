import { Draft } from '../core/graph/draft.ts';
import type { Attribute, Graph, Model, Node, NodeId } from '../core/graph/model.ts';

/** What a file of a model does not hold, and what others name its nodes by. */
export interface NodeIds {
  /** Of the nodes, bodies and functions included, in the order in which they are read. */
  readonly ids: readonly number[];
  readonly nextNodeId: number;
}

/** The ids of a model that is written, to be given back to it by `withIds`. */
export function idsOf(model: Model): NodeIds {
  return { ids: nodesOf(model).map(({ id }) => id), nextNodeId: model.nextNodeId };
}

/** Nodes in the order of the file: each before those in the bodies it holds. */
function nodesOf(model: Model): readonly Node[] {
  return new Draft(model).graphs().flatMap((graph) => [...graph.nodes()]);
}

/** The model with the node ids it had when it was kept; reading gave it new ones. */
export function withIds(model: Model, { ids, nextNodeId }: NodeIds): Model {
  const nodes = nodesOf(model);
  if (nodes.length !== ids.length) return model;
  const idOf = new Map(nodes.map((node, index) => [node.id, ids[index] as NodeId]));
  const renumber = (node: Node): Node => ({
    ...node,
    id: idOf.get(node.id)!,
    attributes: new Map([...node.attributes].map(([name, attribute]) => [name, inAttribute(attribute)])),
  });
  const inAttribute = (attribute: Attribute): Attribute => {
    if (attribute.type === 'graph') return { ...attribute, value: inGraph(attribute.value) };
    if (attribute.type === 'graphs') return { ...attribute, value: attribute.value.map(inGraph) };
    return attribute;
  };
  const inGraph = (graph: Graph): Graph => ({ ...graph, nodes: graph.nodes.map(renumber) });
  return {
    ...model,
    graph: inGraph(model.graph),
    functions: model.functions.map((each) => ({ ...each, nodes: each.nodes.map(renumber) })),
    nextNodeId,
  };
}
