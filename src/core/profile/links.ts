import type { Graph, Node } from '../graph/model.ts';

/** What a graph looks like from a value: who makes it, who reads it. Bodies read for the node that holds them. */
export interface Links {
  readonly graph: Graph;
  readonly producer: ReadonlyMap<string, Node>;
  /** Values that a node reads, itself or in a body. */
  reads(node: Node): readonly string[];
  /** Nodes that read a value, each once. */
  readers(value: string): readonly Node[];
}

/** Looks through the nodes once; bodies are looked through when they are asked for. */
export function linksOf(graph: Graph): Links {
  const producer = new Map<string, Node>();
  for (const node of graph.nodes) for (const output of node.outputs) if (output !== '') producer.set(output, node);
  const captured = new Map<Node, readonly string[]>();
  const reads = (node: Node): readonly string[] => {
    const bodies = graphsOf(node);
    if (bodies.size === 0) return node.inputs;
    let names = captured.get(node);
    if (!names) {
      names = [...node.inputs, ...capturesOf([...bodies.values()])];
      captured.set(node, names);
    }
    return names;
  };
  let readersOf: Map<string, Node[]> | undefined;
  const readers = (value: string): readonly Node[] => {
    if (!readersOf) {
      readersOf = new Map();
      for (const node of graph.nodes) {
        for (const read of new Set(reads(node))) {
          const list = readersOf.get(read);
          if (list) list.push(node);
          else readersOf.set(read, [node]);
        }
      }
    }
    return readersOf.get(value) ?? [];
  };
  return { graph, producer, reads, readers };
}

/** Names read anywhere in these graphs or in bodies inside them. Some may be their own: those have no producer outside. */
function capturesOf(graphs: readonly Graph[]): readonly string[] {
  const names = new Set<string>();
  const own = new Set<string>();
  const open = [...graphs];
  for (let graph = open.pop(); graph; graph = open.pop()) {
    for (const { name } of graph.inputs) own.add(name);
    for (const { name } of graph.outputs) names.add(name);
    for (const node of graph.nodes) {
      for (const input of node.inputs) names.add(input);
      for (const output of node.outputs) own.add(output);
      open.push(...graphsOf(node).values());
    }
  }
  return [...names].filter((name) => !own.has(name));
}

/** The graphs that a node holds, by attribute; several of one attribute as `name[index]`. */
export function graphsOf(node: Node): ReadonlyMap<string, Graph> {
  const graphs = new Map<string, Graph>();
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'graph') graphs.set(name, attribute.value);
    else if (attribute.type === 'graphs')
      for (const [at, graph] of attribute.value.entries()) graphs.set(`${name}[${at}]`, graph);
  }
  return graphs;
}
