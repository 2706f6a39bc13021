import { graphAttributes } from '../graph/attribute.ts';
import type { GraphDraft, NodeSpec } from '../graph/graph-draft.ts';
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
 * values made inside, in bodies too, are kept where the outer graph has none like it. An output that the body only hands through
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
  const freshName = (name: string) => {
    let fresh = graph.freshName(name);
    while (taken.has(fresh)) fresh = graph.freshName(name);
    taken.add(fresh);
    return fresh;
  };
  for (const name of makes) {
    if (name === '' || names.has(name)) continue;
    const free = !taken.has(name) && !isVisible(graph, name) && !isDefinedInside(graph, node, name);
    names.set(name, free ? name : freshName(name));
    taken.add(names.get(name)!);
  }
  const rename = (name: string) => names.get(name) ?? name;
  const freeInside = (name: string) => !taken.has(name) && !isVisible(graph, name);
  const renaming: Renaming = { names, nameInside: (name) => (freeInside(name) ? name : freshName(name)) };
  const added = nodes.map((inner): [NodeSpec, Node] => {
    const { id: _, ...rest } = inner;
    const attributes = renameInBodies(attributesOf(inner), renaming);
    return [{ ...rest, inputs: inner.inputs.map(rename), outputs: inner.outputs.map(rename), attributes }, inner];
  });
  return graph.rewrite(node, why, (edit) => {
    edit.remove(node);
    for (const tensor of body.initializers) edit.setInitializer({ ...tensor, name: rename(tensor.name) });
    for (const [spec, inner] of added) edit.add(spec, [node, inner]);
    for (const [index, output] of node.outputs.entries()) {
      const inner = rename(body.outputs[index]!);
      if (output !== '' && inner !== output)
        edit.add({ opType: 'Identity', inputs: [inner], outputs: [output] }, [node]);
    }
  });
}

/** Whether a graph or one around it defines the name. */
function isVisible(graph: GraphDraft, name: string): boolean {
  for (let outer: GraphDraft | undefined = graph; outer; outer = outer.owner?.graph) {
    if (outer.defines(name)) return true;
  }
  return false;
}

/** Names that the bodies of other nodes use must not be caught. */
function isDefinedInside(graph: GraphDraft, node: Node, name: string): boolean {
  const own = graph.bodies(node);
  return graph.allBodies().some((body) => !own.includes(body) && definesAtAnyDepth(body, name));
}

function definesAtAnyDepth(body: GraphDraft, name: string): boolean {
  return body.defines(name) || body.allBodies().some((inner) => definesAtAnyDepth(inner, name));
}

/** How names change inside the bodies that come in. */
interface Renaming {
  /** Names from around the body that are others now. */
  readonly names: ReadonlyMap<string, string>;
  /** The name of a value that a body makes: a new one where it would hide a value of the graph it comes into. */
  readonly nameInside: (name: string) => string;
}

function renameInBodies(
  attributes: ReadonlyMap<string, Attribute>,
  renaming: Renaming,
): ReadonlyMap<string, Attribute> {
  const renamed = new Map<string, Attribute>();
  for (const [name, attribute] of attributes) {
    if (attribute.type === 'graph') renamed.set(name, { ...attribute, value: renameBody(attribute.value, renaming) });
    else if (attribute.type === 'graphs') {
      renamed.set(name, { ...attribute, value: attribute.value.map((each) => renameBody(each, renaming)) });
    } else renamed.set(name, attribute);
  }
  return renamed;
}

/** A body with what it captures under its new names, and what it makes, which hides an outer name, under free ones. */
function renameBody(graph: Graph, { names, nameInside }: Renaming): Graph {
  const inside = new Map(names);
  for (const name of new Set(definedBy(graph))) if (name !== '') inside.set(name, nameInside(name));
  const rename = (name: string) => inside.get(name) ?? name;
  const named = <T extends { readonly name: string }>(each: T): T => ({ ...each, name: rename(each.name) });
  return {
    ...graph,
    inputs: graph.inputs.map(named),
    outputs: graph.outputs.map(named),
    valueInfo: graph.valueInfo.map(named),
    initializers: new Map(Array.from(graph.initializers, ([name, tensor]) => [rename(name), named(tensor)])),
    sparseInitializers: graph.sparseInitializers.map((each) => ({ ...each, values: named(each.values) })),
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
      attributes:
        graphAttributes(node).length > 0
          ? renameInBodies(node.attributes, { names: inside, nameInside })
          : node.attributes,
    })),
  };
}

const definedBy = ({ inputs, initializers, sparseInitializers, nodes }: Graph): readonly string[] => [
  ...inputs.map(({ name }) => name),
  ...initializers.keys(),
  ...sparseInitializers.map(({ values }) => values.name),
  ...nodes.flatMap(({ outputs }) => outputs),
];
