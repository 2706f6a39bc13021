import { tensorAttribute } from './attribute.ts';
import { type Draft, sameItems } from './draft.ts';
import type {
  Attribute,
  FunctionDefinition,
  Graph,
  Model,
  Node,
  NodeId,
  SparseTensor,
  Tensor,
  ValueInfo,
} from './model.ts';
import { topologicalOrder } from './order.ts';
import type { GraphView } from './view.ts';

/** What a new node needs; the rest is empty. */
export type NodeSpec = Pick<Node, 'opType' | 'inputs' | 'outputs'> & Partial<Omit<Node, 'id'>>;

/** What may change on a node that stays: everything but its identity. */
export type NodePatch = Partial<Omit<Node, 'id'>>;

/** The changes that a rewrite may make. Given to the function passed to `GraphDraft.rewrite`; not to be kept. */
export interface GraphEdit {
  /** Adds a node. It stands for the nodes in `from`; by default for all nodes that the rewrite removes. */
  add(spec: NodeSpec, from?: readonly Node[]): Node;
  remove(node: Node): void;
  /** Alters a node in place, keeping its id. */
  change(node: Node, patch: NodePatch): Node;
  /**
   * Makes every reader of `value` read `by` instead, in this graph and the bodies inside. When `value` is an output of
   * the graph, the output keeps its name: the producer of `by` is renamed, so `by` must come from a node of this graph
   * and be no output itself; `canReplaceValue` tells. Call it after removing the node that made `value`.
   */
  replaceValue(value: string, by: string): void;
  /** Adds or replaces an initializer of this graph. */
  setInitializer(tensor: Tensor): void;
  removeInitializer(name: string): void;
  setInputs(inputs: readonly ValueInfo[]): void;
  setOutputs(outputs: readonly ValueInfo[]): void;
  setValueInfo(valueInfo: readonly ValueInfo[]): void;
}

/** A graph under change; reading it is `GraphView`. */
export class GraphDraft implements GraphView {
  inputs: readonly ValueInfo[];
  outputs: readonly ValueInfo[];
  /** Types of intermediate values, as the file states them. */
  valueInfo: readonly ValueInfo[];
  /** Grows with every change in this graph or a body inside it. */
  version = 0;

  private readonly nodeById = new Map<NodeId, Node>();
  private readonly producers = new Map<string, Node>();
  /** Value → ids of the nodes that read it directly. */
  private readonly readers = new Map<string, Set<NodeId>>();
  private readonly bodiesOf = new Map<NodeId, readonly GraphDraft[]>();
  private readonly initializerByName: Map<string, Tensor>;
  private inputNames: ReadonlySet<string>;
  private outputNames: ReadonlySet<string>;
  private declaredByName: Map<string, ValueInfo> | undefined;
  private ordered: readonly Node[] | undefined;
  private captured: { version: number; names: ReadonlySet<string> } | undefined;
  private freshCounter = 0;

  readonly draft: Draft;
  readonly kind: GraphView['kind'];
  readonly definition?: FunctionDefinition;
  readonly owner?: { readonly graph: GraphDraft; readonly node: NodeId; readonly attribute: string };
  private readonly graph: Graph | undefined;

  private constructor(
    draft: Draft,
    from: { graph: Graph; owner?: GraphDraft['owner'] } | { definition: FunctionDefinition },
  ) {
    this.draft = draft;
    const source = 'graph' in from ? from.graph : from.definition;
    const { inputs, outputs } =
      'graph' in from
        ? from.graph
        : { inputs: from.definition.inputs.map(named), outputs: from.definition.outputs.map(named) };
    if ('graph' in from) {
      this.kind = from.owner ? 'body' : 'main';
      this.graph = from.graph;
      if (from.owner) this.owner = from.owner;
    } else {
      this.kind = 'function';
      this.definition = from.definition;
    }
    const { nodes, valueInfo } = source;
    this.inputs = inputs;
    this.outputs = outputs;
    this.valueInfo = valueInfo;
    this.initializerByName = new Map('graph' in from ? from.graph.initializers : []);
    this.inputNames = new Set(inputs.map(({ name }) => name));
    this.outputNames = new Set(outputs.map(({ name }) => name));
    for (const node of nodes) this.index(node);
    this.ordered = topologicalOrder(nodes, this);
  }

  static ofGraph(draft: Draft, graph: Graph, owner?: GraphDraft['owner']): GraphDraft {
    return new GraphDraft(draft, owner ? { graph, owner } : { graph });
  }

  static ofFunction(draft: Draft, definition: FunctionDefinition): GraphDraft {
    return new GraphDraft(draft, { definition });
  }

  // --- Reading: see GraphView ---

  get model(): Model {
    return this.draft.model;
  }

  get opsets(): ReadonlyMap<string, number> {
    return this.owner ? this.owner.graph.opsets : (this.definition?.opsets ?? this.draft.opsets);
  }

  nodes(): readonly Node[] {
    this.ordered ??= topologicalOrder([...this.nodeById.values()], this);
    return this.ordered;
  }

  /** Whether the model still has the nodes in an order that is not topological: `nodes()` and any change sort them. */
  get isStoredUnsorted(): boolean {
    const stored = this.graph?.nodes ?? this.definition?.nodes ?? [];
    return this.version === 0 && !sameItems(this.nodes(), stored);
  }

  node(id: NodeId): Node | undefined {
    return this.nodeById.get(id);
  }

  producer(value: string): Node | undefined {
    return this.producers.get(value);
  }

  consumers(value: string): readonly Node[] {
    const ids = new Set(this.readers.get(value));
    for (const [id, bodies] of this.bodiesOf) if (bodies.some((body) => body.captures().has(value))) ids.add(id);
    return Array.from(ids, (id) => this.nodeById.get(id)!);
  }

  /** True when a node of this graph reads the value directly; what bodies read is in their `captures`. */
  isRead(value: string): boolean {
    return this.readers.has(value);
  }

  defines(value: string): boolean {
    return this.producers.has(value) || this.initializerByName.has(value) || this.inputNames.has(value);
  }

  isInput(value: string): boolean {
    return this.inputNames.has(value);
  }

  isOutput(value: string): boolean {
    return this.outputNames.has(value);
  }

  initializers(): Iterable<Tensor> {
    return this.initializerByName.values();
  }

  initializer(value: string): Tensor | undefined {
    return this.initializerByName.get(value);
  }

  constant(value: string): Tensor | undefined {
    const initializer = this.initializerByName.get(value);
    // Below IR 4 every initializer is listed as an input and is a constant all the same.
    if (initializer) return this.inputNames.has(value) && this.model.irVersion >= 4 ? undefined : initializer;
    const producer = this.producers.get(value);
    if (producer)
      return producer.opType === 'Constant' && producer.domain === '' ? tensorAttribute(producer, 'value') : undefined;
    return this.inputNames.has(value) ? undefined : this.owner?.graph.constant(value);
  }

  declared(value: string): ValueInfo | undefined {
    this.declaredByName ??= new Map(
      [...this.valueInfo, ...this.outputs, ...this.inputs].map((info) => [info.name, info]),
    );
    return this.declaredByName.get(value);
  }

  bodies(node: Node): readonly GraphDraft[] {
    return this.bodiesOf.get(node.id) ?? [];
  }

  /** The bodies of all nodes of this graph, not of deeper ones. */
  allBodies(): GraphDraft[] {
    return [...this.bodiesOf.values()].flat();
  }

  captures(): ReadonlySet<string> {
    if (this.captured?.version === this.version) return this.captured.names;
    const names = new Set<string>();
    const add = (value: string) => {
      if (value !== '' && !this.defines(value)) names.add(value);
    };
    for (const value of this.readers.keys()) add(value);
    for (const { name } of this.outputs) add(name);
    for (const body of this.allBodies()) for (const value of body.captures()) add(value);
    this.captured = { version: this.version, names };
    return names;
  }

  // --- Changing ---

  /**
   * Makes one change and records it. `anchor` is the first node concerned. Returns false, with nothing changed, when
   * the draft does not allow this rewrite. The function must not await: a rewrite is whole or not there.
   */
  rewrite(anchor: Node | string, why: string, edit: (edit: GraphEdit) => void): boolean {
    const { draft } = this;
    const key = `${draft.currentPass}:${typeof anchor === 'string' ? anchor : (anchor.outputs.find((name) => name !== '') ?? anchor.id)}`;
    if (!draft.allows(key)) return false;
    const removed: Node[] = [];
    const added: Node[] = [];
    const orphans: Node[] = [];
    this.touch();
    edit({
      add: (spec, from) => {
        const node: Node = {
          domain: '',
          name: '',
          attributes: new Map(),
          ...spec,
          id: draft.newNodeId((from ?? []).map(({ id }) => id)),
        };
        this.index(node);
        added.push(node);
        if (!from) orphans.push(node);
        return node;
      },
      remove: (node) => {
        this.unindex(node);
        removed.push(node);
      },
      change: (node, patch) => {
        const before = this.nodeById.get(node.id)!;
        const after: Node = { ...before, ...patch, id: node.id };
        this.swapNode(before, after, patch.attributes ? undefined : this.bodiesOf.get(node.id));
        removed.push(before);
        added.push(after);
        return after;
      },
      replaceValue: (value, by) => this.replaceValue(value, by),
      setInitializer: (tensor) => {
        this.initializerByName.set(tensor.name, tensor);
      },
      removeInitializer: (name) => {
        this.initializerByName.delete(name);
      },
      setInputs: (inputs) => {
        this.inputs = inputs;
        this.inputNames = new Set(inputs.map(({ name }) => name));
        this.declaredByName = undefined;
      },
      setOutputs: (outputs) => {
        this.outputs = outputs;
        this.outputNames = new Set(outputs.map(({ name }) => name));
        this.declaredByName = undefined;
      },
      setValueInfo: (valueInfo) => {
        this.valueInfo = valueInfo;
        this.declaredByName = undefined;
      },
    });
    for (const node of orphans)
      draft.addOrigins(
        node.id,
        removed.map(({ id }) => id),
      );
    this.ordered = undefined;
    draft.rewrites.push({ index: draft.rewrites.length, pass: draft.currentPass, key, why, removed, added });
    return true;
  }

  /**
   * True when `replaceValue(value, by)` can be done: always, unless `value` is an output of this graph and `by` cannot
   * take its name, or a body inside hands `value` out or has a value of its own under the new name.
   */
  canReplaceValue(value: string, by: string): boolean {
    const isOutput = this.outputNames.has(value);
    if (isOutput && !(this.producers.has(by) && !this.outputNames.has(by))) return false;
    return isOutput ? this.canRedirect(by, value) : this.canRedirect(value, by);
  }

  private canRedirect(value: string, by: string): boolean {
    return this.allBodies().every(
      (body) =>
        !body.captures().has(value) ||
        (!body.outputNames.has(value) && !body.defines(by) && body.canRedirect(value, by)),
    );
  }

  /** A value name that no graph of the model uses yet. */
  freshName(base: string): string {
    const taken = (name: string) =>
      this.draft.graphs().some((graph) => graph.defines(name) || graph.readers.has(name) || graph.declared(name));
    for (;;) {
      const name = `${base}_${++this.freshCounter}`;
      if (!taken(name)) return name;
    }
  }

  private replaceValue(value: string, by: string): void {
    if (!this.canReplaceValue(value, by)) throw new Error(`The value ${value} cannot be replaced by ${by}.`);
    if (this.outputNames.has(value)) {
      const producer = this.producers.get(by)!;
      this.swapNode(
        producer,
        { ...producer, outputs: producer.outputs.map((name) => (name === by ? value : name)) },
        this.bodiesOf.get(producer.id),
      );
      this.redirect(by, value);
    } else {
      this.redirect(value, by);
    }
  }

  /** Makes the readers of `value` read `by`, here and in the bodies that capture it. */
  private redirect(value: string, by: string): void {
    for (const id of [...(this.readers.get(value) ?? [])]) {
      const node = this.nodeById.get(id)!;
      this.swapNode(
        node,
        { ...node, inputs: node.inputs.map((name) => (name === value ? by : name)) },
        this.bodiesOf.get(id),
      );
    }
    for (const body of this.allBodies()) {
      if (!body.captures().has(value)) continue;
      body.redirect(value, by);
      body.touch();
    }
  }

  /** Puts a new state of a node in the place of the old one; without `bodies` they are made from its attributes. */
  private swapNode(before: Node, after: Node, bodies: readonly GraphDraft[] | undefined): void {
    this.unlink(before);
    this.index(after, bodies);
    this.ordered = undefined;
  }

  private index(node: Node, bodies?: readonly GraphDraft[]): void {
    this.nodeById.set(node.id, node);
    for (const value of node.outputs) if (value !== '') this.producers.set(value, node);
    for (const value of node.inputs) {
      if (value === '') continue;
      const ids = this.readers.get(value);
      if (ids) ids.add(node.id);
      else this.readers.set(value, new Set([node.id]));
    }
    const made = bodies ?? this.makeBodies(node);
    if (made.length > 0) this.bodiesOf.set(node.id, made);
  }

  private makeBodies(node: Node): readonly GraphDraft[] {
    const bodies: GraphDraft[] = [];
    for (const [attribute, { type, value }] of node.attributes) {
      if (type !== 'graph' && type !== 'graphs') continue;
      for (const graph of type === 'graph' ? [value] : value) {
        bodies.push(GraphDraft.ofGraph(this.draft, graph, { graph: this, node: node.id, attribute }));
      }
    }
    return bodies;
  }

  private unindex(node: Node): void {
    this.nodeById.delete(node.id);
    this.unlink(node);
  }

  private unlink(node: Node): void {
    this.bodiesOf.delete(node.id);
    for (const value of node.outputs) if (this.producers.get(value)?.id === node.id) this.producers.delete(value);
    for (const value of node.inputs) {
      const ids = this.readers.get(value);
      ids?.delete(node.id);
      if (ids?.size === 0) this.readers.delete(value);
    }
  }

  private touch(): void {
    this.version++;
    this.draft.version++;
    for (let graph = this.owner?.graph; graph; graph = graph.owner?.graph) graph.version++;
  }

  // --- Finishing ---

  /** This graph as a `Graph`; the very same object when nothing in it changed. */
  finishGraph(): Graph {
    const graph = this.graph!;
    if (this.version === 0) return graph;
    const sparse: readonly SparseTensor[] = graph.sparseInitializers;
    return {
      ...graph,
      nodes: this.finishNodes(graph.nodes),
      inputs: this.inputs,
      outputs: this.outputs,
      valueInfo: this.valueInfo,
      initializers: this.initializerByName,
      sparseInitializers: sparse,
    };
  }

  /** This function as a `FunctionDefinition`. */
  finishFunction(): FunctionDefinition {
    const definition = this.definition!;
    return this.version === 0 ? definition : { ...definition, nodes: this.finishNodes(definition.nodes) };
  }

  private finishNodes(original: readonly Node[]): readonly Node[] {
    const nodes = this.nodes().map((node) => {
      const bodies = this.bodiesOf.get(node.id);
      return bodies?.some((body) => body.version > 0) ? { ...node, attributes: withBodies(node, bodies) } : node;
    });
    return sameItems(nodes, original) ? original : nodes;
  }
}

const named = (name: string): ValueInfo => ({ name });

function withBodies(node: Node, bodies: readonly GraphDraft[]): ReadonlyMap<string, Attribute> {
  const rest = [...bodies];
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'graph') attributes.set(name, { ...attribute, value: rest.shift()!.finishGraph() });
    else if (attribute.type === 'graphs')
      attributes.set(name, { ...attribute, value: attribute.value.map(() => rest.shift()!.finishGraph()) });
    else attributes.set(name, attribute);
  }
  return attributes;
}
