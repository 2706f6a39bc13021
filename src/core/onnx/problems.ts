import { english } from '../english.ts';
import { graphAttributes } from '../graph/attribute.ts';
import type { Graph, Model, Node } from '../graph/model.ts';
import type { Problem } from '../problem.ts';

/** What is odd about a model that ONNX Runtime loads all the same, and what it will refuse. */
export function findProblems(model: Model): Problem[] {
  const problems: Problem[] = [];
  if (model.irVersion === 0)
    problems.push({
      severity: 'warning',
      code: 'missing-ir-version',
      message: english`The file states no IR version.`,
    });
  const used = new Set<string>();
  const local = new Set(model.functions.map(({ domain }) => domain));
  visit(model.graph, nothing, problems, used, model.irVersion);
  for (const definition of model.functions)
    for (const { domain } of definition.nodes) if (!definition.opsets.has(domain)) used.add(domain);
  for (const domain of used) {
    if (model.opsets.has(domain) || local.has(domain)) continue;
    problems.push({
      severity: 'warning',
      code: 'missing-opset',
      message: english`Nodes use the operator set ${domain || 'ai.onnx'}, which the model does not import.`,
    });
  }
  return problems;
}

/** Which names a graph may read: its own, and those of the graphs around it. */
type Scope = (name: string) => boolean;

const nothing: Scope = () => false;

function visit(graph: Graph, outer: Scope, problems: Problem[], used: Set<string>, irVersion: number): void {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const known = new Set([...inputs, ...graph.initializers.keys()]);
  for (const { values } of graph.sparseInitializers) known.add(values.name);
  if (irVersion > 0 && irVersion < 4 && outer === nothing) checkInitializers(graph, inputs, irVersion, problems);
  const producers = producersOf(graph, inputs, problems);
  const visible: Scope = (name) => known.has(name) || producers.has(name) || outer(name);
  let unsorted: Node | undefined;
  for (const node of graph.nodes) {
    used.add(node.domain);
    for (const input of node.inputs) {
      if (input === '' || known.has(input) || outer(input)) continue;
      if (producers.has(input)) unsorted ??= node;
      else
        problems.push({
          severity: 'error',
          code: 'missing-value',
          message: english`The node ${label(node)} reads ${input}, which nothing produces.`,
          node: node.id,
        });
    }
    const bodies = graphAttributes(node);
    // What a body reads of this graph must be there before its node is.
    for (const name of bodies.length > 0 ? namesRead(node) : []) {
      if (producers.has(name) && !known.has(name)) unsorted ??= node;
    }
    for (const output of node.outputs) known.add(output);
    for (const { graph: body } of bodies) visit(body, visible, problems, used, irVersion);
  }
  if (unsorted) problems.push(orderProblem(graph, producers, unsorted));
}

function checkInitializers(graph: Graph, inputs: ReadonlySet<string>, irVersion: number, problems: Problem[]): void {
  const others = [...graph.initializers.keys()].filter((name) => !inputs.has(name));
  if (others.length === 0) return;
  problems.push({
    severity: 'info',
    code: 'initializer-not-input',
    message:
      others.length > 1
        ? english`The initializer ${others[0]} and ${others.length - 1} more are no graph inputs, which IR version ${irVersion} asks for.`
        : english`The initializer ${others[0]} is no graph input, which IR version ${irVersion} asks for.`,
  });
}

function producersOf(graph: Graph, inputs: ReadonlySet<string>, problems: Problem[]): ReadonlyMap<string, Node> {
  const producers = new Map<string, Node>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (producers.has(output) || inputs.has(output)) {
        problems.push({
          severity: 'error',
          code: 'duplicate-value',
          message: english`The value ${output} is produced twice.`,
          node: node.id,
        });
      }
      producers.set(output, node);
    }
  }
  return producers;
}

/** Nodes that are out of order can be sorted, unless some read in a circle what they produce. */
function orderProblem(graph: Graph, producers: ReadonlyMap<string, Node>, unsorted: Node): Problem {
  const circular = nodeInCycle(graph, producers);
  if (circular) {
    return {
      severity: 'error',
      code: 'cyclic-graph',
      message: english`The node ${label(circular)} depends on its own output, directly or through others. No runtime can run that.`,
      node: circular.id,
    };
  }
  return {
    severity: 'info',
    code: 'unsorted-nodes',
    message: english`The nodes are not in topological order, beginning with ${label(unsorted)}. ONNX Runtime sorts them; the ONNX checker refuses the file.`,
    node: unsorted.id,
  };
}

/** A node that is left when all nodes whose inputs are there have been taken away, one after the other (Kahn 1962). */
function nodeInCycle(graph: Graph, producers: ReadonlyMap<string, Node>): Node | undefined {
  const waiting = new Map<Node, number>();
  const readers = new Map<Node, Node[]>();
  for (const node of graph.nodes) {
    const sources = new Set<Node>();
    for (const name of namesRead(node)) {
      const producer = producers.get(name);
      if (producer) sources.add(producer);
    }
    waiting.set(node, sources.size);
    for (const source of sources) {
      const known = readers.get(source);
      if (known) known.push(node);
      else readers.set(source, [node]);
    }
  }
  const ready = graph.nodes.filter((node) => waiting.get(node) === 0);
  for (let node = ready.pop(); node; node = ready.pop()) {
    waiting.delete(node);
    for (const reader of readers.get(node) ?? []) {
      const left = waiting.get(reader)! - 1;
      waiting.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  return waiting.keys().next().value;
}

/** What a node and the nodes in its bodies read. */
function* namesRead(node: Node): Generator<string> {
  yield* node.inputs;
  for (const { graph } of graphAttributes(node)) for (const inside of graph.nodes) yield* namesRead(inside);
}

function label({ opType, name }: Node): string {
  return name ? `${opType} ${name}` : opType;
}
