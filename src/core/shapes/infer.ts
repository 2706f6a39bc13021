import type { Draft } from '../graph/draft.ts';
import type { Attribute, FunctionDefinition, Node, NodeId, ValueInfo } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { type Axis, anonymousDim, constantDim, dimOfText, dimText, symbolDim } from './dim.ts';
import type { Facts, ValueFacts } from './facts.ts';
import { Operation, unknown } from './operation.ts';
import { type BodyInputs, bodyRules } from './operators/control-flow.ts';
import { factsOfTensor } from './operators/generators.ts';
import { factsOfType } from './operators/sequence.ts';
import { ruleOf } from './registry.ts';

/** Functions calling functions deeper than this, and loops that keep changing, are left unknown: a file may not choose our stack or our time. */
const maxDepth = 24;
const maxRounds = 8;
const inferencesPerNode = 40;

/** Names that exporters give to every axis they know nothing of: no two of them need be equal. */
export const meaninglessSymbols: ReadonlySet<string> = new Set([
  '?',
  'None',
  'none',
  'unk',
  'unknown',
  'Unknown',
  'dynamic',
  '-1',
  'undefined',
  '*',
  ':',
]);

/** One graph with the facts inferred in it: a body or function called twice is inferred twice. */
interface Scope {
  readonly graph: GraphView;
  readonly parent: Scope | undefined;
  readonly depth: number;
  readonly known: Map<string, ValueFacts>;
  /** Nodes being inferred: needing one of them again means a cycle. */
  readonly active: Set<NodeId>;
  readonly bodies: Map<GraphView, Scope>;
  /** In a function: the attributes of the call; undefined when it is looked at by itself. */
  readonly attributes: ReadonlyMap<string, Attribute> | undefined;
  /** Unknown axes get a symbol of their own; not where a node stands for many executions. */
  readonly named: boolean;
}

/** A node that is being inferred; waits on the stack until what it needs is known. */
interface Frame {
  readonly scope: Scope;
  readonly node: Node;
  entered?: readonly BodyInputs[];
  inner?: readonly Scope[];
  rounds: number;
}

/**
 * Facts about the values of a draft's model. Inference starts at the value asked for and goes backwards as far as it
 * must; nothing is inferred twice, and no recursion follows the depth of the graph. Trusted are the types of the graph
 * inputs; other declared types are used where inference ends, as long as they do not contradict it. `dims` binds
 * symbols to sizes, by their name or as `input[axis]`.
 */
export function createFacts(draft: Draft, options: { readonly dims?: ReadonlyMap<string, number> } = {}): Facts {
  const inference = new Inference(draft, options.dims ?? new Map());
  return { of: (graph, value) => inference.of(graph, value) };
}

class Inference {
  private readonly dims: ReadonlyMap<string, number>;
  private readonly roots = new WeakMap<GraphView, Scope>();
  private readonly functions: ReadonlyMap<string, GraphView>;
  private budget: number;

  constructor(draft: Draft, dims: ReadonlyMap<string, number>) {
    this.dims = dims;
    this.functions = new Map(draft.functions.map((each) => [functionKey(each.definition!), each]));
    this.budget = 50_000 + inferencesPerNode * draft.model.nextNodeId;
  }

  of(graph: GraphView, value: string): ValueFacts {
    if (value === '') return unknown;
    const scope = this.scopeOf(graph);
    const found = this.lookUp(scope, value);
    if (!('producer' in found)) return found.facts;
    this.run({ scope: found.scope, node: found.producer, rounds: 0 });
    return found.scope.known.get(value) ?? unknown;
  }

  /** The scope of a graph, made by inferring the nodes that own it, outermost first. */
  private scopeOf(graph: GraphView): Scope {
    const chain: GraphView[] = [];
    for (let at: GraphView | undefined = graph; at; at = at.owner?.graph) chain.push(at);
    let scope = this.rootScope(chain.pop()!);
    for (let inner = chain.pop(); inner; inner = chain.pop()) {
      if (!scope.bodies.has(inner)) {
        const node = scope.graph.node(inner.owner!.node);
        if (node) this.run({ scope, node, rounds: 0 });
      }
      const made = scope.bodies.get(inner) ?? newScope(inner, scope, { named: false });
      scope.bodies.set(inner, made);
      scope = made;
    }
    return scope;
  }

  private rootScope(graph: GraphView): Scope {
    const existing = this.roots.get(graph);
    if (existing) return existing;
    const scope = newScope(graph, undefined, { named: graph.kind === 'main' });
    this.roots.set(graph, scope);
    return scope;
  }

  /** What is known of a value without inferring a node, or the node that must be inferred. */
  private lookUp(
    from: Scope,
    value: string,
  ): { readonly facts: ValueFacts } | { readonly scope: Scope; readonly producer: Node } {
    let scope = from;
    for (;;) {
      const facts = scope.known.get(value);
      if (facts) return { facts };
      if (scope.graph.defines(value)) break;
      if (!scope.parent) return { facts: unknown };
      scope = scope.parent;
    }
    const producer = scope.graph.producer(value);
    if (producer) return { scope, producer };
    const facts = this.factsOfSource(scope, value);
    scope.known.set(value, facts);
    return { facts };
  }

  /** An initializer or an input. */
  private factsOfSource({ graph, named }: Scope, value: string): ValueFacts {
    const constant = graph.constant(value);
    if (constant) return factsOfTensor(constant);
    const declared = graph.declared(value);
    if (declared?.type && graph.isInput(value)) {
      const trusted = graph.kind === 'main';
      return factsOfType(declared.type, (dim, axis) => {
        if (typeof dim === 'number') return dim >= 0 ? constantDim(dim) : this.nameless(named, value, axis);
        if (dim === null || dim === '' || !trusted || meaninglessSymbols.has(dim))
          return this.nameless(named, value, axis);
        const bound = this.dims.get(dim);
        return bound === undefined ? dimOfText(dim, (symbol) => this.symbol(symbol)) : constantDim(bound);
      });
    }
    const overridable = graph.initializer(value);
    return overridable ? { kind: 'tensor', dtype: overridable.dtype } : unknown;
  }

  private symbol(name: string): Axis {
    const bound = this.dims.get(name);
    return bound === undefined ? symbolDim(name) : constantDim(bound);
  }

  private nameless(named: boolean, value: string, axis: number): Axis {
    if (!named) return null;
    const bound = this.dims.get(`${value}[${axis}]`);
    return bound === undefined ? anonymousDim(value, axis) : constantDim(bound);
  }

  /** Infers a node and whatever it needs, with a stack of its own. */
  private run(first: Frame): void {
    const stack = [first];
    first.scope.active.add(first.node.id);
    while (stack.length > 0) {
      const frame = stack.at(-1)!;
      const needed = this.step(frame);
      if (needed) {
        needed.scope.active.add(needed.node.id);
        stack.push(needed);
      } else {
        frame.scope.active.delete(frame.node.id);
        stack.pop();
      }
    }
  }

  /** Advances a frame: gives the frame that must be done first, or nothing when the node's outputs are known. */
  private step(frame: Frame): Frame | undefined {
    const { scope, node } = frame;
    const waiting = this.firstUnknown(scope, node.inputs);
    if (waiting) return waiting;
    const bodies = scope.graph.bodies(node);
    const callee =
      ruleOf(node.domain, node.opType) || bodies.length > 0 ? undefined : this.functions.get(callKey(node));
    if (bodies.length === 0 && !callee) {
      this.store(scope, node, this.outputsOf(this.operation(scope, node)));
      return undefined;
    }
    if (this.budget <= 0 || scope.depth >= maxDepth) {
      this.store(scope, node, []);
      return undefined;
    }
    return this.stepInside(frame, bodies, callee);
  }

  private stepInside(frame: Frame, bodies: readonly GraphView[], callee: GraphView | undefined): Frame | undefined {
    const { scope, node } = frame;
    const op = this.operation(scope, node);
    const rule = node.domain === '' ? bodyRules[node.opType] : undefined;
    if (!callee && !rule) {
      this.store(scope, node, []);
      return undefined;
    }
    if (!frame.entered) {
      const entered = callee ? [{ body: callee, inputs: op.inputs }] : rule!.enter(op, bodies);
      this.open(frame, entered, callee ? op.node.attributes : undefined);
    }
    for (const inner of frame.inner!) {
      const waiting = this.firstUnknown(
        inner,
        inner.graph.outputs.map(({ name }) => name),
      );
      if (waiting) return waiting;
    }
    const results = frame.inner!.map((inner) => inner.graph.outputs.map(({ name }) => this.known(inner, name)));
    const left = callee ? { outputs: results[0] ?? [] } : rule!.leave(op, frame.entered!, results);
    if ('outputs' in left) {
      this.store(scope, node, left.outputs);
      return undefined;
    }
    const settled = ++frame.rounds < maxRounds;
    this.open(
      frame,
      settled ? left.again : left.again.map(({ body, inputs }) => ({ body, inputs: inputs.map(() => unknown) })),
      undefined,
    );
    return this.step(frame);
  }

  /** Makes the scopes of a node's bodies, or of the function it calls, with what is known of their inputs. */
  private open(frame: Frame, entered: readonly BodyInputs[], call: ReadonlyMap<string, Attribute> | undefined): void {
    const { scope } = frame;
    frame.entered = entered;
    frame.inner = entered.map(({ body, inputs }) => {
      this.budget -= 1 + body.nodes().length;
      const inner = newScope(body, call ? undefined : scope, {
        named: false,
        depth: scope.depth + 1,
        attributes: call ? withDefaults(call, body.definition) : scope.attributes,
      });
      for (const [index, { name }] of body.inputs.entries())
        inner.known.set(name, typed(inputs[index] ?? unknown, body.inputs[index]!));
      if (!call) scope.bodies.set(body, inner);
      return inner;
    });
  }

  /** A frame for the first of the values that still has to be inferred. */
  private firstUnknown(scope: Scope, values: readonly string[]): Frame | undefined {
    for (const value of values) {
      if (value === '') continue;
      const found = this.lookUp(scope, value);
      if ('producer' in found && !found.scope.active.has(found.producer.id)) {
        return { scope: found.scope, node: found.producer, rounds: 0 };
      }
    }
    return undefined;
  }

  /** What is known by now; a value that depends on itself is unknown. */
  private known(scope: Scope, value: string): ValueFacts {
    if (value === '') return unknown;
    const found = this.lookUp(scope, value);
    return 'facts' in found ? found.facts : unknown;
  }

  private operation(scope: Scope, node: Node): Operation {
    const { graph } = scope;
    return new Operation(
      resolved(node, scope.attributes),
      graph.opsets.get(node.domain) ?? (node.domain === '' ? 1 : 0),
      node.inputs.map((name) => this.known(scope, name)),
      (name) => graph.constant(name),
    );
  }

  private outputsOf(op: Operation): readonly ValueFacts[] {
    const unresolved = [...op.node.attributes.values()].some(({ type }) => type === 'reference');
    const rule = unresolved ? undefined : ruleOf(op.node.domain, op.node.opType);
    return rule && op.inputs.length <= maxInputs ? rule(op) : [];
  }

  private store(scope: Scope, node: Node, outputs: readonly ValueFacts[]): void {
    for (const [index, name] of node.outputs.entries()) {
      if (name === '') continue;
      const declared = scope.attributes || scope.graph.kind === 'function' ? undefined : scope.graph.declared(name);
      const facts = withDeclared(outputs[index] ?? unknown, declared);
      scope.known.set(name, scope.named ? this.withNames(facts, name) : facts);
    }
  }

  /** Gives every unknown axis of a tensor a symbol of its own, so that its later uses are known to be equal. */
  private withNames(facts: ValueFacts, value: string): ValueFacts {
    if (facts.kind !== 'tensor' || !facts.shape?.includes(null)) return facts;
    return { ...facts, shape: facts.shape.map((axis, index) => axis ?? anonymousDim(value, index)) };
  }
}

/** Operators with more inputs than this are not worth the time that a hostile file makes of them. */
const maxInputs = 65_536;

function newScope(graph: GraphView, parent: Scope | undefined, rest: Partial<Scope> & { named: boolean }): Scope {
  return {
    graph,
    parent,
    depth: rest.depth ?? (parent ? parent.depth + 1 : 0),
    known: new Map(),
    active: new Set(),
    bodies: new Map(),
    attributes: rest.attributes ?? undefined,
    named: rest.named,
  };
}

/** The element type that a body states for an input of which nothing is known; its stated shape need not hold in every iteration. */
function typed(facts: ValueFacts, { type }: ValueInfo): ValueFacts {
  if (facts.kind !== 'unknown' || type?.kind !== 'tensor' || type.dtype === 'undefined') return facts;
  return { kind: 'tensor', dtype: type.dtype };
}

const functionKey = ({ domain, name, overload }: FunctionDefinition): string => `${domain}\0${name}\0${overload}`;
const callKey = ({ domain, opType, overload }: Node): string => `${domain}\0${opType}\0${overload ?? ''}`;

function withDefaults(
  call: ReadonlyMap<string, Attribute>,
  definition: FunctionDefinition | undefined,
): ReadonlyMap<string, Attribute> {
  return definition ? new Map([...definition.attributeDefaults, ...call]) : call;
}

/** A node of a function body with the caller's attributes in the place of references. */
function resolved(node: Node, attributes: ReadonlyMap<string, Attribute> | undefined): Node {
  if (!attributes) return node;
  let changed: Map<string, Attribute> | undefined;
  for (const [name, attribute] of node.attributes) {
    if (attribute.type !== 'reference') continue;
    changed ??= new Map(node.attributes);
    const given = attributes.get(attribute.value);
    if (given) changed.set(name, given);
    else changed.delete(name);
  }
  return changed ? { ...node, attributes: changed } : node;
}

/**
 * What inference found, with gaps filled from the file's own statement. Files carry statements that are out of date, so
 * one that contradicts what was found is not believed at all, and symbols of intermediate values mean nothing.
 */
function withDeclared(facts: ValueFacts, declared: ValueInfo | undefined): ValueFacts {
  if (!declared?.type || (facts.kind === 'tensor' && facts.dtype && facts.shape && !facts.shape.includes(null)))
    return facts;
  const stated = factsOfType(declared.type, (dim) => (typeof dim === 'number' && dim >= 0 ? constantDim(dim) : null));
  if (facts.kind === 'unknown') return stated;
  if (facts.kind !== stated.kind || facts.kind !== 'tensor') return facts;
  if (facts.dtype && stated.dtype && facts.dtype !== stated.dtype) return facts;
  const dtype = facts.dtype ?? stated.dtype;
  return { ...facts, ...(dtype ? { dtype } : {}), ...filledShape(facts, stated) };
}

function filledShape({ shape }: ValueFacts, stated: ValueFacts): Pick<ValueFacts, 'shape'> {
  if (!stated.shape) return {};
  if (!shape) return { shape: stated.shape };
  const contradicts =
    shape.length !== stated.shape.length ||
    shape.some((axis, index) => {
      const other = stated.shape![index];
      return axis?.constant !== undefined && other?.constant !== undefined && axis.constant !== other.constant;
    });
  return contradicts ? {} : { shape: shape.map((axis, index) => axis ?? stated.shape![index]!) };
}

/** A shape as reports show it; null when the rank is unknown. */
export function shapeText(facts: ValueFacts): readonly (number | string)[] | null {
  return facts.shape?.map(dimText) ?? null;
}
