import { english } from '../english.ts';
import { graphAttributes } from '../graph/attribute.ts';
import type { Draft } from '../graph/draft.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Attribute, FunctionDefinition, Graph, Node } from '../graph/model.ts';
import { inlineGraph } from './inline-graph.ts';
import type { Pass } from './pass.ts';
import { passGraphs } from './visit.ts';

/** A file may nest calls so that they multiply; beyond this many nodes they stay calls. */
const mostNodes = 500_000;

/**
 * `y = my.domain:Twice(x)` with `Twice(a) = Add(a, a)`
 * becomes `y = Add(x, x)`, which the other passes and every runtime understand.
 */
export const inlineFunctions: Pass = {
  name: 'inline-functions',
  title: english`Inline functions`,
  summary: english`Replaces calls of the model's own functions by their bodies, and drops functions that nothing calls.`,
  exactness: 'exact',
  run(draft) {
    const definitions = new Map(
      draft.model.functions.map((each) => [keyOf(each.domain, each.name, each.overload), each]),
    );
    if (definitions.size === 0) return;
    const usable = new Map(
      [...definitions].filter(([key, each]) => isUsable(draft, each) && !callsItself(key, definitions)),
    );
    let nodes = 0;
    for (let more = true; more && nodes < mostNodes; ) {
      more = false;
      for (const graph of passGraphs(draft)) {
        for (const { id } of graph.nodes()) {
          const node = graph.node(id)!;
          const definition = usable.get(keyOf(node.domain, node.opType, node.overload));
          if (!definition || nodes > mostNodes || !inlineCall(draft, graph, node, definition)) continue;
          nodes += definition.nodes.length;
          more = true;
        }
      }
    }
    dropUncalled(draft);
  },
};

const keyOf = (domain: string, name: string, overload = '') => `${domain}:${name}:${overload}`;

/** Whether the body means the same here: its operator sets are the model's, or can be added to them. */
function isUsable(draft: Draft, { domain, opsets }: FunctionDefinition): boolean {
  // A function of these domains only explains an operator that runtimes have kernels for.
  if (domain === '' || domain === 'com.microsoft') return false;
  return [...opsets].every(([name, version]) => (draft.opsets.get(name) ?? version) === version);
}

function callsItself(key: string, definitions: ReadonlyMap<string, FunctionDefinition>): boolean {
  const seen = new Set<string>();
  const stack = [key];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    for (const called of calledBy(definitions.get(at)?.nodes ?? [])) {
      if (called === key) return true;
      if (definitions.has(called) && !seen.has(called)) {
        seen.add(called);
        stack.push(called);
      }
    }
  }
  return false;
}

function calledBy(nodes: readonly Node[]): Set<string> {
  const called = new Set<string>();
  const stack = [...nodes];
  for (let node = stack.pop(); node; node = stack.pop()) {
    called.add(keyOf(node.domain, node.opType, node.overload));
    for (const { graph } of graphAttributes(node)) stack.push(...graph.nodes);
  }
  return called;
}

function inlineCall(draft: Draft, graph: GraphDraft, node: Node, definition: FunctionDefinition): boolean {
  const bound = new Map(definition.inputs.map((input, index) => [input, node.inputs[index] ?? '']));
  const given = new Map([...definition.attributeDefaults, ...node.attributes]);
  const body = { outputs: definition.outputs, nodes: definition.nodes, initializers: [] };
  const done = inlineGraph(
    graph,
    node,
    body,
    bound,
    english`It calls the function ${definition.name}.`,
    ({ attributes }) => resolve(attributes, given),
  );
  const missing = [...definition.opsets].filter(([name]) => !draft.opsets.has(name));
  if (done && missing.length > 0) draft.setModel({ opsets: new Map([...draft.opsets, ...missing]) });
  return done;
}

/** Attributes with those of the call in the place of references; what the call leaves out is left out. */
function resolve(
  attributes: ReadonlyMap<string, Attribute>,
  given: ReadonlyMap<string, Attribute>,
): ReadonlyMap<string, Attribute> {
  const resolved = new Map<string, Attribute>();
  for (const [name, attribute] of attributes) {
    const value = attribute.type === 'reference' ? given.get(attribute.value) : attribute;
    if (value?.type === 'graph') resolved.set(name, { ...value, value: resolveGraph(value.value, given) });
    else if (value) resolved.set(name, value);
  }
  return resolved;
}

function resolveGraph(graph: Graph, given: ReadonlyMap<string, Attribute>): Graph {
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, attributes: resolve(node.attributes, given) })) };
}

function dropUncalled(draft: Draft): void {
  const graphs = draft.graphs();
  const called = new Set<string>();
  for (const graph of graphs) for (const each of calledBy(graph.nodes())) called.add(each);
  for (const each of draft.functions) {
    const { domain, name, overload } = each.definition!;
    if (graphs.includes(each) && !called.has(keyOf(domain, name, overload))) draft.removeFunction(each);
  }
}
