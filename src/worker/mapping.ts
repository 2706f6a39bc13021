import { contentOf } from '../core/diff/fingerprint.ts';
import type { NodeId } from '../core/graph/model.ts';
import type { VersionMapping } from '../protocol/worker.ts';
import type { Analysis, Version } from './documents.ts';
import { graphDifference } from './graph-difference.ts';

/** One side of a comparison. */
export interface MappedSide {
  readonly version: Version;
  readonly analysis: Analysis;
}

/**
 * How the nodes of two models belong together: through the nodes of the original they stand for when both are versions
 * of one document, else as `graphDifference` finds them.
 */
export async function mapVersions(a: MappedSide, b: MappedSide, sameDocument: boolean): Promise<VersionMapping> {
  const { pairs, removed, added, changed } = sameDocument
    ? mapByOrigins(a, b)
    : await graphDifference(a.version.model, b.version.model);
  return {
    pairs: Int32Array.from(pairs.flat()),
    removed: Int32Array.from(removed),
    added: Int32Array.from(added),
    changed: Int32Array.from(changed),
  };
}

/** As `diffModels`, but a node that stands for several of the original is in a pair with each of them. */
function mapByOrigins(a: MappedSide, b: MappedSide) {
  const originsOf = ({ version }: MappedSide, id: NodeId): Iterable<NodeId> => version.origins.get(id) ?? [id];
  const owners = new Map<NodeId, NodeId[]>();
  for (const { node } of a.analysis.nodes) {
    for (const origin of originsOf(a, node.id)) owners.set(origin, [...(owners.get(origin) ?? []), node.id]);
  }
  const pairs: [NodeId, NodeId][] = [];
  const added: NodeId[] = [];
  const paired = new Set<NodeId>();
  const changed = new Set<NodeId>();
  for (const { node, graph } of b.analysis.nodes) {
    const partners = new Set([...originsOf(b, node.id)].flatMap((origin) => owners.get(origin) ?? []));
    if (partners.size === 0) added.push(node.id);
    for (const partner of partners) {
      pairs.push([partner, node.id]);
      paired.add(partner);
      const before = a.analysis.byId.get(partner)!;
      if (before.node !== node && contentOf(before.graph, before.node) !== contentOf(graph, node)) changed.add(node.id);
    }
  }
  const removed = a.analysis.nodes.map(({ node }) => node.id).filter((id) => !paired.has(id));
  return { pairs, removed, added, changed: [...changed] };
}
