import type { FunctionDefinition, Model, Node, NodeId, Tensor, ValueInfo } from './model.ts';

/**
 * One graph of a model with its indexes, read-only: the main graph, the body of an `If`/`Loop`/`Scan`, or a function.
 * Value names are looked up in this graph only, unless the method says otherwise: sibling bodies may use one name twice.
 */
export interface GraphView {
  readonly model: Model;
  readonly kind: 'main' | 'body' | 'function';
  /** For a body: the graph and node that own it. */
  readonly owner?: { readonly graph: GraphView; readonly node: NodeId; readonly attribute: string };
  /** For a function: its definition. */
  readonly definition?: FunctionDefinition;
  /** Operator-set versions in force here. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** The nodes in an order in which every value is produced before it is read. */
  nodes(): readonly Node[];
  node(id: NodeId): Node | undefined;
  producer(value: string): Node | undefined;
  /** Nodes of this graph that read the value, themselves or inside a body they hold; each once. */
  consumers(value: string): readonly Node[];
  /** True when this graph makes the name: an input, an initializer, or a node's output. */
  defines(value: string): boolean;
  isInput(value: string): boolean;
  isOutput(value: string): boolean;
  initializers(): Iterable<Tensor>;
  initializer(value: string): Tensor | undefined;
  /**
   * The constant behind a name as seen from here, enclosing graphs included: an initializer that a caller cannot
   * override, or the value of a `Constant` node that holds a tensor.
   */
  constant(value: string): Tensor | undefined;
  /** What the file says of a value's type: inputs, outputs and value_info of this graph. */
  declared(value: string): ValueInfo | undefined;
  bodies(node: Node): readonly GraphView[];
  /** Names that the graph reads from the graphs around it, bodies inside it included. */
  captures(): ReadonlySet<string>;
}
