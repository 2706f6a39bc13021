import type { Attribute, Graph, Model, Node } from '../graph/model.ts';

/**
 * The same model with a name of its own for every node, so that a trace says which node ran. Nodes whose name nobody
 * else has keep it. Gives the model itself when there is nothing to do. Bodies of `If`, `Loop` and `Scan` take part;
 * functions do not: ONNX Runtime makes names of its own when it inlines them.
 */
export function withUniqueNames(model: Model): Model {
  const counts = new Map<string, number>();
  countNames(model.graph, counts);
  const graph = rename(model.graph, (name) => name !== '' && counts.get(name) === 1);
  return graph === model.graph ? model : { ...model, graph };
}

function countNames(graph: Graph, counts: Map<string, number>): void {
  const open = [graph];
  for (let next = open.pop(); next; next = open.pop()) {
    for (const node of next.nodes) {
      counts.set(node.name, (counts.get(node.name) ?? 0) + 1);
      for (const attribute of node.attributes.values()) {
        if (attribute.type === 'graph') open.push(attribute.value);
        else if (attribute.type === 'graphs') open.push(...attribute.value);
      }
    }
  }
}

// Bodies nest no deeper than the reader allows, so recursion is safe here.
function rename(graph: Graph, keeps: (name: string) => boolean): Graph {
  const nodes = graph.nodes.map((node) => renameNode(node, keeps));
  return nodes.every((node, index) => node === graph.nodes[index]) ? graph : { ...graph, nodes };
}

function renameNode(node: Node, keeps: (name: string) => boolean): Node {
  let attributes = node.attributes;
  for (const [name, attribute] of node.attributes) {
    const renamed = renameBodies(attribute, keeps);
    if (renamed !== attribute) attributes = new Map(attributes).set(name, renamed);
  }
  const name = keeps(node.name) ? node.name : `${node.name || node.opType} #${node.id}`;
  return name === node.name && attributes === node.attributes ? node : { ...node, name, attributes };
}

function renameBodies(attribute: Attribute, keeps: (name: string) => boolean): Attribute {
  if (attribute.type === 'graph') {
    const value = rename(attribute.value, keeps);
    return value === attribute.value ? attribute : { ...attribute, value };
  }
  if (attribute.type !== 'graphs') return attribute;
  const value = attribute.value.map((graph) => rename(graph, keeps));
  return value.every((graph, index) => graph === attribute.value[index]) ? attribute : { ...attribute, value };
}
