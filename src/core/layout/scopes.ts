/** Which groups a node belongs to: by the scopes in its name or its metadata, or by repeated blocks. */
import type { Node } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { adoptedScopes } from './adopt.ts';
import { repeatedScopes } from './repeats.ts';

/** Groups smaller than this are not worth opening: their nodes stand in the group around them. */
export const minGroupSize = 3;

/**
 * Scopes of a node, outermost first: those of its name, whose last part is the node itself; else those that
 * PyTorch's exporter leaves beside the node, `namespace` (`: Model/layers.0: Layer/add: aten.add`).
 */
export function scopesOf({ name, metadata }: Node): string[] {
  const named = name.split('/').slice(0, -1);
  const scopes = named.length > 0 ? named : modulePaths(metadata?.get('namespace') ?? '');
  return scopes.filter((scope) => scope !== '');
}

/** `scopesOf`, the same array for all nodes of one group: ten thousand names have a few hundred beginnings. */
function sharedScopes(): (node: Node) => readonly string[] {
  const byName = new Map<string, readonly string[]>();
  const byNamespace = new Map<string, readonly string[]>();
  return (node) => {
    const { name, metadata } = node;
    const end = name.lastIndexOf('/');
    const known = end < 0 ? byNamespace : byName;
    const beginning = end < 0 ? (metadata?.get('namespace') ?? '') : name.slice(0, end);
    const scopes = known.get(beginning) ?? scopesOf(node);
    known.set(beginning, scopes);
    return scopes;
  };
}

/** Module paths begin with those around them (`model`, `model.layers.0`): each is cut to what it adds. */
function modulePaths(namespace: string): string[] {
  const paths = namespace
    .split('/')
    .slice(0, -1)
    .map((part) => part.split(': ')[0]!);
  return paths.map((path, index) => {
    const around = paths.slice(0, index).findLast((each) => each !== '' && path.startsWith(`${each}.`));
    return around === undefined ? path : path.slice(around.length + 1);
  });
}

/** Names that put fewer nodes than this share into groups do not tell how the model is built. */
const minScopedShare = 0.5;

export interface Scopes {
  /** Scopes of a node, outermost first. */
  readonly scopes: (node: Node) => readonly string[];
  /** Nodes under every path of scopes. */
  readonly counts: ReadonlyMap<string, number>;
}

/** The groups of the nodes of a graph that are drawn. */
export function scopeSizes(graph: GraphView, nodes: readonly Node[]): Scopes {
  const own = sharedScopes();
  const named = countScopes(nodes, own);
  const scoped = nodes.filter((node) => {
    const [outer] = own(node);
    return outer !== undefined && named.get(outer)! >= minGroupSize;
  });
  if (scoped.length >= nodes.length * minScopedShare) return withAdopted(graph, nodes, own);
  const repeated = repeatedScopes(graph, nodes);
  if (scoped.length >= repeated.size) return withAdopted(graph, nodes, own);
  const scopes = (node: Node) => repeated.get(node.id) ?? [];
  return { scopes, counts: countScopes(nodes, scopes) };
}

function withAdopted(graph: GraphView, nodes: readonly Node[], own: Scopes['scopes']): Scopes {
  const adopted = adoptedScopes(graph, nodes, own);
  const scopes = (node: Node) => adopted.get(node.id) ?? own(node);
  return { scopes, counts: countScopes(nodes, scopes) };
}

function countScopes(nodes: readonly Node[], scopes: Scopes['scopes']): Map<string, number> {
  const alike = new Map<readonly string[], number>();
  for (const node of nodes) {
    const those = scopes(node);
    alike.set(those, (alike.get(those) ?? 0) + 1);
  }
  const sizes = new Map<string, number>();
  for (const [those, count] of alike) {
    let path = '';
    for (const scope of those) {
      path = path === '' ? scope : `${path}/${scope}`;
      sizes.set(path, (sizes.get(path) ?? 0) + count);
    }
  }
  return sizes;
}
