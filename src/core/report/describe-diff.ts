import type { ModelDiff } from '../diff/diff-models.ts';
import { Draft } from '../graph/draft.ts';
import type { Model, Node, NodeId, Tensor } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { attributeText, tensorType } from '../text/model-text.ts';
import type { DescribedDiff, DiffedNode } from './report.ts';

interface Placed {
  readonly graph: GraphView;
  readonly node: Node;
}

/** A comparison in words: which nodes are gone or new, and for every changed one what about it differs. */
export function describeDiff(a: Model, b: Model, { pairs, changed, removed, added }: ModelDiff): DescribedDiff {
  const inA = placed(a);
  const inB = placed(b);
  const before = new Map(pairs.map(([one, other]) => [other, one]));
  const nodeOf = (all: ReadonlyMap<NodeId, Placed>, id: NodeId): DiffedNode => {
    const { name, opType, domain, outputs } = all.get(id)!.node;
    return { id, name: name || (outputs.find((output) => output !== '') ?? ''), opType, domain };
  };
  return {
    same: pairs.length - changed.length,
    changed: changed.map((id) => {
      const one = inA.get(before.get(id)!)!;
      return {
        a: nodeOf(inA, one.node.id),
        b: nodeOf(inB, id),
        differences: differences(one, inB.get(id)!),
      };
    }),
    added: added.map((id) => nodeOf(inB, id)),
    removed: removed.map((id) => nodeOf(inA, id)),
  };
}

const placed = (model: Model): ReadonlyMap<NodeId, Placed> =>
  new Map(new Draft(model).graphs().flatMap((graph) => graph.nodes().map((node) => [node.id, { graph, node }])));

function differences(a: Placed, b: Placed): readonly string[] {
  const found = [...operatorDifference(a.node, b.node), ...attributeDifferences(a.node, b.node), ...constants(a, b)];
  return found.length > 0 ? found : ['other elements of a constant'];
}

function operatorDifference(a: Node, b: Node): readonly string[] {
  const nameOf = ({ domain, opType }: Node) => (domain === '' ? opType : `${domain}.${opType}`);
  return nameOf(a) === nameOf(b) ? [] : [`${nameOf(a)} → ${nameOf(b)}`];
}

function attributeDifferences(a: Node, b: Node): readonly string[] {
  const names = [...new Set([...a.attributes.keys(), ...b.attributes.keys()])].sort();
  const textOf = ({ attributes }: Node, name: string) => {
    const attribute = attributes.get(name);
    return attribute && attributeText(name, attribute).replace(/^.*? = /, '');
  };
  return names.flatMap((name) => {
    const [one, other] = [textOf(a, name), textOf(b, name)];
    return one === other ? [] : [`${name}: ${one ?? 'absent'} → ${other ?? 'absent'}`];
  });
}

/** Inputs that are a constant in one, or constants of two types. */
function constants(a: Placed, b: Placed): readonly string[] {
  const slots = Math.max(a.node.inputs.length, b.node.inputs.length);
  return Array.from({ length: slots }, (_, slot) => slot).flatMap((slot) => {
    const [one, other] = [constantAt(a, slot), constantAt(b, slot)];
    if (!one && !other) return [];
    const [was, is] = [typeText(one), typeText(other)];
    return was === is ? [] : [`input ${slot + 1}: ${was} → ${is}`];
  });
}

const constantAt = ({ graph, node }: Placed, slot: number): Tensor | undefined =>
  node.inputs[slot] ? graph.constant(node.inputs[slot]) : undefined;

const typeText = (tensor: Tensor | undefined): string =>
  tensor ? tensorType(tensor.dtype, tensor.dims) : 'no constant';
