import { byteLengthOf, elementCount } from '../graph/data-type.ts';
import { isDeterministic } from '../graph/determinism.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node, NodeId } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { staticShape } from './shape-facts.ts';

/** Nodes whose folding would undo a quantization, and those whose results are no tensors or no results. */
const neverFolded = new Set([
  'Constant',
  'QuantizeLinear',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'SequenceEmpty',
  'SequenceConstruct',
  'SplitToSequence',
  'Optional',
  'StringNormalizer',
]);

/** Operators of the default domain that can be computed from constants here. */
export interface Frontier {
  /** In topological order. */
  readonly foldable: readonly Node[];
  /** Values that foldable nodes make and something else reads, or the graph hands out. */
  readonly results: ReadonlySet<string>;
}

/** Foldable nodes that hang together, and what folding them does to the file. */
export interface Component {
  readonly nodes: readonly Node[];
  readonly results: readonly string[];
  /** Bytes that the file grows by: those of the results, without those of the nodes and of the constants only they read. */
  readonly growth: number;
  /** The node with the largest result. */
  readonly largest: NodeId;
}

/** What depends on constants only; results whose size is not known are not folded. */
export function findFrontier(graph: GraphDraft, facts: Facts, barriers: ReadonlySet<NodeId>): Frontier {
  const known = new Set<string>();
  const foldable: Node[] = [];
  for (const node of graph.nodes()) {
    if (barriers.has(node.id) || node.domain !== '' || neverFolded.has(node.opType) || !isDeterministic(node)) continue;
    if (node.attributes.size > 0 && [...node.attributes.values()].some(({ type }) => type === 'reference')) continue;
    if (!node.inputs.every((input) => input === '' || known.has(input) || graph.constant(input))) continue;
    if (node.outputs.some((output) => output !== '' && sizeOf(graph, facts, output) === undefined)) continue;
    foldable.push(node);
    for (const output of node.outputs) known.add(output);
  }
  const ids = new Set(foldable.map(({ id }) => id));
  const results = new Set<string>();
  for (const { outputs } of foldable) {
    for (const output of outputs) {
      if (output === '') continue;
      if (graph.isOutput(output) || graph.consumers(output).some(({ id }) => !ids.has(id))) results.add(output);
    }
  }
  return { foldable, results };
}

function sizeOf(graph: GraphDraft, facts: Facts, value: string): number | undefined {
  const { dtype, kind } = facts.of(graph, value);
  const dims = kind === 'tensor' ? staticShape(facts, graph, value) : undefined;
  return dims && dtype && byteLengthOf(dtype, elementCount(dims));
}

/** The frontier in pieces that share no constant and no value, each in topological order. */
export function components(graph: GraphDraft, facts: Facts, { foldable, results }: Frontier): Component[] {
  const groupOf = new Map<string, number>();
  const parent: number[] = [];
  const find = (group: number): number => {
    while (parent[group] !== group) {
      parent[group] = parent[parent[group]!]!;
      group = parent[group]!;
    }
    return group;
  };
  for (const [index, node] of foldable.entries()) {
    parent[index] = index;
    for (const value of [...node.inputs, ...node.outputs]) {
      // Small shared constants, such as axes, do not make two folds one.
      if (value === '' || (graph.constant(value)?.data.byteLength ?? Number.POSITIVE_INFINITY) <= 64) continue;
      const other = groupOf.get(value);
      if (other === undefined) groupOf.set(value, index);
      else parent[find(index)] = find(other);
    }
  }
  const groups = new Map<number, Node[]>();
  for (const [index, node] of foldable.entries()) {
    const root = find(index);
    const group = groups.get(root);
    if (group) group.push(node);
    else groups.set(root, [node]);
  }
  return Array.from(groups.values(), (nodes) => componentOf(graph, facts, nodes, results));
}

function componentOf(
  graph: GraphDraft,
  facts: Facts,
  nodes: readonly Node[],
  frontier: ReadonlySet<string>,
): Component {
  const ids = new Set(nodes.map(({ id }) => id));
  const results: string[] = [];
  let growth = 0;
  let largest = nodes[0]!.id;
  let largestSize = -1;
  const freed = new Set<string>();
  for (const node of nodes) {
    growth -= leastBytesOf(node);
    for (const output of node.outputs) {
      if (!frontier.has(output)) continue;
      const size = sizeOf(graph, facts, output)!;
      results.push(output);
      growth += size + output.length + headerBytes;
      if (size > largestSize) [largest, largestSize] = [node.id, size];
    }
    for (const input of node.inputs) {
      if (graph.initializer(input) && !graph.isOutput(input)) freed.add(input);
    }
  }
  for (const name of freed) {
    if (graph.consumers(name).every(({ id }) => ids.has(id))) growth -= graph.initializer(name)!.data.byteLength;
  }
  return { nodes, results, growth, largest };
}

/** An initializer has about this many bytes beside its name and its data. */
const headerBytes = 24;

/** Bytes of a node in the file at least: its strings, each with a tag and a length, in a message of its own. */
function leastBytesOf({ name, opType, inputs, outputs }: Node): number {
  return [name, opType, ...inputs, ...outputs].reduce((sum, text) => sum + text.length + 2, 2);
}
