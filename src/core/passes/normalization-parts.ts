/** What the fusions of normalizations look for. */
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { keepsDims, reducedAxes } from './operands.ts';
import { rankOf, sameShapes, scalarWithin, shapeOf } from './shape-facts.ts';
import { producerOf, soleConsumer } from './visit.ts';

/** A mean over the last axis that keeps it. */
export function meanOf(graph: GraphDraft, facts: Facts, value: string): Node | undefined {
  const mean = producerOf(graph, value, 'ReduceMean');
  const rank = rankOf(facts, graph, mean?.inputs[0]);
  if (!mean || rank === undefined || !keepsDims(mean)) return undefined;
  const axes = reducedAxes(graph, mean);
  return axes?.length === 1 && (axes[0] === -1 || axes[0] === rank - 1) ? mean : undefined;
}

/** Whether a node squares a value and keeps its rank. */
export function isSquareOf(graph: GraphDraft, facts: Facts, node: Node, value: string): boolean {
  if (node.inputs[0] !== value || node.domain !== '') return false;
  if (node.opType === 'Mul') return node.inputs[1] === value;
  return node.opType === 'Pow' && scalarWithin(facts, graph, value, node.inputs[1]) === 2;
}

/** The product or sum with one constant per element of the last axis that alone reads a node. */
export function affineStep(
  graph: GraphDraft,
  facts: Facts,
  node: Node,
  opType: 'Mul' | 'Add',
  input: string,
): { node: Node; operand: string } | undefined {
  const reader = soleConsumer(graph, node.outputs[0]!);
  if (reader?.opType !== opType || reader.domain !== '') return undefined;
  const operand = reader.inputs[reader.inputs[0] === node.outputs[0] ? 1 : 0]!;
  const last = shapeOf(facts, graph, input)?.slice(-1);
  const fits = graph.constant(operand) !== undefined && sameShapes(shapeOf(facts, graph, operand), last);
  return fits ? { node: reader, operand } : undefined;
}

/** Whether nothing but `readers` reads what `nodes` give. */
export function onlyReadBy(graph: GraphDraft, nodes: readonly Node[], readers: readonly Node[]): boolean {
  const ids = new Set(readers.map(({ id }) => id));
  return nodes.every(
    ({ outputs: [output] }) => !graph.isOutput(output!) && graph.consumers(output!).every(({ id }) => ids.has(id)),
  );
}
