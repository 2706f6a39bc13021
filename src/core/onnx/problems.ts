import { english } from '../english.ts';
import { graphAttributes } from '../graph/attribute.ts';
import type { FunctionDefinition, Graph, Model, Node, NodeId } from '../graph/model.ts';
import { nameText, type ProblemList } from './problem-list.ts';

/** Adds what is odd about a model that ONNX Runtime loads all the same, and what it will refuse. */
export function findProblems(model: Model, problems: ProblemList): void {
  if (model.irVersion === 0) problems.add('missing-ir-version', () => english`The file states no IR version.`);
  const used = new Map<string, NodeId>();
  const local = new Set(model.functions.map(({ domain }) => domain));
  if (model.irVersion > 0 && model.irVersion < 4) checkInitializers(model.graph, model.irVersion, problems);
  new Search(problems, used).visit(scopeOf(model.graph));
  for (const definition of model.functions) {
    const domains = new Map<string, NodeId>();
    new Search(problems, domains).visit(scopeOfFunction(definition));
    for (const [domain, node] of domains)
      if (!definition.opsets.has(domain) && !used.has(domain)) used.set(domain, node);
  }
  for (const [domain, node] of used) {
    if (model.opsets.has(domain) || local.has(domain)) continue;
    const name = nameText(domain) || 'ai.onnx';
    problems.add(
      'missing-opset',
      () => english`Nodes use the operator set ${name}, which the model does not import.`,
      node,
    );
  }
}

/** A graph or the body of a function, as far as names go. */
interface Scope {
  readonly nodes: readonly Node[];
  /** Names that are there before the first node: inputs and initializers. */
  readonly given: readonly string[];
  readonly inputs: ReadonlySet<string>;
  readonly outputs: readonly string[];
}

function scopeOf(graph: Graph): Scope {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const sparse = graph.sparseInitializers.map(({ values }) => values.name);
  return {
    nodes: graph.nodes,
    given: [...inputs, ...graph.initializers.keys(), ...sparse],
    inputs,
    outputs: graph.outputs.map(({ name }) => name),
  };
}

function scopeOfFunction({ nodes, inputs, outputs }: FunctionDefinition): Scope {
  return { nodes, given: inputs, inputs: new Set(inputs), outputs };
}

/** A graph that is being visited. */
interface Level {
  /** Which of its nodes is looked at. */
  position: number;
  node: Node | undefined;
  /** The first node that reads what a node behind it produces. */
  unsorted: Node | undefined;
  /** For nodes with bodies, by their positions: the producers in this graph of what their bodies read. */
  readonly captures: Map<number, Set<number>>;
}

/** Where a name comes from, in the innermost graph that has it. */
interface Definition {
  readonly level: Level;
  /** The position of the node that produces it; −1 when it is there from the start. */
  readonly at: number;
  /** What the name means in the graphs around. */
  readonly outer: Definition | undefined;
}

/**
 * One walk over a graph and its bodies. Each name that a node reads is looked up once, whatever the depth, and counted
 * at the graph that has it, so that the work grows with the size of the file alone.
 */
class Search {
  private readonly names = new Map<string, Definition>();
  private readonly problems: ProblemList;
  /** Domains of operators, each with the first node that is of it. */
  private readonly used: Map<string, NodeId>;

  constructor(problems: ProblemList, used: Map<string, NodeId>) {
    this.problems = problems;
    this.used = used;
  }

  visit(scope: Scope, owner?: Node): void {
    const level: Level = { position: 0, node: undefined, unsorted: undefined, captures: new Map() };
    for (const name of scope.given) this.define(name, level, -1);
    this.defineOutputs(scope, level);
    scope.nodes.forEach((node, at) => {
      level.position = at;
      level.node = node;
      if (!this.used.has(node.domain)) this.used.set(node.domain, node.id);
      for (const input of node.inputs) if (input !== '') this.read(input, level, node);
      for (const [name, attribute] of node.attributes)
        if (attribute.type === 'encoded' && !attribute.of) this.reportAttribute(name, node);
      for (const { graph } of graphAttributes(node)) this.visit(scopeOf(graph), node);
    });
    for (const name of scope.outputs) {
      if (name === '' || this.names.has(name)) continue;
      this.problems.add(
        'missing-output',
        () => english`The output ${nameText(name)} of a graph is stated, and nothing produces it.`,
        owner?.id,
      );
    }
    if (level.unsorted) this.reportOrder(scope, level, level.unsorted);
    for (const name of scope.given) this.forget(name, level);
    for (const { outputs } of scope.nodes) for (const name of outputs) this.forget(name, level);
  }

  private reportAttribute(name: string, { id }: Node): void {
    this.problems.add(
      'unknown-attribute',
      () => english`The attribute ${nameText(name)} is of a type that this version does not know. It is kept as it is.`,
      id,
    );
  }

  private defineOutputs({ nodes, inputs }: Scope, level: Level): void {
    nodes.forEach(({ id, outputs }, at) => {
      for (const output of outputs) {
        if (output === '') continue;
        const before = this.names.get(output);
        if (inputs.has(output) || (before?.level === level && before.at >= 0)) {
          const message = () => english`The value ${nameText(output)} is produced twice.`;
          this.problems.add('duplicate-value', message, id);
        }
        this.define(output, level, at);
      }
    });
  }

  private define(name: string, level: Level, at: number): void {
    const outer = this.names.get(name);
    if (outer?.level !== level) this.names.set(name, { level, at, outer });
  }

  private forget(name: string, level: Level): void {
    const definition = this.names.get(name);
    if (definition?.level !== level) return;
    if (definition.outer) this.names.set(name, definition.outer);
    else this.names.delete(name);
  }

  private read(name: string, here: Level, node: Node): void {
    const found = this.names.get(name);
    if (!found) {
      this.problems.add(
        'missing-value',
        () => english`The node ${label(node)} reads ${nameText(name)}, which nothing produces.`,
        node.id,
      );
      return;
    }
    const { level, at } = found;
    if (at < 0) return;
    if (level === here) {
      if (at >= level.position) level.unsorted ??= node;
      return;
    }
    // What a body reads of a graph around it must be there before the node with the body is.
    if (at >= level.position) level.unsorted ??= level.node;
    const captured = level.captures.get(level.position) ?? new Set();
    level.captures.set(level.position, captured.add(at));
  }

  /** Nodes that are out of order can be sorted, unless some read in a circle what they produce. */
  private reportOrder(scope: Scope, level: Level, unsorted: Node): void {
    const circular = this.nodeInCycle(scope, level);
    if (circular)
      this.problems.add(
        'cyclic-graph',
        () =>
          english`The node ${label(circular)} depends on its own output, directly or through others. No runtime can run that.`,
        circular.id,
      );
    else
      this.problems.add(
        'unsorted-nodes',
        () =>
          english`The nodes are not in topological order, beginning with ${label(unsorted)}. ONNX Runtime sorts them; the ONNX checker refuses the file.`,
        unsorted.id,
      );
  }

  /** A node that is left when all nodes whose inputs are there have been taken away, one after the other (Kahn 1962). */
  private nodeInCycle({ nodes }: Scope, level: Level): Node | undefined {
    const waiting = new Int32Array(nodes.length);
    const readers = new Map<number, number[]>();
    nodes.forEach(({ inputs }, reader) => {
      const sources = new Set(level.captures.get(reader));
      for (const name of inputs) {
        const found = this.names.get(name);
        if (found?.level === level && found.at >= 0) sources.add(found.at);
      }
      waiting[reader] = sources.size;
      for (const source of sources) {
        const known = readers.get(source);
        if (known) known.push(reader);
        else readers.set(source, [reader]);
      }
    });
    const ready: number[] = [];
    waiting.forEach((count, at) => {
      if (count === 0) ready.push(at);
    });
    for (let at = ready.pop(); at !== undefined; at = ready.pop()) {
      for (const reader of readers.get(at) ?? []) if (--waiting[reader]! === 0) ready.push(reader);
    }
    return nodes[waiting.findIndex((count) => count > 0)];
  }
}

function checkInitializers(graph: Graph, irVersion: number, problems: ProblemList): void {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const others = [...graph.initializers.keys()].filter((name) => !inputs.has(name));
  if (others.length === 0) return;
  const first = nameText(others[0]!);
  problems.add('initializer-not-input', () =>
    others.length > 1
      ? english`The initializer ${first} and ${others.length - 1} more are no graph inputs, which IR version ${irVersion} asks for.`
      : english`The initializer ${first} is no graph input, which IR version ${irVersion} asks for.`,
  );
}

function label({ opType, name }: Node): string {
  return nameText(name ? `${opType} ${name}` : opType);
}
