import type { Attribute, Graph, Model, Node, Tensor } from '../graph/model.ts';

/** Every tensor of a model: initializers and attributes, in bodies and functions too, in the order of the file. */
export function* tensorsOf(model: Model): Generator<Tensor> {
  yield* tensorsOfGraph(model.graph);
  for (const { nodes, attributeDefaults } of model.functions) {
    for (const node of nodes) yield* tensorsOfNode(node);
    for (const attribute of attributeDefaults.values()) yield* tensorsOfAttribute(attribute);
  }
}

function* tensorsOfGraph(graph: Graph): Generator<Tensor> {
  for (const node of graph.nodes) yield* tensorsOfNode(node);
  yield* graph.initializers.values();
  for (const { values, indices } of graph.sparseInitializers) yield* [values, indices];
}

function* tensorsOfNode(node: Node): Generator<Tensor> {
  for (const attribute of node.attributes.values()) yield* tensorsOfAttribute(attribute);
}

function* tensorsOfAttribute({ type, value }: Attribute): Generator<Tensor> {
  if (type === 'tensor') yield value;
  else if (type === 'tensors') yield* value;
  else if (type === 'graph') yield* tensorsOfGraph(value);
  else if (type === 'graphs') for (const graph of value) yield* tensorsOfGraph(graph);
  else if (type === 'sparse-tensor') yield* [value.values, value.indices];
  else if (type === 'sparse-tensors') for (const sparse of value) yield* [sparse.values, sparse.indices];
}
