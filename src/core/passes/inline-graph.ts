import { graphAttributes } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Attribute, Graph, Node, Tensor } from '../graph/model.ts';

/** What comes in: the body of a node or of a function. */
export interface Inlined {
  /** Names of its outputs, in the order of the node's. */
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
  readonly initializers: Iterable<Tensor>;
}

/**
 * Puts the nodes of `body` in the place of `node`. `bound` gives the outer value for each input of the body; names of
 * values made inside are kept where the outer graph has none like it. An output that the body only hands through
 * becomes an Identity. `attributeOf` resolves attributes, for functions.
 */
export function inlineGraph(
  graph: GraphDraft,
  node: Node,
  body: Inlined,
  bound: ReadonlyMap<string, string>,
  why: string,
  attributesOf: (inner: Node) => ReadonlyMap<string, Attribute> = ({ attributes }) => attributes,
): boolean {
  const { nodes } = body;
  const names = new Map<string, string>(bound);
  const taken = new Set<string>();
  const makes = [...nodes.flatMap(({ outputs }) => outputs), ...Array.from(body.initializers, ({ name }) => name)];
  const produced = new Set(nodes.flatMap(({ outputs }) => outputs));
  for (const [index, output] of node.outputs.entries()) {
    const inner = body.outputs[index]!;
    // The outer name of an output wins; a value handed out twice keeps its first one.
    if (output !== '' && produced.has(inner) && !names.has(inner)) names.set(inner, output);
  }
  for (const name of makes) {
    if (name === '' || names.has(name)) continue;
    const free = !graph.defines(name) && !taken.has(name) && !isVisibleElsewhere(graph, node, name);
    const fresh = free ? name : graph.freshName(name);
    names.set(name, fresh);
    taken.add(fresh);
  }
  const rename = (name: string) => names.get(name) ?? name;
  return graph.rewrite(node, why, (edit) => {
    edit.remove(node);
    for (const tensor of body.initializers) edit.setInitializer({ ...tensor, name: rename(tensor.name) });
    for (const inner of nodes) {
      const { id: _, ...rest } = inner;
      const attributes = renameInBodies(attributesOf(inner), names);
      const renamed = { inputs: inner.inputs.map(rename), outputs: inner.outputs.map(rename), attributes };
      edit.add({ ...rest, ...renamed }, [node, inner]);
    }
    for (const [index, output] of node.outputs.entries()) {
      const inner = rename(body.outputs[index]!);
      if (output !== '' && inner !== output)
        edit.add({ opType: 'Identity', inputs: [inner], outputs: [output] }, [node]);
    }
  });
}

/** Names of enclosing graphs must not be shadowed, and names that bodies use must not be caught. */
function isVisibleElsewhere(graph: GraphDraft, node: Node, name: string): boolean {
  for (let outer = graph.owner?.graph; outer; outer = outer.owner?.graph) if (outer.defines(name)) return true;
  const own = graph.bodies(node);
  return graph.allBodies().some((body) => !own.includes(body) && definesAtAnyDepth(body, name));
}

function definesAtAnyDepth(body: GraphDraft, name: string): boolean {
  return body.defines(name) || body.allBodies().some((inner) => definesAtAnyDepth(inner, name));
}

/** Attributes in which bodies read captured values under their new names. */
function renameInBodies(
  attributes: ReadonlyMap<string, Attribute>,
  names: ReadonlyMap<string, string>,
): ReadonlyMap<string, Attribute> {
  const renamed = new Map<string, Attribute>();
  for (const [name, attribute] of attributes) {
    if (attribute.type === 'graph') renamed.set(name, { ...attribute, value: renameCaptures(attribute.value, names) });
    else if (attribute.type === 'graphs') {
      renamed.set(name, { ...attribute, value: attribute.value.map((each) => renameCaptures(each, names)) });
    } else renamed.set(name, attribute);
  }
  return renamed;
}

/** A body with what it captures renamed; what it defines itself hides an outer name. */
function renameCaptures(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const own = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const visible = new Map([...names].filter(([name]) => !own.has(name)));
  const rename = (name: string) => visible.get(name) ?? name;
  return {
    ...graph,
    outputs: graph.outputs.map((output) => ({ ...output, name: rename(output.name) })),
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      attributes: graphAttributes(node).length > 0 ? renameInBodies(node.attributes, visible) : node.attributes,
    })),
  };
}
