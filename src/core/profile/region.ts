/** Which part of a source graph each node of the graph that ONNX Runtime made of it computes. */
import type { Graph, Node, NodeId } from '../graph/model.ts';
import { duplicatesOf } from './duplicates.ts';
import { withInlinedBranches } from './inlined-branches.ts';
import { graphsOf, type Links, linksOf } from './links.ts';

export interface CoveredRegion {
  /** Nodes of the source, at least one. */
  readonly nodes: readonly Node[];
  readonly inserted: boolean;
}

export interface GraphMatch {
  /** By node of the graph as run, bodies included. */
  readonly covers: ReadonlyMap<NodeId, CoveredRegion>;
}

/** A name in the graph as run → the source value that it is, perhaps in another layout or type. */
type Alias = (name: string) => string | undefined;

/** Matches two main graphs and the bodies in them. Time is linear in the size of both but for values that ORT removed. */
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
  const from = linksOf(withInlinedBranches(source, asRun));
  const to = linksOf(asRun);
  const kept = untouchedNodes(from, to);
  const alias = aliases(from, to, kept, outer);
  const materialized = new Set<string>();
  for (const name of [
    ...asRun.nodes.flatMap(({ outputs }) => outputs),
    ...asRun.initializers.keys(),
    ...asRun.inputs.map((input) => input.name),
  ]) {
    const value = alias(name);
    if (value !== undefined) materialized.add(value);
  }
  const region = regionWalker(from, materialized, new Set(kept.values()));
  const covered = new Map<Node, CoveredRegion>();
  for (const cluster of clusters(to, alias)) coverCluster(cluster, to, from, alias, region, covered);
  for (const [node, original] of kept) {
    // What keeps name and operator is that node, whatever its value is called now.
    if (!covered.get(node)?.nodes.includes(original)) covered.set(node, { nodes: [original], inserted: false });
  }
  coverWaiting(to, covered);
  return { covered, alias };
}

/** Suffixes that ORT adds to a value's name for the same value in another layout or type. */
const suffix = /(?:_nchwc|_nhwc|_token_\d+)$/;

/** Every name of the graph as run that stands for a source value: by its own name, or by the node that makes it. */
function aliases(from: Links, to: Links, kept: ReadonlyMap<Node, Node>, outer: Alias): Alias {
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
  for (const node of to.graph.nodes) {
    // A node that ORT left alone makes the same value, also where its output was renamed; one that it moved to the
    // blocked layout is named after the value it makes.
    const blocked = node.domain === 'com.microsoft.nchwc' ? blockedValue(node, from) : undefined;
    const values = blocked !== undefined ? [blocked] : (kept.get(node)?.outputs ?? []);
    for (const [index, output] of node.outputs.entries()) {
      const value = values[index];
      if (value && output !== '' && byName(output) === undefined) byNode.set(output, value);
    }
  }
  // A name made from that of a node is a guess: what a transpose that was put in gives tells what it was given.
  const moved = new Map<string, string>();
  for (const node of to.graph.nodes) {
    const [from, made] = [node.inputs[0] ?? '', node.outputs[0] ?? ''];
    if (/^(?:Transpose|Gather)$/.test(node.opType) && !kept.has(node) && known.has(made) && to.producer.has(from)) {
      if (!known.has(from) && byName(from) !== undefined) moved.set(from, made);
    }
  }
  return (name) => (name === '' ? undefined : (moved.get(name) ?? byName(name) ?? byNode.get(name)));
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

/** Nodes of the graph as run that ORT left alone → the source's: name and operator are the same, and nobody else's. */
function untouchedNodes(from: Links, to: Links): ReadonlyMap<Node, Node> {
  const originals = uniqueByLabel(from.graph.nodes);
  const kept = new Map<Node, Node>();
  for (const [label, node] of uniqueByLabel(to.graph.nodes)) {
    const original = node.domain === '' ? originals.get(label) : undefined;
    if (original?.domain === '') kept.set(node, original);
  }
  return kept;
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
 * constants or on shapes were folded when the session was made, so they take no part unless they are still there
 * (`kept`) or there is nothing else. Of nodes that compute the same, ORT keeps one, which then works for all of them.
 */
function regionWalker(
  from: Links,
  materialized: ReadonlySet<string>,
  kept: ReadonlySet<Node>,
): (values: Iterable<string>) => readonly Node[] {
  const folded = foldedNodes(from);
  const duplicates = duplicatesOf(from.graph);
  const merged = (value: string) => (duplicates.get(value) ?? []).filter((twin) => !materialized.has(twin));
  const exists = (value: string) =>
    materialized.has(value) || (duplicates.get(value) ?? []).some((twin) => materialized.has(twin));
  return (values) => {
    const found = new Set<Node>();
    const open = [...values].flatMap((value) => [value, ...merged(value)]);
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      const node = from.producer.get(value);
      if (!node || found.has(node)) continue;
      found.add(node);
      // A branch that was put in the place of its `If` reads for itself, and the other branch reads nothing.
      const reads = node.opType === 'If' && !kept.has(node) ? node.inputs : from.reads(node);
      for (const read of reads) if (!exists(read)) open.push(read);
    }
    const nodes = [...found];
    const working = nodes.filter((node) => !folded.has(node) || kept.has(node));
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
    const inserted =
      same.length === 0 &&
      ((hidden && converts(node)) || (movesOnly(node) && [...pending.keys()].some((other) => works(other, own))));
    covered.set(node, { nodes: own, inserted });
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

function converts({ opType }: Node): boolean {
  return /^(?:Cast|Transpose|Reorder(?:Input|Output)|Memcpy(?:To|From)Host|QuantizeLinear|DequantizeLinear)$/.test(
    opType,
  );
}

function movesOnly({ opType, domain }: Node): boolean {
  return domain === '' && /^(?:Cast|Transpose|Reshape|Squeeze|Unsqueeze|Gather|Identity)$/.test(opType);
}

/** A kernel made for these nodes as a whole; what only moves values beside it was put in for it. */
function works({ opType, domain }: Node, nodes: readonly Node[]): boolean {
  return domain !== '' || opType === 'Gemm' || nodes.some((node) => node.opType === opType);
}

function unique<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}
