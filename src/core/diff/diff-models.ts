import { readAll } from '../graph/byte-source.ts';
import { Draft } from '../graph/draft.ts';
import type { Model, Node, NodeId, Tensor } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { alignInOrder } from './align.ts';
import { contentOf, createInterner, type Fingerprints, fingerprint } from './fingerprint.ts';

/** How the nodes of two models belong together. Every node of either is in one pair or among removed or added. */
export interface ModelDiff {
  readonly pairs: readonly (readonly [a: NodeId, b: NodeId])[];
  /** Nodes of b whose partner has another operator, other attributes or other constants. */
  readonly changed: readonly NodeId[];
  readonly removed: readonly NodeId[];
  readonly added: readonly NodeId[];
}

/**
 * Compares any two models, also such that share no names: nodes are matched by what leads to them and what they lead
 * to, then along the edges from matched ones, then by names. A renamed node is the same node. Weights that are not in
 * memory are read, for matched nodes only, when `weights` is set.
 */
export async function diffModels(a: Model, b: Model, options: { readonly weights?: boolean } = {}): Promise<ModelDiff> {
  const [draftA, draftB] = [new Draft(a), new Draft(b)];
  const pairs: [Node, Node][] = [];
  const changed: NodeId[] = [];
  const queue: [GraphView, GraphView][] = [[draftA.main, draftB.main], ...functionPairs(draftA, draftB)];
  for (const [graphA, graphB] of queue) {
    for (const [one, other] of matchGraphs(graphA, graphB)) {
      pairs.push([one, other]);
      const same = contentOf(graphA, one) === contentOf(graphB, other);
      if (!same || (options.weights && !(await sameWeights(graphA, one, graphB, other)))) changed.push(other.id);
      const bodiesB = graphB.bodies(other);
      for (const [index, body] of graphA.bodies(one).entries()) if (bodiesB[index]) queue.push([body, bodiesB[index]]);
    }
  }
  const left = (draft: Draft, side: 0 | 1) => {
    const matched = new Set(pairs.map((pair) => pair[side].id));
    const all = draft.graphs().flatMap((graph) => graph.nodes().map(({ id }) => id));
    return all.filter((id) => !matched.has(id));
  };
  return {
    pairs: pairs.map(([one, other]) => [one.id, other.id]),
    changed,
    removed: left(draftA, 0),
    added: left(draftB, 1),
  };
}

function functionPairs(a: Draft, b: Draft): [GraphView, GraphView][] {
  const keyOf = ({ definition }: GraphView) => `${definition?.domain}.${definition?.name}.${definition?.overload}`;
  const byKey = new Map(b.functions.map((graph) => [keyOf(graph), graph]));
  return a.functions.flatMap((graph): [GraphView, GraphView][] => {
    const other = byKey.get(keyOf(graph));
    return other ? [[graph, other]] : [];
  });
}

/** Names that exporters count up carry no meaning: one node more shifts them all. */
const isCounted = (name: string): boolean => /^(?:\w*_)?\d+$/.test(name);

type KeyOf = (node: Node, prints: Fingerprints) => string | undefined;

/** Keys by which nodes are matched where each side has as many of them, the surest first. */
const keys: readonly KeyOf[] = [
  ({ id, outputs }, { upstream, downstream }) => `${upstream.get(id)} ${downstream.get(id)} ${outputs[0]}`,
  ({ id }, { upstream, downstream }) => `${upstream.get(id)} ${downstream.get(id)}`,
  ({ opType, outputs }) => (outputs[0] && !isCounted(outputs[0]) ? `${opType} ${outputs[0]}` : undefined),
  ({ opType, name }) => (name && !isCounted(name) ? `${opType} ${name}` : undefined),
];

/** Keys for what is left when no edge leads any further. */
const weakKeys: readonly KeyOf[] = [
  ({ id }, { upstream }) => `${upstream.get(id)}`,
  ({ id }, { downstream }) => `${downstream.get(id)}`,
  ({ id, outputs }, { content }) => `${content.get(id)} ${outputs[0]}`,
  ({ outputs }) => (outputs[0] && !isCounted(outputs[0]) ? outputs[0] : undefined),
];

/** Pairs of nodes of two graphs; each node is in one at most. */
function matchGraphs(a: GraphView, b: GraphView): readonly (readonly [Node, Node])[] {
  const intern = createInterner();
  const printsA = fingerprint(a, intern);
  const printsB = fingerprint(b, intern);
  const partner = new Map<NodeId, Node>();
  const taken = new Set<NodeId>();
  const pairs: [Node, Node][] = [];
  const pair = (one: Node, other: Node) => {
    partner.set(one.id, other);
    taken.add(other.id);
    pairs.push([one, other]);
  };
  const pairBy = (keyOf: KeyOf) => {
    const freeB = groups(
      b.nodes().filter(({ id }) => !taken.has(id)),
      (node) => keyOf(node, printsB),
    );
    const freeA = groups(
      a.nodes().filter(({ id }) => !partner.has(id)),
      (node) => keyOf(node, printsA),
    );
    for (const [key, ones] of freeA) {
      const others = freeB.get(key);
      if (others?.length !== ones.length) continue;
      for (const [index, one] of ones.entries()) pair(one, others[index]!);
    }
  };
  for (const keyOf of keys) pairBy(keyOf);
  // Exporters write the same nodes in the same order: what lies between two sure pairs is aligned by what it is.
  const pairInOrder = () => {
    const [nodesA, nodesB] = [a.nodes(), b.nodes()];
    const placeB = new Map(nodesB.map(({ id }, index) => [id, index]));
    const known = nodesA.flatMap(({ id }, index): [number, number][] => {
      const other = partner.get(id);
      return other ? [[index, placeB.get(other.id)!]] : [];
    });
    const contents = (nodes: readonly Node[], { content }: Fingerprints) => nodes.map(({ id }) => content.get(id)!);
    for (const [one, other] of alignInOrder(contents(nodesA, printsA), contents(nodesB, printsB), known)) {
      if (!partner.has(nodesA[one]!.id) && !taken.has(nodesB[other]!.id)) pair(nodesA[one]!, nodesB[other]!);
    }
  };
  const matching = { partner, taken, pairs, pair };
  let from = 0;
  const spread = () => {
    spreadAlongEdges(a, b, matching, from, readsAlike);
    from = spreadAlongEdges(a, b, matching, from, () => true);
  };
  spread();
  pairInOrder();
  spread();
  for (const keyOf of weakKeys) {
    pairBy(keyOf);
    spread();
  }
  return pairs;
}

interface Matching {
  readonly partner: ReadonlyMap<NodeId, Node>;
  readonly taken: ReadonlySet<NodeId>;
  readonly pairs: readonly (readonly [Node, Node])[];
  readonly pair: (one: Node, other: Node) => void;
}

/** Whether two nodes have constants in the same places: the sum of two branches is not the addition of a bias. */
const readsAlike = (a: GraphView, one: Node, b: GraphView, other: Node): boolean =>
  one.inputs.length === other.inputs.length &&
  one.inputs.every((name, slot) => isConstant(a, name) === isConstant(b, other.inputs[slot]!));

const isConstant = (graph: GraphView, name: string): boolean => name !== '' && graph.constant(name) !== undefined;

/**
 * Pairs free neighbours of matched nodes that stand in the same place, have the same operator and are alike. Gives how
 * far it came.
 */
function spreadAlongEdges(
  a: GraphView,
  b: GraphView,
  { partner, taken, pairs, pair }: Matching,
  from: number,
  alike: typeof readsAlike,
): number {
  const tryPair = (one: Node | undefined, other: Node | undefined) => {
    if (!one || !other || partner.has(one.id) || taken.has(other.id)) return;
    if (one.opType === other.opType && one.domain === other.domain && alike(a, one, b, other)) pair(one, other);
  };
  let at = from;
  for (; at < pairs.length; at++) {
    const [one, other] = pairs[at]!;
    for (const [slot, name] of one.inputs.entries()) tryPair(a.producer(name), b.producer(other.inputs[slot] ?? ''));
    for (const [slot, name] of one.outputs.entries()) {
      const free = a.consumers(name).filter(({ id }) => !partner.has(id));
      const candidates = b.consumers(other.outputs[slot] ?? '').filter(({ id }) => !taken.has(id));
      for (const reader of free) {
        const sameOperator = candidates.filter(({ id, opType }) => !taken.has(id) && opType === reader.opType);
        const rivals = free.filter(({ id, opType }) => !partner.has(id) && opType === reader.opType);
        if (sameOperator.length === 1 && rivals.length === 1) tryPair(reader, sameOperator[0]);
      }
    }
  }
  return at;
}

function groups(nodes: readonly Node[], keyOf: (node: Node) => string | undefined): Map<string, Node[]> {
  const found = new Map<string, Node[]>();
  for (const node of nodes) {
    const key = keyOf(node);
    if (key === undefined) continue;
    const group = found.get(key);
    if (group) group.push(node);
    else found.set(key, [node]);
  }
  return found;
}

/** Compares the weights of two matched nodes byte by byte where they are not in memory. */
async function sameWeights(graphA: GraphView, a: Node, graphB: GraphView, b: Node): Promise<boolean> {
  for (const [slot, name] of a.inputs.entries()) {
    const one = name === '' ? undefined : graphA.constant(name);
    const other = graphB.constant(b.inputs[slot] ?? '');
    if (!one || !other || one === other || (one.data.bytes && other.data.bytes)) continue;
    if (!(await sameBytes(one, other))) return false;
  }
  return true;
}

const pieceBytes = 1 << 22;

async function sameBytes(a: Tensor, b: Tensor): Promise<boolean> {
  if (a.data.byteLength !== b.data.byteLength) return false;
  if (a.data.bytes || b.data.bytes) return equalBytes(await readAll(a.data), await readAll(b.data));
  for (let offset = 0; offset < a.data.byteLength; offset += pieceBytes) {
    const length = Math.min(pieceBytes, a.data.byteLength - offset);
    if (!equalBytes(await a.data.read(offset, length), await b.data.read(offset, length))) return false;
  }
  return true;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let at = 0; at < a.byteLength; at++) if (a[at] !== b[at]) return false;
  return true;
}
