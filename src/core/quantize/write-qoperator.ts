/**
 * The other form of a statically quantized model: `DequantizeLinear → node → QuantizeLinear` as one operator on
 * integers, such as QLinearConv, for runtimes that do not fuse by themselves. Both forms compute the same, up to a step
 * where a kernel rounds in another order.
 */
import { english } from '../english.ts';
import { Draft, type Rewrite } from '../graph/draft.ts';
import type { GraphDraft, NodeSpec } from '../graph/graph-draft.ts';
import type { Model, Node, NodeId } from '../graph/model.ts';
import { dataInputs, movesElements } from './static-plan.ts';
import { importContrib } from './write-dynamic.ts';

export interface QOperatorModel {
  readonly model: Model;
  /** Node of the result → nodes of the model given. */
  readonly origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>;
  readonly rewrites: readonly Rewrite[];
}

/** A tensor of integers with its scale and zero point, by name. */
interface Stored {
  readonly integers: string;
  readonly scale: string;
  readonly zeroPoint: string;
  /** Sums of products: only a bias may have them. */
  readonly isWide: boolean;
}

/** Rewrites what stands whole between conversions of 8 bits; the rest stays as it is. The model given is not changed. */
export function writeQOperator(model: Model): QOperatorModel {
  const draft = new Draft(model);
  draft.currentPass = 'qoperator';
  const graph = draft.main;
  for (const { id } of model.graph.nodes) {
    const node = graph.node(id);
    if (node && node.domain === '' && !isConversion(node)) rewrite(graph, node);
  }
  for (const { id } of model.graph.nodes) {
    const node = graph.node(id);
    if (node?.opType === 'DequantizeLinear') removeUnread(graph, node);
  }
  const result = draft.finish();
  return {
    model: result,
    origins: new Map(result.graph.nodes.map(({ id }) => [id, draft.origin(id)])),
    rewrites: draft.rewrites,
  };
}

const isConversion = ({ opType }: Node): boolean => opType === 'QuantizeLinear' || opType === 'DequantizeLinear';

function rewrite(graph: GraphDraft, node: Node): void {
  const read = dataInputs(node).map((name) => storedAs(graph, name));
  const inputs = read.filter((each) => each !== undefined);
  if (inputs.length === 0 || inputs.length < read.length) return;
  const hasBias = node.opType === 'Conv' || node.opType === 'Gemm';
  if (inputs.some(({ isWide }, index) => isWide && !(hasBias && index === 2))) return;
  const readers = node.outputs.map((name) => conversionOf(graph, name));
  const conversions = readers.filter((reader) => reader !== undefined);
  const outputs = conversions.map(({ inputs: [, scale, zeroPoint], outputs: [integers] }): Stored => {
    return { integers: integers!, scale: scale!, zeroPoint: zeroPoint!, isWide: false };
  });
  const isStored = conversions.length === node.outputs.length;
  const spec = movesElements.has(node.opType)
    ? isStored && movedSpec(graph, node, inputs[0]!, outputs)
    : node.outputs.length === 1 && integerSpec(node, inputs, isStored ? outputs[0] : undefined);
  if (!spec) return;
  graph.rewrite(node, english`It reads and gives integers as one operator.`, (edit) => {
    edit.remove(node);
    for (const conversion of isStored ? conversions : []) edit.remove(conversion);
    edit.add({ name: node.name, ...spec }, [node, ...(isStored ? conversions : [])]);
  });
  if (spec.domain === 'com.microsoft') importContrib(graph);
}

/** The integers behind a value that `DequantizeLinear` gives; undefined for floats and integers of 16 bits. */
function storedAs(graph: GraphDraft, name: string): Stored | undefined {
  const made = graph.producer(name);
  if (made?.opType !== 'DequantizeLinear') return undefined;
  const [integers, scale, zeroPoint] = made.inputs;
  const dtype = graph.constant(zeroPoint ?? '')?.dtype;
  if (dtype !== 'uint8' && dtype !== 'int8' && dtype !== 'int32') return undefined;
  return { integers: integers!, scale: scale!, zeroPoint: zeroPoint!, isWide: dtype === 'int32' };
}

/** The one reader of a value, when that turns it into integers of 8 bits. */
function conversionOf(graph: GraphDraft, name: string): Node | undefined {
  const [reader, ...others] = graph.consumers(name);
  if (reader?.opType !== 'QuantizeLinear' || others.length > 0 || graph.isOutput(name)) return undefined;
  const dtype = graph.constant(reader.inputs[2] ?? '')?.dtype;
  return dtype === 'uint8' || dtype === 'int8' ? reader : undefined;
}

/** The same node on integers: their scale stays what it is. */
function movedSpec(
  graph: GraphDraft,
  { opType, inputs, attributes }: Node,
  stored: Stored,
  outputs: readonly Stored[],
): NodeSpec | undefined {
  if (outputs.some(({ scale }) => scale !== stored.scale)) return undefined;
  // MaxPool takes integers from operator set 12 on.
  if (opType === 'MaxPool' && (graph.opsets.get('') ?? 0) < 12) return undefined;
  return {
    opType,
    inputs: [stored.integers, ...inputs.slice(1)],
    outputs: outputs.map(({ integers }) => integers),
    attributes,
  };
}

const parts = ({ integers, scale, zeroPoint }: Stored): string[] => [integers, scale, zeroPoint];

/** The operator on integers in the place of a node; without `output` one that gives floats, where there is one. */
function integerSpec(node: Node, inputs: readonly Stored[], output: Stored | undefined): NodeSpec | undefined {
  const { opType, attributes } = node;
  const [data, weight, bias] = inputs;
  if (!output) return floatSpec(node, inputs);
  const given = { outputs: [output.integers], attributes };
  const ends = [output.scale, output.zeroPoint];
  const contrib = { ...given, domain: 'com.microsoft' };
  switch (opType) {
    case 'Conv': {
      const biases = bias ? [bias.integers] : [];
      return { ...given, opType: 'QLinearConv', inputs: [...parts(data!), ...parts(weight!), ...ends, ...biases] };
    }
    case 'MatMul':
      return { ...given, opType: 'QLinearMatMul', inputs: [...parts(data!), ...parts(weight!), ...ends] };
    case 'Gemm':
      return { ...contrib, opType: 'QGemm', inputs: gemmInputs(inputs, ends), attributes: gemmAttributes(node) };
    case 'Add':
    case 'Mul':
      return { ...contrib, opType: `QLinear${opType}`, inputs: [...parts(data!), ...parts(weight!), ...ends] };
    case 'Concat':
      return { ...contrib, opType: 'QLinearConcat', inputs: [...ends, ...inputs.flatMap(parts)] };
    case 'AveragePool':
      // The kernel knows no dilations.
      if (attributes.has('dilations')) return undefined;
      return { ...contrib, opType: 'QLinearAveragePool', inputs: [...parts(data!), ...ends] };
    case 'GlobalAveragePool':
    case 'Sigmoid':
    case 'LeakyRelu':
      return { ...contrib, opType: `QLinear${opType}`, inputs: [...parts(data!), ...ends] };
    default:
      return undefined;
  }
}

/** A product of integers whose sums become floats right away. */
function floatSpec(node: Node, inputs: readonly Stored[]): NodeSpec | undefined {
  const { opType, outputs } = node;
  const [data, weight] = inputs;
  if (opType === 'Gemm') {
    const attributes = gemmAttributes(node);
    return { opType: 'QGemm', domain: 'com.microsoft', inputs: gemmInputs(inputs, []), outputs, attributes };
  }
  if (opType !== 'MatMul') return undefined;
  return {
    opType: 'MatMulIntegerToFloat',
    domain: 'com.microsoft',
    inputs: [data!.integers, weight!.integers, data!.scale, weight!.scale, data!.zeroPoint, weight!.zeroPoint],
    outputs,
  };
}

function gemmInputs([data, weight, bias]: readonly Stored[], ends: readonly string[]): string[] {
  const biases = bias ? [bias.integers] : ends.length > 0 ? [''] : [];
  return [...parts(data!), ...parts(weight!), ...biases, ...ends];
}

/** The bias is an int32 that is added as it is: QGemm knows no beta. */
const gemmAttributes = ({ attributes }: Node) => new Map([...attributes].filter(([name]) => name !== 'beta'));

function removeUnread(graph: GraphDraft, node: Node): void {
  const [output] = node.outputs;
  if (graph.consumers(output!).length > 0 || graph.isOutput(output!)) return;
  graph.rewrite(node, english`Nobody reads its floats any more.`, (edit) => {
    edit.remove(node);
    for (const name of new Set(node.inputs))
      if (graph.initializer(name) && graph.consumers(name).length === 0 && !graph.isOutput(name))
        edit.removeInitializer(name);
  });
}
