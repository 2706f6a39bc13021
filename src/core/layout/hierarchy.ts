/**
 * How the nodes of a model nest: groups from the scopes in their names, or from repeated blocks where names have none;
 * bodies inside the nodes that hold them.
 */
import type { FunctionDefinition, Node, NodeId, Tensor } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { adoptedScopes } from './adopt.ts';
import { repeatedScopes } from './repeats.ts';

/** A node or group; the root is a group. */
export interface Item {
  /** `n12`, `g:encoder/layer.0`, `b12:then_branch`, `f:domain.Name`. */
  readonly key: string;
  readonly kind: 'node' | 'group' | 'input' | 'output';
  readonly label: string;
  readonly parent: Item | null;
  readonly children: Item[];
  /** The node, for nodes and for groups that are a node's bodies. */
  readonly node?: Node;
  readonly graph: GraphView;
  /** Nodes inside, itself included when it is one. */
  size: number;
}

export interface Hierarchy {
  readonly root: Item;
  readonly byNode: ReadonlyMap<NodeId, Item>;
  readonly inputs: ReadonlyMap<string, Item>;
  readonly outputs: ReadonlyMap<string, Item>;
}

/** Groups smaller than this are not worth opening: their nodes stand in the group around them. */
const minGroupSize = 3;

/** Builds the tree. Names nest as deep as they have scopes; bodies are visited with a work list, not by recursion. */
export function buildHierarchy(main: GraphView, functions: readonly GraphView[] = []): Hierarchy {
  const root: Item = { key: 'g:', kind: 'group', label: '', parent: null, children: [], graph: main, size: 0 };
  const byNode = new Map<NodeId, Item>();
  const work: { graph: GraphView; parent: Item; prefix: string }[] = [{ graph: main, parent: root, prefix: 'g:' }];
  for (const graph of functions) {
    const { domain, name } = graph.definition as FunctionDefinition;
    const item: Item = {
      key: `f:${domain}.${name}`,
      kind: 'group',
      label: name,
      parent: root,
      children: [],
      graph,
      size: 0,
    };
    root.children.push(item);
    work.push({ graph, parent: item, prefix: `${item.key}/` });
  }
  for (let at = 0; at < work.length; at++) {
    const { graph, parent, prefix } = work[at]!;
    const groups = new Map<string, Item>();
    const { counts, scopes } = scopeSizes(graph);
    for (const node of graph.nodes()) {
      if (isFolded(node, graph)) continue;
      let holder = parent;
      let path = '';
      for (const scope of scopes(node)) {
        path = path === '' ? scope : `${path}/${scope}`;
        const size = counts.get(path)!;
        // A scope that holds all its parent's nodes, or hardly any, tells nothing.
        if (
          size < minGroupSize ||
          size === (holder === parent ? graph.nodes().length : counts.get(holder.key.slice(prefix.length)))
        )
          continue;
        let group = groups.get(path);
        if (!group) {
          group = {
            key: `${prefix}${path}`,
            kind: 'group',
            label: holder === parent ? path : path.slice(holder.key.length - prefix.length + 1),
            parent: holder,
            children: [],
            graph,
            size: 0,
          };
          groups.set(path, group);
          holder.children.push(group);
        }
        holder = group;
      }
      const bodies = graph.bodies(node);
      const item: Item = {
        key: `n${node.id}`,
        kind: bodies.length > 0 ? 'group' : 'node',
        label: node.opType,
        parent: holder,
        children: [],
        node,
        graph,
        size: 0,
      };
      holder.children.push(item);
      byNode.set(node.id, item);
      for (const body of bodies) {
        const { attribute } = body.owner!;
        const group: Item = {
          key: `b${node.id}:${attribute}`,
          kind: 'group',
          label: attribute,
          parent: item,
          children: [],
          graph: body,
          size: 0,
        };
        item.children.push(group);
        work.push({ graph: body, parent: group, prefix: `${group.key}/` });
      }
      for (let each: Item | null = item; each; each = each.parent) each.size++;
    }
  }
  return { root, byNode, ...ends(main, root) };
}

/** Constants, and what merely passes one on, are drawn as lines in the nodes that read them. */
export function isFolded(node: Node, graph: GraphView): boolean {
  const isConstant =
    node.domain === '' &&
    (node.opType === 'Constant' ||
      (node.opType === 'Identity' && shownConstant(graph, node.inputs[0] ?? '') !== undefined));
  return isConstant && !node.outputs.some((output) => graph.isOutput(output));
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

/** Scopes of a node's name, outermost first; the name's last part is the node itself. */
export function scopesOf({ name }: Node): string[] {
  return name
    .split('/')
    .slice(0, -1)
    .filter((scope) => scope !== '');
}

/** Names that put fewer nodes than this share into groups do not tell how the model is built. */
const minScopedShare = 0.5;

interface Scopes {
  /** Scopes of a node, outermost first. */
  readonly scopes: (node: Node) => readonly string[];
  /** Nodes under every path of scopes. */
  readonly counts: ReadonlyMap<string, number>;
}

function scopeSizes(graph: GraphView): Scopes {
  const nodes = graph.nodes().filter((node) => !isFolded(node, graph));
  const named = countScopes(nodes, scopesOf);
  const scoped = nodes.filter((node) => {
    const [outer] = scopesOf(node);
    return outer !== undefined && named.get(outer)! >= minGroupSize;
  });
  if (scoped.length >= nodes.length * minScopedShare) return withAdopted(graph, nodes);
  const repeated = repeatedScopes(graph, nodes);
  if (scoped.length >= repeated.size) return withAdopted(graph, nodes);
  const scopes = (node: Node) => repeated.get(node.id) ?? [];
  return { scopes, counts: countScopes(nodes, scopes) };
}

function withAdopted(graph: GraphView, nodes: readonly Node[]): Scopes {
  const adopted = adoptedScopes(graph, nodes, scopesOf);
  const scopes = (node: Node) => adopted.get(node.id) ?? scopesOf(node);
  return { scopes, counts: countScopes(nodes, scopes) };
}

function countScopes(nodes: readonly Node[], scopes: Scopes['scopes']): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const node of nodes) {
    let path = '';
    for (const scope of scopes(node)) {
      path = path === '' ? scope : `${path}/${scope}`;
      sizes.set(path, (sizes.get(path) ?? 0) + 1);
    }
  }
  return sizes;
}

function ends(main: GraphView, root: Item): Pick<Hierarchy, 'inputs' | 'outputs'> {
  const end = (kind: 'input' | 'output', name: string): Item => ({
    key: `${kind[0]}:${name}`,
    kind,
    label: name,
    parent: root,
    children: [],
    graph: main,
    size: 0,
  });
  const inputs = new Map(
    main.inputs.filter(({ name }) => !main.initializer(name)).map(({ name }) => [name, end('input', name)]),
  );
  const outputs = new Map(main.outputs.map(({ name }) => [name, end('output', name)]));
  root.children.unshift(...inputs.values());
  root.children.push(...outputs.values());
  return { inputs, outputs };
}

/** Keys of the groups to open: as many as leave no more boxes on view than a window holds, outer groups first. */
export function autoOpen(root: Item, maxBoxes = 60): Set<string> {
  const open = new Set<string>();
  let boxes = root.children.length;
  let level = root.children.filter(({ kind }) => kind === 'group');
  while (level.length > 0) {
    const next: Item[] = [];
    // Small groups first: opening them tells most for the room they take.
    for (const group of level.toSorted((a, b) => a.children.length - b.children.length)) {
      // A view of a few closed boxes tells nothing: then even a large group is opened.
      const limit = boxes < maxBoxes / 6 ? 4 * maxBoxes : maxBoxes;
      if (boxes + group.children.length > limit) continue;
      open.add(group.key);
      boxes += group.children.length;
      next.push(...group.children.filter(({ kind }) => kind === 'group'));
    }
    level = next;
  }
  return open;
}

/** Keys of all groups. */
export function allGroups(root: Item): Set<string> {
  const keys = new Set<string>();
  const work = [root];
  while (work.length > 0) {
    const item = work.pop()!;
    if (item.kind !== 'group') continue;
    keys.add(item.key);
    work.push(...item.children);
  }
  return keys;
}
