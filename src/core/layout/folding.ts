/** What is not drawn as a box: constants, and what is computed from them for one reader. */
import type { Node, NodeId, Tensor } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';

/** These stay boxes: where a model is quantized is what people look for. A random value is no constant. */
const neverFolded = /^(Quantize|Dequantize|Random|Bernoulli|Multinomial|Dropout)/;

/**
 * Nodes that are drawn as lines in the nodes that read them: constants, what merely passes one on, and what is computed
 * from constants alone for one reader. What is a result of the graph is drawn.
 */
export function foldedNodes(graph: GraphView): ReadonlySet<NodeId> {
  const folded = new Set<NodeId>();
  const isConstant = (value: string) => {
    const producer = graph.producer(value);
    return producer ? folded.has(producer.id) : shownConstant(graph, value) !== undefined;
  };
  for (const node of graph.nodes()) {
    if (node.domain !== '' || node.outputs.some((output) => graph.isOutput(output))) continue;
    const isPassedOn = node.opType === 'Identity' && shownConstant(graph, node.inputs[0] ?? '') !== undefined;
    if (node.opType === 'Constant' || isPassedOn) folded.add(node.id);
    else if (node.outputs.length === 1 && !neverFolded.test(node.opType)) {
      const named = node.inputs.filter((input) => input !== '');
      if (named.length === 0 || !named.every(isConstant) || graph.bodies(node).length > 0) continue;
      const [reader, ...others] = graph.consumers(node.outputs[0]!);
      if (reader?.inputs.includes(node.outputs[0]!) && others.length === 0) folded.add(node.id);
    }
  }
  return folded;
}

/** The tensor behind a value that is drawn as a constant: an initializer, overridable or not, or a constant, through any number of Identity nodes. */
export function shownConstant(graph: GraphView, value: string): Tensor | undefined {
  let scope: GraphView | undefined = graph;
  let name = value;
  // A chain longer than this is a cycle.
  for (let step = 0; step < 100 && scope; step++) {
    const tensor: Tensor | undefined = scope.initializer(name) ?? scope.constant(name);
    if (tensor) return tensor;
    const producer: Node | undefined = scope.producer(name);
    if (producer?.opType === 'Identity' && producer.domain === '') name = producer.inputs[0] ?? '';
    else if (producer || scope.isInput(name)) return undefined;
    else scope = scope.owner?.graph;
  }
  return undefined;
}
