import type { Node, NodeId } from '../core/graph/model.ts';
import type { VersionMapping } from '../protocol/worker.ts';
import type { Analysis, Version } from './documents.ts';

/** One side of a comparison. */
export interface MappedSide {
  readonly version: Version;
  readonly analysis: Analysis;
}

/**
 * How the nodes of two models belong together: through the nodes of the original they stand for when both are versions
 * of one document, else through the names of the values they make.
 */
export function mapVersions(a: MappedSide, b: MappedSide, sameDocument: boolean): VersionMapping {
  const keys = sameDocument ? originsOf : valuesOf;
  const owners = new Map<number | string, NodeId[]>();
  for (const { node } of a.analysis.nodes) {
    for (const key of keys(a.version, node)) owners.set(key, [...(owners.get(key) ?? []), node.id]);
  }
  const pairs: number[] = [];
  const added: NodeId[] = [];
  const paired = new Set<NodeId>();
  const changed = new Set<NodeId>();
  for (const { node } of b.analysis.nodes) {
    const partners = new Set([...keys(b.version, node)].flatMap((key) => owners.get(key) ?? []));
    if (partners.size === 0) added.push(node.id);
    for (const partner of partners) {
      pairs.push(partner, node.id);
      paired.add(partner);
      if (!isSame(a.analysis.byId.get(partner)!.node, node)) changed.add(node.id);
    }
  }
  const removed = a.analysis.nodes.map(({ node }) => node.id).filter((id) => !paired.has(id));
  return {
    pairs: Int32Array.from(pairs),
    removed: Int32Array.from(removed),
    added: Int32Array.from(added),
    changed: Int32Array.from(changed),
  };
}

function originsOf({ origins }: Version, { id }: Node): Iterable<number> {
  return origins.get(id) ?? [id];
}

function valuesOf(_: Version, { outputs }: Node): Iterable<string> {
  return outputs.filter((value) => value !== '');
}

/** Whether a node is as it was: the same operator on the same values with the same attributes. */
function isSame(a: Node, b: Node): boolean {
  if (a === b) return true;
  const sameList = (x: readonly string[], y: readonly string[]) =>
    x.length === y.length && x.every((each, i) => each === y[i]);
  return (
    a.opType === b.opType &&
    a.domain === b.domain &&
    sameList(a.inputs, b.inputs) &&
    sameList(a.outputs, b.outputs) &&
    attributesText(a) === attributesText(b)
  );
}

/** Attributes as text that is equal when they are; tensors and graphs count by name. */
function attributesText({ attributes }: Node): string {
  return [...attributes]
    .map(([name, { type, value }]) => {
      const text = typeof value === 'object' && value !== null && 'name' in value ? value.name : String(value);
      return `${name} ${type} ${text}`;
    })
    .sort()
    .join('\n');
}
