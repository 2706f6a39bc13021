/** Nodes that lost the scopes of their name, as exporters leave them, go back to the group they work for. */
import type { Node, NodeId } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';

type Scopes = readonly string[];

const maxRounds = 10;

/**
 * Scopes of every node that belongs deeper than its name says: all it reads comes out of one group, through nodes of
 * its kind or at once, and all it makes goes back into the same. Two passes over the nodes, which are in the order
 * they run in; a file that breaks this order gets fewer nodes moved.
 */
export function adoptedScopes(
  graph: GraphView,
  nodes: readonly Node[],
  scopesOf: (node: Node) => Scopes,
): Map<NodeId, Scopes> {
  const own = new Map(nodes.map((node) => [node.id, scopesOf(node)]));
  const readers = new Map<NodeId, Node[]>();
  const producers = new Map<NodeId, Node[]>();
  for (const node of nodes) {
    const made = node.inputs
      .map((value) => graph.producer(value))
      .filter((each): each is Node => each !== undefined && own.has(each.id));
    producers.set(node.id, made);
    for (const producer of made) {
      const list = readers.get(producer.id);
      if (list) list.push(node);
      else readers.set(producer.id, [node]);
    }
  }
  /** The scopes that all neighbours share, where these go on from the node's own; else its own. Null: only constants. */
  const follow = (
    node: Node,
    neighbours: readonly Node[],
    known: ReadonlyMap<NodeId, Scopes | null>,
  ): Scopes | null => {
    const name = own.get(node.id)!;
    const [first, ...others] = neighbours
      .map(({ id }) => (known.has(id) ? known.get(id)! : own.get(id)!))
      .filter((each) => each !== null);
    if (!first) return name.length > 0 ? name : null;
    const shared = others.reduce(sharedStart, first);
    return shared.length > name.length && sharedStart(shared, name).length === name.length ? shared : name;
  };
  const from = new Map<NodeId, Scopes | null>();
  for (const node of nodes) {
    const isFed = node.inputs.some((value) => graph.isInput(value) && !graph.initializer(value));
    from.set(node.id, isFed ? own.get(node.id)! : follow(node, producers.get(node.id)!, from));
  }
  const to = new Map<NodeId, Scopes | null>();
  for (const node of nodes.toReversed()) {
    const isResult = node.outputs.some((value) => graph.isOutput(value));
    to.set(node.id, isResult ? own.get(node.id)! : follow(node, readers.get(node.id) ?? [], to));
  }
  const adopted = new Map<NodeId, Scopes>();
  for (const { id } of nodes) {
    const [source, target] = [from.get(id)!, to.get(id)!];
    if (target === null) continue;
    const shared = source === null ? target : sharedStart(source, target);
    if (shared.length > own.get(id)!.length) adopted.set(id, shared);
  }
  // One that stays outside would stand between a group and itself: then its neighbours stay outside too.
  const isInside = (scopes: Scopes, { id }: Node) =>
    sharedStart(scopes, adopted.get(id) ?? own.get(id)!).length === scopes.length;
  const keepWhole = (order: readonly Node[]): boolean => {
    const before = adopted.size;
    for (const { id } of order) {
      const scopes = adopted.get(id);
      const neighbours = [...producers.get(id)!, ...(readers.get(id) ?? [])];
      if (scopes && !neighbours.every((each) => isInside(scopes, each))) adopted.delete(id);
    }
    return adopted.size === before;
  };
  // Chains are settled in one round; a file made to need many is not worth the time.
  for (let round = 0; round < maxRounds; round++) if (keepWhole(nodes.toReversed()) && keepWhole(nodes)) return adopted;
  return new Map();
}

function sharedStart(a: Scopes, b: Scopes): Scopes {
  if (a === b) return a;
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}
