/**
 * How the nodes of a model nest: groups from the scopes in their names, or from repeated blocks where names have none;
 * bodies inside the nodes that hold them, functions inside the nodes that call them.
 */
import type { FunctionDefinition, Node, NodeId } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { type Fan, findFans, maxFan } from './fans.ts';
import { foldedNodes } from './folding.ts';
import { minGroupSize, type Scopes, scopeSizes } from './scopes.ts';

/** A node, a group, or an end of a graph; the root is a group. */
export interface Item {
  /** `n12`, `g:encoder/layer.0`, `b12:then_branch`, `i:input`; inside a function the calls before it: `n12/n3`. */
  readonly key: string;
  readonly kind: 'node' | 'group' | 'input' | 'output';
  readonly label: string;
  readonly parent: Item | null;
  readonly children: Item[];
  /** The node and where it is, for nodes and for groups that hold a node's bodies or the function it calls. */
  readonly node?: Node;
  readonly site?: Site;
  /** The bodies of the node or the function it calls, as they stand inside it. */
  readonly inner: Site[];
  /** A group of what stands side by side: opening it shows nothing but more of the same. */
  readonly isFan?: boolean;
  /** Nodes that stand as lines in its box. */
  readonly folded: NodeId[];
  /** Nodes inside, itself included when it is one. */
  size: number;
}

/** A graph at the place where it is drawn: the main graph, a body, or a function at one of its calls. */
export interface Site {
  readonly graph: GraphView;
  /** The node that holds or calls it; null for the main graph, and for a function that nothing calls. */
  readonly holder: Item | null;
  readonly nodes: Map<NodeId, Item>;
  /** Its ends by name and by position. */
  readonly inputs: ReadonlyMap<string, Item>;
  readonly outputs: readonly Item[];
  readonly folded: ReadonlySet<NodeId>;
}

export interface Hierarchy {
  readonly root: Item;
  /** The main graph first. */
  readonly sites: readonly Site[];
}

/** Calls are not opened once this many nodes are there: functions that call functions may stand for any number. */
const maxNodes = 200_000;

/** Builds the tree. Names nest as deep as they have scopes; bodies and calls are visited with a work list, not by recursion. */
export function buildHierarchy(main: GraphView, functions: readonly GraphView[] = []): Hierarchy {
  const byName = new Map(functions.map((graph) => [functionName(graph), graph]));
  const called = new Set<GraphView>();
  const known = new Map<GraphView, GraphGroups>();
  const groupsOf = (graph: GraphView): GraphGroups => {
    const found = known.get(graph) ?? graphGroups(graph);
    known.set(graph, found);
    return found;
  };
  const root = group('g:', '', null);
  const work: Work[] = [];
  const sites: Site[] = [];
  const enter = (graph: GraphView, frame: Item, prefix: string, calls: string, holder: Item | null) => {
    const around = graph === main ? '' : `${frame.key}/`;
    const end = (kind: 'input' | 'output', name: string, parent = frame): Item => ({
      ...group(`${kind[0]}:${around}${name}`, name, parent),
      kind,
    });
    const inputs = graph.inputs.filter(({ name }) => !graph.initializer(name));
    const isFan = inputs.length > maxFan;
    const holderOfInputs = isFan ? { ...group(`g:${around}inputs`, `inputs ×${inputs.length}`, frame), isFan } : frame;
    if (isFan) frame.children.push(holderOfInputs);
    const site: Site = {
      graph,
      holder,
      nodes: new Map(),
      inputs: new Map(inputs.map(({ name }) => [name, end('input', name, holderOfInputs)])),
      outputs: graph.outputs.map(({ name }) => end('output', name)),
      folded: groupsOf(graph).folded,
    };
    holderOfInputs.children.push(...site.inputs.values());
    holder?.inner.push(site);
    sites.push(site);
    work.push({ site, frame, prefix, calls });
  };
  enter(main, root, 'g:', '', null);
  let count = 0;
  for (let at = 0; at < work.length; at++) {
    const { site, frame, prefix, calls } = work[at]!;
    const { graph, folded } = site;
    const holderOf = groupsIn(groupsOf(graph), frame, prefix);
    for (const node of graph.nodes()) {
      if (folded.has(node.id)) continue;
      const holder = holderOf(node);
      const bodies = graph.bodies(node);
      const key = `${calls}n${node.id}`;
      const definition = byName.get(`${node.domain}:${node.opType}:${node.overload ?? ''}`);
      const isOpen = definition && !isInside(site, definition) && count + definition.nodes().length <= maxNodes;
      const item: Item = {
        ...group(key, node.opType, holder),
        kind: bodies.length > 0 || isOpen ? 'group' : 'node',
        node,
        site,
      };
      holder.children.push(item);
      site.nodes.set(node.id, item);
      count++;
      if (isOpen) {
        called.add(definition);
        enter(definition, item, `${key}/`, `${key}/`, item);
      }
      for (const body of bodies) {
        const { attribute } = body.owner!;
        const inside = group(`${calls}b${node.id}:${attribute}`, attribute, item);
        item.children.push(inside);
        enter(body, inside, `${inside.key}/`, calls, item);
      }
      for (let each: Item | null = item; each; each = each.parent) each.size++;
    }
    holdFolded(site);
    frame.children.push(...site.outputs);
    const isLast = at === work.length - 1;
    const uncalled = isLast ? functions.find((each) => !called.has(each)) : undefined;
    if (!uncalled) continue;
    // What nothing calls stands beside the graph.
    called.add(uncalled);
    const { domain, name } = uncalled.definition!;
    const inside = group(`f:${domain}.${name}`, name, root);
    root.children.push(inside);
    enter(uncalled, inside, `${inside.key}/`, `${inside.key}/`, null);
  }
  return { root, sites };
}

/** Notes each folded node at the first that reads it; what only folded nodes read is where these are. */
function holdFolded({ graph, folded, nodes }: Site): void {
  const holders = new Map<NodeId, Item>();
  // From the last node on, so that readers come before what they read.
  for (const { id, outputs } of graph.nodes().toReversed()) {
    if (!folded.has(id)) continue;
    for (const reader of outputs.flatMap((output) => graph.consumers(output))) {
      const holder = nodes.get(reader.id) ?? holders.get(reader.id);
      if (!holder) continue;
      holders.set(id, holder);
      holder.folded.push(id);
      break;
    }
  }
}

interface Work {
  readonly site: Site;
  readonly frame: Item;
  /** What keys of groups begin with, and those of nodes: the calls around them. */
  readonly prefix: string;
  readonly calls: string;
}

/** What holds for a graph wherever it stands. */
interface GraphGroups extends Scopes {
  readonly fans: ReadonlyMap<NodeId, Fan>;
  readonly folded: ReadonlySet<NodeId>;
  /** Nodes that are drawn and not in fans. */
  readonly drawn: number;
}

function graphGroups(graph: GraphView): GraphGroups {
  const folded = foldedNodes(graph);
  const nodes = graph.nodes().filter(({ id }) => !folded.has(id));
  const fans = findFans(graph, nodes);
  const others = nodes.filter(({ id }) => !fans.has(id));
  return { folded, drawn: others.length, fans, ...scopeSizes(graph, others) };
}

/** Gives the group that a node stands in, making it and those around it when they are first needed. */
function groupsIn({ counts, scopes, drawn, fans }: GraphGroups, frame: Item, prefix: string): (node: Node) => Item {
  const groups = new Map<string, Item>();
  const inside = (key: string, label: string, parent: Item, isFan = false): Item => {
    const known = groups.get(key);
    if (known) return known;
    const made = { ...group(key, label, parent), ...(isFan && { isFan }) };
    groups.set(key, made);
    parent.children.push(made);
    return made;
  };
  const holders = new Map<readonly string[], Item>();
  const byScopes = (node: Node): Item => {
    const those = scopes(node);
    const known = holders.get(those);
    if (known) return known;
    let holder = frame;
    let path = '';
    for (const scope of those) {
      path = path === '' ? scope : `${path}/${scope}`;
      const size = counts.get(path)!;
      // A scope that holds all its parent's nodes, or hardly any, tells nothing.
      const around = holder === frame ? drawn : counts.get(holder.key.slice(prefix.length));
      if (size < minGroupSize || size === around) continue;
      const label = holder === frame ? path : path.slice(holder.key.length - prefix.length + 1);
      holder = inside(`${prefix}${path}`, label, holder);
    }
    holders.set(those, holder);
    return holder;
  };
  return (node) => {
    const fan = fans.get(node.id);
    if (!fan) return byScopes(node);
    const holder = byScopes(fan.reader);
    return inside(`${holder === frame ? prefix : `${holder.key}/`}${fan.name}`, fan.name, holder, true);
  };
}

function group(key: string, label: string, parent: Item | null): Item {
  return { key, kind: 'group', label, parent, children: [], inner: [], folded: [], size: 0 };
}

function functionName(graph: GraphView): string {
  const { domain, name, overload } = graph.definition as FunctionDefinition;
  return `${domain}:${name}:${overload}`;
}

/** True when a function is being called from inside itself, which no valid model does. */
function isInside(site: Site, definition: GraphView): boolean {
  for (let each: Site | undefined = site; each; each = each.holder?.site) if (each.graph === definition) return true;
  return false;
}
