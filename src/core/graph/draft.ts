/**
 * A draft: the only way to change a model, and the index through which one is read.
 *
 * Opening a draft costs one walk over the nodes and copies nothing. Every change happens inside `rewrite`, which
 * records what went, what came and why; from these records come the pass log, the mapping back to the original nodes,
 * the explanations in the editor, and the search for a guilty rewrite. `finish` makes the new model; whatever was not
 * touched is the same object as before, so the writer can copy its bytes.
 */
import { GraphDraft } from './graph-draft.ts';
import type { Model, Node, NodeId } from './model.ts';

/** One recorded change: nodes that went, nodes that came (or were altered in place), and why it is right. */
export interface Rewrite {
  readonly index: number;
  readonly pass: string;
  /** `pass:first output of the first node concerned`: the same rewrite has the same key when passes run again. */
  readonly key: string;
  readonly why: string;
  readonly removed: readonly Node[];
  readonly added: readonly Node[];
}

/** IR version from which an initializer need not be an input. */
const initializersApart = 4;

export class Draft {
  readonly main: GraphDraft;
  readonly rewrites: Rewrite[] = [];
  /** Changes by whatever is recorded under this name; the pass runner sets it. */
  currentPass = '';
  /** Asked before each rewrite; answering false leaves the graph as it is. Used to find the rewrite that broke a model. */
  allows: (key: string) => boolean = () => true;
  /** Grows with every change, in whatever graph. */
  version = 0;

  private nextId: number;
  private readonly origins = new Map<NodeId, ReadonlySet<NodeId>>();
  private modelPatch: Partial<Pick<Model, 'irVersion' | 'opsets' | 'metadata' | 'producerName' | 'producerVersion'>> =
    {};
  private keptFunctions: readonly GraphDraft[];

  readonly model: Model;

  constructor(model: Model) {
    this.model = model;
    this.nextId = model.nextNodeId;
    this.main = GraphDraft.ofGraph(this, model.graph);
    this.keptFunctions = model.functions.map((definition) => GraphDraft.ofFunction(this, definition));
  }

  /** The functions that were not removed. */
  get functions(): readonly GraphDraft[] {
    return this.keptFunctions;
  }

  /** Every graph, outer before inner: the main graph, its bodies at any depth, then the functions with theirs. */
  graphs(): GraphDraft[] {
    const found: GraphDraft[] = [this.main, ...this.functions];
    for (let at = 0; at < found.length; at++) found.push(...found[at]!.allBodies());
    return found;
  }

  /** The ids of the original model's nodes that a node stands for: itself, unless a rewrite made it. */
  origin(id: NodeId): ReadonlySet<NodeId> {
    return this.origins.get(id) ?? new Set([id]);
  }

  /** Operator sets after the changes so far. */
  get opsets(): ReadonlyMap<string, number> {
    return this.modelPatch.opsets ?? this.model.opsets;
  }

  /** Changes fields of the model itself. */
  setModel(patch: typeof this.modelPatch): void {
    this.modelPatch = { ...this.modelPatch, ...patch };
    this.version++;
  }

  removeFunction(graph: GraphDraft): void {
    this.keptFunctions = this.keptFunctions.filter((each) => each !== graph);
    this.version++;
  }

  /** The model with all changes; nodes are in topological order where a graph was changed. */
  finish(): Model {
    if (this.version === 0) return this.model;
    const functions = this.functions.map((each) => each.finishFunction());
    return this.withInitializersApart({
      ...this.model,
      ...this.modelPatch,
      graph: this.main.finishGraph(),
      functions: sameItems(functions, this.model.functions) ? this.model.functions : functions,
      nextNodeId: this.nextId,
    });
  }

  /**
   * Below IR version 4 every initializer is an input as well. A model with one that is not gets version 4, where those
   * that are could be overridden: they leave the inputs.
   */
  private withInitializersApart(model: Model): Model {
    if (this.model.irVersion >= initializersApart) return model;
    const irVersion = this.hasInitializersApart() ? Math.max(model.irVersion, initializersApart) : model.irVersion;
    if (irVersion < initializersApart) return model;
    const { graph } = model;
    const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
    return {
      ...model,
      irVersion,
      // Versions 1 and 2 could leave it out and meant this.
      opsets: model.opsets.size > 0 ? model.opsets : new Map([['', 1]]),
      graph: inputs.length === graph.inputs.length ? graph : { ...graph, inputs },
    };
  }

  private hasInitializersApart(): boolean {
    return this.graphs().some(
      (graph) => graph.kind !== 'function' && [...graph.initializers()].some(({ name }) => !graph.isInput(name)),
    );
  }

  /** For `GraphDraft`: a new id whose origins are those of `from`. */
  newNodeId(from: Iterable<NodeId>): NodeId {
    const id = this.nextId++ as NodeId;
    const origin = new Set<NodeId>();
    for (const each of from) for (const source of this.origin(each)) origin.add(source);
    this.origins.set(id, origin);
    return id;
  }

  /** For `GraphDraft`: also counts `from` among the nodes that `id` stands for. */
  addOrigins(id: NodeId, from: Iterable<NodeId>): void {
    const origin = new Set(this.origin(id));
    for (const each of from) for (const source of this.origin(each)) origin.add(source);
    this.origins.set(id, origin);
  }
}

/** True when two lists hold the same objects in the same order. */
export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
