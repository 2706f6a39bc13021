import { english } from '../english.ts';
import { isDeterministic } from '../graph/determinism.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Attribute, Node, Tensor } from '../graph/model.ts';
import type { Pass } from './pass.ts';
import { passGraphs } from './visit.ts';

/**
 * `a = Relu(x); b = Relu(x); y = Add(a, b)`
 * becomes `a = Relu(x); y = Add(a, a)`. Inputs left out count by position: `Clip(x, '', m)` is not `Clip(x, m)`.
 */
export const eliminateDuplicates: Pass = {
  name: 'eliminate-duplicates',
  title: english`Compute equal things once`,
  summary: english`Merges nodes with the same operator, inputs and attributes. Operators that draw random numbers or are unknown stay.`,
  exactness: 'exact',
  run(draft) {
    for (const graph of passGraphs(draft)) {
      const first = new Map<string, Node>();
      // A node that was merged changes the inputs of later ones, so each is read in its state at that moment.
      for (const { id } of graph.nodes()) {
        const node = graph.node(id)!;
        const key = keyOf(node, draft.functions.length > 0 ? functionNames(draft.model.functions) : undefined);
        if (key === undefined) continue;
        const twin = first.get(key);
        if (!twin) first.set(key, node);
        else mergeInto(graph, graph.node(twin.id)!, node);
      }
    }
  },
};

const functionNames = (functions: readonly { domain: string; name: string }[]): ReadonlySet<string> =>
  new Set(functions.map(({ domain, name }) => `${domain}:${name}`));

function mergeInto(graph: GraphDraft, kept: Node, twin: Node): void {
  const pairs: [string, string][] = [];
  for (const [index, output] of twin.outputs.entries()) {
    if (output === '') continue;
    const by = kept.outputs[index] ?? '';
    if (by === '' || !graph.canReplaceValue(output, by)) return;
    pairs.push([output, by]);
  }
  // Two outputs of the graph cannot take turns renaming one producer.
  if (pairs.filter(([output]) => graph.isOutput(output)).length > 1) return;
  graph.rewrite(twin, english`It repeats ${kept.name || kept.outputs[0]} on the same inputs.`, (edit) => {
    edit.remove(twin);
    for (const [output, by] of pairs) edit.replaceValue(output, by);
  });
}

/** Equal keys: equal nodes. Undefined when that cannot be told. */
function keyOf(node: Node, functions: ReadonlySet<string> | undefined): string | undefined {
  if (!isDeterministic(node) || functions?.has(`${node.domain}:${node.opType}`)) return undefined;
  const parts: string[] = [node.domain, node.opType, node.overload ?? '', node.inputs.join('\u0000')];
  for (const name of [...node.attributes.keys()].sort()) {
    const text = attributeKey(node.attributes.get(name)!);
    if (text === undefined) return undefined;
    parts.push(name, text);
  }
  return parts.join('\u0001');
}

function attributeKey({ type, value }: Attribute): string | undefined {
  switch (type) {
    case 'int':
    case 'ints':
    case 'string':
    case 'strings':
      return `${type}:${value}`;
    case 'float':
      return `float:${Object.is(value, -0) ? '-0' : value}`;
    case 'floats':
      return `floats:${value.map((each) => (Object.is(each, -0) ? '-0' : each))}`;
    case 'tensor':
      return tensorKey(value);
    default:
      return undefined;
  }
}

function tensorKey({ dtype, dims, data, strings }: Tensor): string | undefined {
  const { bytes } = data;
  return bytes && !strings && bytes.byteLength <= 1024 ? `tensor:${dtype}:${dims}:${bytes}` : undefined;
}
