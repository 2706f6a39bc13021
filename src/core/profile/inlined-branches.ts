import type { Attribute, Graph, Node } from '../graph/model.ts';
import { graphsOf } from './links.ts';

/** How ONNX Runtime begins the names of what it takes out of a branch; a number tells several of the same apart. */
const branchName = /^_if_(then_branch|else_branch)_(?:token_\d+_)?/;

/**
 * The graph with the branches that ONNX Runtime put in the place of their `If`, as it names them; nodes keep their ids.
 * It does so where the condition is a constant. An `If` whose branch cannot be told from the names stays as it is.
 */
export function withInlinedBranches(source: Graph, asRun: Graph): Graph {
  const names = new Set([...asRun.nodes.flatMap(({ outputs }) => outputs), ...asRun.initializers.keys()]);
  const makers = new Map(asRun.nodes.flatMap(({ outputs, name }) => outputs.map((output) => [output, name] as const)));
  const prefixes = [...names, ...makers.values()].filter((name) => name.startsWith('_if_'));
  if (prefixes.length === 0) return source;
  const initializers = new Map(source.initializers);
  const inline = (nodes: readonly Node[], outer: string): readonly Node[] =>
    nodes.flatMap((node) => {
      const prefix = node.opType === 'If' && node.domain === '' ? prefixOf(node, outer) : undefined;
      const branch = prefix && graphsOf(node).get(branchName.exec(prefix.slice(outer.length))![1]!);
      if (!branch) return [node];
      const renamed = new Map<string, string>();
      for (const name of valuesOf(branch)) renamed.set(name, prefix + name);
      for (const [index, { name }] of branch.outputs.entries())
        if (renamed.has(name) && node.outputs[index]) renamed.set(name, node.outputs[index]);
      for (const [name, tensor] of branch.initializers) initializers.set(renamed.get(name)!, tensor);
      return inline(
        branch.nodes.map((each) => ({ ...renameNode(each, renamed), name: prefix + each.opType })),
        prefix,
      );
    });
  /** The name of what makes its result says where it comes from; else the names of values inside, if only one fits. */
  const prefixOf = (node: Node, outer: string): string | undefined => {
    const maker = outer === '' ? branchName.exec(makers.get(node.outputs[0] ?? '') ?? '')?.[0] : undefined;
    if (maker !== undefined) return maker;
    const fitting = new Set<string>();
    for (const name of prefixes) {
      const found = name.startsWith(outer) ? branchName.exec(name.slice(outer.length)) : null;
      const branch = found && graphsOf(node).get(found[1]!);
      if (branch && valuesOf(branch).some((value) => names.has(outer + found[0] + value)))
        fitting.add(outer + found[0]);
    }
    return fitting.size === 1 ? [...fitting][0] : undefined;
  };
  return { ...source, nodes: inline(source.nodes, ''), initializers };
}

/** What a graph makes and holds. */
function valuesOf({ nodes, initializers }: Graph): readonly string[] {
  return [...nodes.flatMap(({ outputs }) => outputs), ...initializers.keys()].filter((name) => name !== '');
}

function renameNode(node: Node, renamed: ReadonlyMap<string, string>): Node {
  const rename = (name: string) => renamed.get(name) ?? name;
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    const body = attribute.type === 'graph' ? { ...attribute, value: renameBody(attribute.value, renamed) } : attribute;
    attributes.set(name, body);
  }
  return { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename), attributes };
}

/** A body inside a branch reads the branch's values by their new names; what it makes itself keeps its name. */
function renameBody(body: Graph, outer: ReadonlyMap<string, string>): Graph {
  const own = new Set([...valuesOf(body), ...body.inputs.map(({ name }) => name)]);
  const renamed = new Map([...outer].filter(([name]) => !own.has(name)));
  const outputs = body.outputs.map((output) => ({ ...output, name: renamed.get(output.name) ?? output.name }));
  return { ...body, nodes: body.nodes.map((node) => renameNode(node, renamed)), outputs };
}
