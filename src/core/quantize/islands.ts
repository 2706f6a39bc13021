/** What of a statically quantized model ONNX Runtime runs on floats all the same, between conversions, and why. */
import { english } from '../english.ts';
import type { Graph, Model, Node, NodeId } from '../graph/model.ts';
import { computes, dataInputs, movesElements } from './static-plan.ts';

/** A node that runs as `DequantizeLinear → node → QuantizeLinear`: it costs two conversions and gains nothing. */
export interface Island {
  /** Of the quantized model; absent when it is a node of ONNX Runtime's own. */
  readonly id?: NodeId;
  readonly name: string;
  readonly opType: string;
  readonly reason: string;
}

export interface IntegerUse {
  /** Of `of` nodes that were to run on integers, or to move them, those that do. */
  readonly nodes: number;
  readonly of: number;
  readonly islands: readonly Island[];
}

/** Kernels on integers have names such as QLinearConv, QGemm and MatMulIntegerToFloat. */
const isIntegerKernel = (opType: string): boolean => /^QLinear|^QGemm$|Integer/.test(opType);

/**
 * How much of a plan came to be. `model` is the quantized model with a name of its own for every node (see
 * `withUniqueNames`), `members` are the nodes that the plan wants on integers, and `asRun` is the graph that ONNX
 * Runtime made of it: kernels there have the name, or the outputs, of the node that they stand for.
 */
export function integerUse(model: Model, members: ReadonlySet<NodeId>, asRun: Model): IntegerUse {
  const run = indexed(asRun.graph);
  const own = indexed(model.graph);
  const isInteger = (name: string): boolean => {
    let at = name;
    for (let made = run.producer.get(at); made; made = run.producer.get(at)) {
      if (!movesElements.has(made.opType)) return made.opType === 'QuantizeLinear' || isIntegerKernel(made.opType);
      at = made.inputs[0]!;
    }
    return false;
  };
  const runsOnIntegers = (node: Node): boolean => isIntegerKernel(node.opType) || isInteger(node.inputs[0]!);
  const islands: Island[] = [];
  const named = new Set<Node>();
  let nodes = 0;
  let of = 0;
  for (const node of model.graph.nodes) {
    if (!members.has(node.id) || isConversion(node)) continue;
    const found = run.byName.get(node.name) ?? node.outputs.map((name) => run.producer.get(name)).find(Boolean);
    // What only moves elements may be gone altogether, which costs nothing.
    if (!found && movesElements.has(node.opType)) continue;
    of++;
    if (found) named.add(found);
    if (found && runsOnIntegers(found)) nodes++;
    else islands.push(islandOf(node, memberReason(node, own)));
  }
  for (const node of asRun.graph.nodes) {
    if (named.has(node) || isConversion(node) || !isBetweenConversions(node, run)) continue;
    const source = own.byName.get(node.name) ?? node.outputs.map((name) => own.producer.get(name)).find(Boolean);
    if (source && members.has(source.id)) continue;
    const reason = otherReason(source ?? node, source ? own : run);
    islands.push(source ? islandOf(source, reason) : { name: node.name, opType: node.opType, reason });
  }
  return { nodes, of, islands };
}

const islandOf = ({ id, opType, name }: Node, reason: string): Island => ({ id, name, opType, reason });

const isConversion = ({ opType }: Node): boolean => opType === 'QuantizeLinear' || opType === 'DequantizeLinear';

interface Indexed {
  readonly byName: ReadonlyMap<string, Node>;
  readonly producer: ReadonlyMap<string, Node>;
  readonly readers: ReadonlyMap<string, readonly Node[]>;
  readonly initializers: Graph['initializers'];
}

function indexed({ nodes, initializers }: Graph): Indexed {
  const readers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const name of node.inputs) {
      const known = readers.get(name);
      if (known) known.push(node);
      else readers.set(name, [node]);
    }
  }
  return {
    byName: new Map(nodes.map((node) => [node.name, node])),
    producer: new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const))),
    readers,
    initializers,
  };
}

/** Reads nothing but what was integers, and all that it gives becomes integers again. */
function isBetweenConversions({ inputs, outputs }: Node, { producer, readers, initializers }: Indexed): boolean {
  const data = inputs.map((name) => producer.get(name)).filter((made) => made !== undefined);
  const activations = data.filter((made) => made.inputs[0] === undefined || !initializers.has(made.inputs[0]));
  const reads = activations.length > 0 && activations.every(({ opType }) => opType === 'DequantizeLinear');
  const next = outputs.flatMap((name) => readers.get(name) ?? []);
  return reads && next.length > 0 && next.every(({ opType }) => opType === 'QuantizeLinear');
}

/** Why a node that is planned on integers has no integer kernel. */
function memberReason(node: Node, own: Indexed): string {
  const types = new Set<string>();
  const typeOf = (conversion: Node) => own.initializers.get(conversion.inputs[2] ?? '')?.dtype;
  const add = (conversion: Node) => types.add(typeOf(conversion) ?? 'uint8');
  const read = dataInputs(node).filter((name) => !own.initializers.has(name));
  for (const name of read) {
    const made = own.producer.get(name);
    if (made?.opType !== 'DequantizeLinear') return english`${name} comes to it as floats`;
    // Weights have a type of their own.
    if (!own.initializers.has(made.inputs[0]!)) add(made);
  }
  for (const reader of node.outputs.flatMap((name) => own.readers.get(name) ?? []))
    if (reader.opType === 'QuantizeLinear') add(reader);
  const [type, other] = types;
  if (type !== undefined && other !== undefined) return english`${type} and ${other} meet at it`;
  if (type?.endsWith('16')) return english`ONNX Runtime has no kernel for ${type} on the CPU`;
  if (type === 'int8')
    return english`its numbers are signed: on x64, ONNX Runtime turns them into unsigned ones only in places`;
  return english`ONNX Runtime has no integer kernel for it as it stands here`;
}

/** Why a node that lies between quantized ones is none. */
function otherReason({ opType, inputs }: Node, { initializers }: Indexed): string {
  if (opType === 'Relu' || opType === 'Clip')
    return english`stored numbers go below where it cuts off, so their range cannot stand for it`;
  if (!computes.has(opType)) return english`ONNX Runtime has no integer kernel for this operator`;
  return inputs.some((name) => initializers.has(name))
    ? english`one of the numbers that it computes with is a constant`
    : english`not all that it reads and gives is stored as integers`;
}
