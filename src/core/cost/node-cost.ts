import { intAttribute } from '../graph/attribute.ts';
import { bitsPerElement, byteLengthOf, elementCount } from '../graph/data-type.ts';
import type { Draft } from '../graph/draft.ts';
import type { Node, NodeId, Tensor } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import type { SharedPart } from '../overlay.ts';
import type { Facts, ValueFacts } from '../shapes/facts.ts';
import { allConstant } from '../shapes/operation.ts';
import { macsOf, type Sizes } from './macs.ts';

/** What running a node once takes, by its shapes. Null where a shape is not known: never a guess. */
export interface NodeCost {
  readonly macs: number | null;
  /** Elements of the weights it reads; a weight read by two nodes counts at both. */
  readonly parameters: number;
  /** Read and written, weights included. */
  readonly bytes: number | null;
  /** Of its outputs alone. */
  readonly outputBytes: number | null;
}

/** The cost of one node. */
export function nodeCost(graph: GraphView, node: Node, facts: Facts): NodeCost {
  const sizes = (name: string | undefined): Sizes => sizesOf(name ? facts.of(graph, name) : undefined);
  const inputs = new Set(node.inputs.filter((name) => name !== ''));
  const read = total(Array.from(inputs, (name) => valueBytes(facts.of(graph, name))));
  const written = total(node.outputs.filter((name) => name !== '').map((name) => valueBytes(facts.of(graph, name))));
  return {
    macs: macsOf({ node, input: (index) => sizes(node.inputs[index]), output: (index) => sizes(node.outputs[index]) }),
    parameters: weightsOf(graph, node).reduce((sum, { parameters }) => sum + parameters, 0),
    bytes: read === null || written === null ? null : read + written,
    outputBytes: written,
  };
}

/** Bytes of a value with all its elements; null when its type or a size is unknown, or it is no tensor of fixed size. */
export function valueBytes(facts: ValueFacts): number | null {
  const sizes = sizesOf(facts);
  return sizes && facts.dtype && bitsPerElement(facts.dtype) > 0
    ? byteLengthOf(facts.dtype, elementCount(sizes))
    : null;
}

/** Sizes put in for symbols may be none that the model can have; then what comes of them is none either. */
function sizesOf(facts: ValueFacts | undefined): Sizes {
  const sizes = facts?.kind === 'tensor' && facts.shape ? allConstant(facts.shape) : undefined;
  return sizes?.every((size) => size >= 0) ? sizes : undefined;
}

const total = (parts: readonly (number | null)[]): number | null =>
  parts.reduce((sum, part) => (sum === null || part === null ? null : sum + part), 0 as number | null);

/** Types of tensors that index, choose or name rather than weigh. */
const notWeights = new Set(['int64', 'bool', 'string', 'undefined']);

/** Elements of a weight; 0 for constants of index types. Two 4-bit elements to a byte count as two. */
export function parameterCount({ dtype, dims }: Tensor): number {
  return notWeights.has(dtype) ? 0 : elementCount(dims);
}

/** What a node reads of one weight, which has no tensor when it is not a constant of the model. */
interface ReadWeight {
  readonly tensor: Tensor | undefined;
  readonly parameters: number;
}

/** The weights that a node reads, each once. */
function weightsOf(graph: GraphView, node: Node): readonly ReadWeight[] {
  if (node.domain === 'com.microsoft' && node.opType === 'MatMulNBits') {
    const parameters = intAttribute(node, 'N', 0) * intAttribute(node, 'K', 0);
    return [{ tensor: weightOf(graph, node.inputs[1] ?? ''), parameters }];
  }
  const tensors = new Set(node.inputs.map((name) => weightOf(graph, name)));
  return [...tensors].flatMap((tensor) => (tensor ? { tensor, parameters: parameterCount(tensor) } : []));
}

/** The weights that several nodes of a model read, with their elements. */
export function sharedWeights(draft: Draft): readonly SharedPart[] {
  const parts = new Map<Tensor, { figure: number; readonly nodes: NodeId[] }>();
  for (const graph of draft.graphs()) {
    for (const node of graph.nodes()) {
      for (const { tensor, parameters } of weightsOf(graph, node)) {
        if (!tensor || parameters === 0) continue;
        const part = parts.get(tensor);
        if (!part) parts.set(tensor, { figure: parameters, nodes: [node.id] });
        else {
          // A packed weight has more elements for the operator that knows how it is packed than for one that does not.
          part.figure = Math.min(part.figure, parameters);
          part.nodes.push(node.id);
        }
      }
    }
  }
  return [...parts.values()].filter(({ nodes }) => nodes.length > 1);
}

/** The weight behind a name; one that a caller may put another in place of is a weight all the same. */
function weightOf(graph: GraphView, name: string): Tensor | undefined {
  for (let at: GraphView | undefined = graph; at; at = at.owner?.graph)
    if (at.defines(name)) return at.initializer(name) ?? at.constant(name);
  return undefined;
}

/** Elements of all weights of a model, each counted once. */
export function modelParameters(draft: Draft): number {
  const seen = new Set<Tensor>();
  for (const graph of draft.graphs()) {
    for (const tensor of graph.initializers()) seen.add(tensor);
    for (const node of graph.nodes()) {
      if (node.opType !== 'Constant' || node.domain !== '') continue;
      const value = node.attributes.get('value');
      if (value?.type === 'tensor') seen.add(value.value);
    }
  }
  return [...seen].reduce((sum, tensor) => sum + parameterCount(tensor), 0);
}
