/** Which part of a source graph each node of the graph that ONNX Runtime made of it computes. */
import type { Graph, Node, NodeId } from '../graph/model.ts';

export interface CoveredRegion {
  /** Nodes of the source, at least one. */
  readonly nodes: readonly Node[];
  readonly inserted: boolean;
}

export interface GraphMatch {
  /** By node of the graph as run, bodies included. */
  readonly covers: ReadonlyMap<NodeId, CoveredRegion>;
}

/** What a graph looks like from a value: who makes it, who reads it. Bodies read for the node that holds them. */
interface Links {
  readonly graph: Graph;
  readonly producer: ReadonlyMap<string, Node>;
  /** Values that a node reads, itself or in a body. */
  reads(node: Node): readonly string[];
  /** Nodes that read a value, each once. */
  readers(value: string): readonly Node[];
}

/** A name in the graph as run → the source value that it is, perhaps in another layout or type. */
type Alias = (name: string) => string | undefined;

/** Matches two main graphs and the bodies in them. */
export function matchGraphs(source: Graph, asRun: Graph): GraphMatch {
  const covers = new Map<NodeId, CoveredRegion>();
  const work: { source: Graph; asRun: Graph; outer: Alias }[] = [{ source, asRun, outer: () => undefined }];
  for (let item = work.pop(); item; item = work.pop()) {
    const { covered, alias } = matchOneGraph(item.source, item.asRun, item.outer);
    for (const [node, region] of covered) {
      covers.set(node.id, region);
      for (const [attribute, body] of graphsOf(node)) {
        const holders = region.nodes.filter(({ opType }) => opType === node.opType);
        const sourceBody = holders.length === 1 ? graphsOf(holders[0]!).get(attribute) : undefined;
        if (sourceBody) work.push({ source: sourceBody, asRun: body, outer: alias });
      }
    }
  }
  return { covers };
}

function matchOneGraph(source: Graph, asRun: Graph, outer: Alias) {
  const from = linksOf(source);
  const to = linksOf(asRun);
  const alias = aliases(from, to, outer);
  const materialized = new Set<string>();
  for (const name of [
    ...asRun.nodes.flatMap(({ outputs }) => outputs),
    ...asRun.initializers.keys(),
    ...asRun.inputs.map((input) => input.name),
  ]) {
    const value = alias(name);
    if (value !== undefined) materialized.add(value);
  }
  const region = regionWalker(from, materialized);
  const covered = new Map<Node, CoveredRegion>();
  for (const cluster of clusters(to, alias)) coverCluster(cluster, to, from, alias, region, covered);
  coverWaiting(to, covered);
  return { covered, alias };
}

/** Suffixes that ORT adds to a value's name for the same value in another layout or type. */
const suffix = /(?:_nchwc|_nhwc|_token_\d+)$/;

/** Every name of the graph as run that stands for a source value: by its own name, or by the node that makes it. */
function aliases(from: Links, to: Links, outer: Alias): Alias {
  const known = new Set([
    ...from.producer.keys(),
    ...from.graph.initializers.keys(),
    ...from.graph.inputs.map(({ name }) => name),
  ]);
  // When ORT moves a transpose behind a node, it names the node's new output after the node that made the value.
  const makers = new Map<string, string>();
  for (const node of uniqueByLabel(from.graph.nodes).values()) {
    if (node.outputs.length === 1 && !known.has(node.name)) makers.set(node.name, node.outputs[0]!);
  }
  const byName = (name: string): string | undefined => {
    let rest = name;
    for (;;) {
      // ORT calls reordered values `reorder_token_7`, whatever they hold.
      if (known.has(rest) && (rest === name || rest !== 'reorder')) return rest;
      const value = makers.get(rest);
      if (value !== undefined) return value;
      if (!suffix.test(rest)) return outer(name);
      rest = rest.replace(suffix, '');
    }
  };
  const byNode = new Map<string, string>();
  const untouched = uniqueByLabel(from.graph.nodes);
  const labels = uniqueByLabel(to.graph.nodes);
  for (const node of to.graph.nodes) {
    // A node that ORT left alone keeps name and operator, also where its output was renamed; one that it moved to the
    // blocked layout is named after the value it makes.
    const label = labelOf(node);
    const original = labels.get(label) === node ? untouched.get(label) : undefined;
    const blocked = node.domain === 'com.microsoft.nchwc' ? blockedValue(node, from) : undefined;
    const values = blocked !== undefined ? [blocked] : (original?.outputs ?? []);
    for (const [index, output] of node.outputs.entries()) {
      const value = values[index];
      if (value && output !== '' && byName(output) === undefined) byNode.set(output, value);
    }
  }
  return (name) => (name === '' ? undefined : (byName(name) ?? byNode.get(name)));
}

/**
 * The source value that a node in the blocked layout makes. ORT names it after the value when it changes the layout,
 * and afterwards may put an addition (a fourth input) and an activation into it, which then belong to it too.
 */
function blockedValue(node: Node, from: Links): string | undefined {
  const value = node.name.replace(/_nchwc$/, '');
  const maker = from.producer.get(value);
  if (value === node.name || !maker) return undefined;
  const reader = (name: string, opType: string): Node | undefined => {
    const readers = from.readers(name);
    return readers.length === 1 && readers[0]!.opType === opType ? readers[0] : undefined;
  };
  if (node.opType !== 'Conv' || !node.inputs[3]) return value;
  const sum = reader(value, 'Add') ?? reader(value, 'Sum');
  if (!sum) return value;
  const activation = node.attributes.get('activation');
  const name = activation?.type === 'string' ? new TextDecoder().decode(activation.value) : '';
  return (reader(sum.outputs[0]!, name) ?? sum).outputs[0]!;
}

function labelOf({ opType, name }: Node): string {
  return `${opType}/${name}`;
}

function uniqueByLabel(nodes: readonly Node[]): ReadonlyMap<string, Node> {
  const unique = new Map<string, Node | undefined>();
  for (const node of nodes) {
    if (node.name === '') continue;
    const label = labelOf(node);
    unique.set(label, unique.has(label) ? undefined : node);
  }
  return new Map([...unique].filter((entry): entry is [string, Node] => entry[1] !== undefined));
}

/**
 * Gives the source nodes between a value and the values that still exist in the graph as run. Nodes that only work on
 * constants or on shapes were folded when the session was made, so they take no part unless there is nothing else.
 */
function regionWalker(from: Links, materialized: ReadonlySet<string>): (values: Iterable<string>) => readonly Node[] {
  const folded = foldedNodes(from);
  return (values) => {
    const found = new Set<Node>();
    const open = [...values];
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      const node = from.producer.get(value);
      if (!node || found.has(node)) continue;
      found.add(node);
      for (const read of from.reads(node)) if (!materialized.has(read)) open.push(read);
    }
    const nodes = [...found];
    const working = nodes.filter((node) => !folded.has(node));
    return working.length > 0 ? working : nodes;
  };
}

/** Nodes whose every input is a constant of the model or comes from shapes alone. */
function foldedNodes({ graph, producer, reads }: Links): ReadonlySet<Node> {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const folded = new Map<Node, boolean>();
  const waiting = new Set<Node>();
  const inputState = (value: string): boolean | Node => {
    const node = producer.get(value);
    if (node) return folded.get(node) ?? node;
    return value === '' || (graph.initializers.has(value) && !inputs.has(value));
  };
  for (const start of graph.nodes) {
    const open = [start];
    for (let node = open.at(-1); node; node = open.at(-1)) {
      waiting.add(node);
      const states = /^(?:Shape|Size)$/.test(node.opType) ? [] : reads(node).map(inputState);
      // A node on the stack can only be met again in a cycle, which no valid model has.
      const next = states.find((state): state is Node => typeof state === 'object' && !waiting.has(state));
      if (next && !folded.has(node)) {
        open.push(next);
        continue;
      }
      folded.set(
        node,
        states.every((state) => state === true) && !/^Random|^(?:Multinomial|Bernoulli)$/.test(node.opType),
      );
      waiting.delete(node);
      open.pop();
    }
  }
  return new Set(graph.nodes.filter((node) => folded.get(node)));
}

/** Nodes of the graph as run, joined where a value between them has no counterpart in the source; each group in graph order. */
function clusters({ graph, producer, reads }: Links, alias: Alias): readonly (readonly Node[])[] {
  const leader = new Map<Node, Node>(graph.nodes.map((node) => [node, node]));
  const find = (node: Node): Node => {
    let top = node;
    while (leader.get(top) !== top) top = leader.get(top)!;
    leader.set(node, top);
    return top;
  };
  for (const node of graph.nodes) {
    for (const value of reads(node)) {
      const maker = producer.get(value);
      if (maker && alias(value) === undefined) leader.set(find(maker), find(node));
    }
  }
  const groups = new Map<Node, Node[]>();
  for (const node of graph.nodes) {
    const group = groups.get(find(node));
    if (group) group.push(node);
    else groups.set(find(node), [node]);
  }
  return [...groups.values()];
}

function coverCluster(
  cluster: readonly Node[],
  to: Links,
  from: Links,
  alias: Alias,
  region: (values: Iterable<string>) => readonly Node[],
  covered: Map<Node, CoveredRegion>,
): void {
  // From the last node to the first: one whose outputs have no counterpart works for the nodes that read it.
  const inCluster = new Set(cluster);
  const readers = new Map<Node, Node[]>();
  for (const node of cluster) {
    for (const value of to.reads(node)) {
      const maker = to.producer.get(value);
      if (maker && inCluster.has(maker) && alias(value) === undefined)
        readers.set(maker, [...(readers.get(maker) ?? []), node]);
    }
  }
  const claimed = new Set<Node>();
  const pending = new Map<Node, readonly Node[]>();
  for (const node of [...cluster].reverse()) {
    const values = node.outputs.map(alias).filter((value) => value !== undefined);
    const inputs = new Set(node.inputs.map(alias));
    const converted = values.length > 0 && values.every((value) => inputs.has(value));
    if (converted) {
      const makers = values.map((value) => from.producer.get(value)).filter((maker) => maker !== undefined);
      if (makers.length > 0) covered.set(node, { nodes: makers, inserted: true });
      continue;
    }
    const works =
      values.length > 0
        ? region(values)
        : unique((readers.get(node) ?? []).flatMap((reader) => pending.get(reader) ?? []));
    pending.set(node, works);
    if (values.length === 0) for (const same of works) if (same.opType === node.opType) claimed.add(same);
  }
  for (const [node, nodes] of pending) {
    if (nodes.length === 0) continue;
    const hidden = node.outputs.every((output) => alias(output) === undefined);
    const same = nodes.filter(({ opType }) => opType === node.opType);
    const rest = nodes.filter((each) => !claimed.has(each));
    const own = hidden ? (same.length > 0 ? same : nodes) : rest.length > 0 ? rest : nodes;
    covered.set(node, { nodes: own, inserted: hidden && isConversion(node) && same.length === 0 });
  }
}

/** A conversion of an input of the model, or of a constant, works for the nodes that read it. */
function coverWaiting(to: Links, covered: Map<Node, CoveredRegion>): void {
  for (const node of [...to.graph.nodes].reverse()) {
    if (covered.has(node)) continue;
    const readers = node.outputs.flatMap((output) => to.readers(output));
    const nodes = unique(readers.flatMap((reader) => covered.get(reader)?.nodes ?? []));
    if (nodes.length > 0) covered.set(node, { nodes, inserted: true });
  }
}

function isConversion({ opType }: Node): boolean {
  return /^(?:Cast|Transpose|Reorder(?:Input|Output)|Memcpy(?:To|From)Host|QuantizeLinear|DequantizeLinear)$/.test(
    opType,
  );
}

function linksOf(graph: Graph): Links {
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

function graphsOf(node: Node): ReadonlyMap<string, Graph> {
  const graphs = new Map<string, Graph>();
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'graph') graphs.set(name, attribute.value);
    else if (attribute.type === 'graphs')
      for (const [at, graph] of attribute.value.entries()) graphs.set(`${name}[${at}]`, graph);
  }
  return graphs;
}

function unique<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}
