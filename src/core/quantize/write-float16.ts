/** Half-precision models: half the bytes, for processors that compute with 16-bit floats. */
import { english } from '../english.ts';
import { attributes, intsAttribute } from '../graph/attribute.ts';
import { readAll } from '../graph/byte-source.ts';
import { dataTypeCode, elementCount } from '../graph/data-type.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Attribute, Node, NodeId, Tensor } from '../graph/model.ts';
import { tensorOf } from '../passes/tensors.ts';
import type { Facts } from '../shapes/facts.ts';
import { fromNumbers, toFloat32 } from '../tensor/convert.ts';
import type { Range } from './ranges.ts';
import type { KeptNode } from './targets.ts';
import type { WrittenNodes } from './write-dynamic.ts';

/** Operators of the default domain that take no 16-bit floats, or lose what they are for when they do. */
const staysFloat: ReadonlySet<string> = new Set([
  'ConcatFromSequence',
  'CumSum',
  'Max',
  'Min',
  'NonMaxSuppression',
  'Optional',
  'OptionalGetElement',
  'RandomUniformLike',
  'Range',
  'Resize',
  'RoiAlign',
  'SequenceAt',
  'SequenceConstruct',
  'SequenceErase',
  'SequenceInsert',
  'SequenceMap',
  'SplitToSequence',
  'TfIdfVectorizer',
  'TopK',
  'Upsample',
  'DynamicQuantizeLinear',
  'QuantizeLinear',
  'DequantizeLinear',
  'MatMulInteger',
  'ConvInteger',
  'QLinearConv',
  'QLinearMatMul',
]);

const largestHalf = 65504;
/** Smaller numbers would become 0, and a division by them infinite. */
const smallestHalf = 5.96e-8;

export interface Float16Options {
  /** Nodes that stay in 32 bits, for mixed precision. */
  readonly exclude?: ReadonlySet<NodeId>;
  /** Ranges of values over calibration data: nodes that make or read what 16 bits cannot hold stay in 32. */
  readonly observe?: (values: readonly string[]) => Promise<{ readonly ranges: ReadonlyMap<string, Range> }>;
  readonly signal?: AbortSignal;
}

/**
 * Turns every 32-bit float inside the main graph into a 16-bit one. Inputs and outputs of the model keep their types;
 * nodes that cannot take 16 bits, or hold bodies, keep theirs, with Casts around them.
 */
export async function writeFloat16(
  graph: GraphDraft,
  facts: Facts,
  options: Float16Options = {},
): Promise<WrittenNodes> {
  const nodes: Node[] = [];
  const kept: KeptNode[] = [];
  const converted = new Set<NodeId>();
  const isFloat = (name: string) => name !== '' && facts.of(graph, name).dtype === 'float32';
  const overflowing = await overflows(graph, isFloat, options);
  for (const node of graph.nodes()) {
    const touches = node.inputs.some(isFloat) || node.outputs.some(isFloat);
    if (!touches) continue;
    const reason = whyFloat(graph, node, options.exclude) ?? whyOverflow(node, overflowing);
    if (reason) kept.push({ node, reason });
    else {
      nodes.push(node);
      converted.add(node.id);
    }
  }
  const halves = new Map<string, Tensor>();
  for (const node of nodes) {
    for (const name of node.inputs) {
      const tensor = graph.constant(name);
      if (!tensor || halves.has(name) || !isFloat(name)) continue;
      options.signal?.throwIfAborted();
      halves.set(name, await halfTensor(tensor, graph.freshName(`${name}_half`)));
    }
  }
  // Decided before anything changes: afterwards the facts of a name are no longer those of its value.
  const floats = new Set(
    graph
      .nodes()
      .flatMap(({ inputs, outputs }) => [...inputs, ...outputs])
      .filter(isFloat),
  );
  const isHalf = (name: string) => {
    const producer = floats.has(name) ? graph.producer(name) : undefined;
    return producer !== undefined && converted.has(producer.id);
  };
  const makers = new Map([...floats].map((name) => [name, isHalf(name)]));
  const casts = new Map<string, string>();
  for (const node of [...graph.nodes()]) {
    const takesHalf = converted.has(node.id);
    if (!takesHalf && !node.inputs.some((name) => makers.get(name))) continue;
    const why = takesHalf
      ? english`It computes with 16-bit floats.`
      : english`It computes with 32-bit floats; its inputs are turned back.`;
    graph.rewrite(node, why, (edit) => {
      const inputs = node.inputs.map((name) => {
        if (!floats.has(name) || makers.get(name) === takesHalf) return name;
        const half = takesHalf ? halves.get(name) : undefined;
        if (half) {
          edit.setInitializer(half);
          return half.name;
        }
        return castInput(graph, edit, casts, name, takesHalf, node);
      });
      edit.change(node, takesHalf ? { inputs, attributes: halfAttributes(node) } : { inputs });
    });
  }
  keepOutputs(graph, makers);
  removeUnreadHalves(graph, nodes, halves);
  return { nodes, kept, weightErrors: [] };
}

function whyFloat(graph: GraphDraft, node: Node, exclude: ReadonlySet<NodeId> | undefined): string | undefined {
  if ([...graph.draft.origin(node.id)].some((id) => exclude?.has(id))) return english`kept float on request`;
  if (node.domain !== '') return english`${node.domain}.${node.opType} may not take 16-bit floats`;
  if (node.opType === 'LayerNormalization' && node.outputs.length > 1) return english`its mean is given in 32 bits`;
  if (graph.bodies(node).length > 0) return english`what is inside its bodies stays as it is`;
  if (crashesInHalf(graph, node)) return english`ONNX Runtime crashes on a 16-bit MatMul of what it gives`;
  return staysFloat.has(node.opType)
    ? english`${node.opType} does not take 16-bit floats, or loses too much by them`
    : undefined;
}

/**
 * ONNX Runtime (1.30 and 1.32) takes a Transpose that moves the first axis to one of the last two into the MatMul that
 * reads it, has no 16-bit kernel for that, and crashes (SIGSEGV). A conversion between the two keeps them apart.
 */
function crashesInHalf(graph: GraphDraft, node: Node): boolean {
  if (node.opType !== 'Transpose') return false;
  const perm = intsAttribute(node, 'perm') ?? [];
  const isMoved = perm.length > 2 && perm.slice(0, -2).every((axis, at) => axis === at + 1);
  return isMoved && graph.consumers(node.outputs[0]!).some(({ opType }) => opType === 'MatMul');
}

/** Values → the largest number that they reach, for those that 16 bits cannot hold. */
async function overflows(
  graph: GraphDraft,
  isFloat: (name: string) => boolean,
  { observe }: Float16Options,
): Promise<ReadonlyMap<string, number>> {
  if (!observe) return new Map();
  const made = graph.nodes().filter((node) => graph.bodies(node).length === 0 && !staysFloat.has(node.opType));
  const values = [...made.flatMap(({ outputs }) => outputs), ...graph.inputs.map(({ name }) => name)].filter(
    (name) => isFloat(name) && !graph.constant(name),
  );
  const { ranges } = await observe([...new Set(values)]);
  const sizes = Array.from(ranges, ([name, { min, max }]) => [name, Math.max(-min, max)] as const);
  return new Map(sizes.filter(([, size]) => size > largestHalf));
}

function whyOverflow({ inputs, outputs }: Node, overflowing: ReadonlyMap<string, number>): string | undefined {
  const name = [...outputs, ...inputs].find((value) => overflowing.has(value));
  if (name === undefined) return undefined;
  return english`${name} reaches ${overflowing.get(name)!.toPrecision(3)}, and 16 bits end at ${largestHalf}`;
}

/** The tensor in 16 bits. Numbers beyond 65504 end there, and those that would vanish become the smallest there is. */
async function halfTensor(tensor: Tensor, name: string): Promise<Tensor> {
  const numbers = toFloat32(tensor.dtype, await readAll(tensor.data), elementCount(tensor.dims));
  const values = Float32Array.from(numbers, halfNumber);
  return tensorOf(name, 'float16', tensor.dims, fromNumbers('float16', values));
}

function halfNumber(value: number): number {
  const size = Math.abs(value);
  if (size === 0 || Number.isNaN(size) || size === Number.POSITIVE_INFINITY) return value;
  return Math.sign(value) * Math.min(largestHalf, Math.max(smallestHalf, size));
}

function castInput(
  graph: GraphDraft,
  edit: GraphEdit,
  casts: Map<string, string>,
  name: string,
  toHalf: boolean,
  reader: Node,
): string {
  const key = `${toHalf}\0${name}`;
  let made = casts.get(key);
  if (!made) {
    made = graph.freshName(`${name}_${toHalf ? 'half' : 'single'}`);
    casts.set(key, made);
    const to = dataTypeCode(toHalf ? 'float16' : 'float32');
    edit.add({ opType: 'Cast', inputs: [name], outputs: [made], attributes: attributes({ to }) }, [reader]);
  }
  return made;
}

/** Operators that give 32-bit floats unless this attribute tells them otherwise. */
const givesFloat32Untold: Readonly<Record<string, string>> = {
  RandomNormal: 'dtype',
  RandomUniform: 'dtype',
  BlackmanWindow: 'output_datatype',
  HammingWindow: 'output_datatype',
  HannWindow: 'output_datatype',
  MelWeightMatrix: 'output_datatype',
};

/** Attributes that name or hold 32-bit floats, as 16-bit ones. */
function halfAttributes(node: Node): ReadonlyMap<string, Attribute> {
  const changed = new Map(node.attributes);
  const half: Attribute = { type: 'int', value: BigInt(dataTypeCode('float16')) };
  for (const name of ['to', 'dtype', 'output_datatype']) {
    const attribute = changed.get(name);
    if (attribute?.type === 'int' && Number(attribute.value) === dataTypeCode('float32')) changed.set(name, half);
  }
  const untold = givesFloat32Untold[node.opType];
  if (untold && !changed.has(untold)) changed.set(untold, half);
  if (node.opType === 'ConstantOfShape' && !changed.has('value'))
    changed.set('value', { type: 'tensor', value: tensorOf('', 'float16', [1], fromNumbers('float16', [0])) });
  for (const [name, dims] of [
    ['value_float', []],
    ['value_floats', undefined],
  ] as const) {
    const attribute = changed.get(name);
    if (node.opType !== 'Constant' || (attribute?.type !== 'float' && attribute?.type !== 'floats')) continue;
    const numbers = attribute.type === 'float' ? [attribute.value] : attribute.value;
    changed.delete(name);
    const bytes = fromNumbers('float16', Array.from(numbers, halfNumber));
    changed.set('value', { type: 'tensor', value: tensorOf('', 'float16', dims ?? [numbers.length], bytes) });
  }
  const value = changed.get('value');
  if (value?.type === 'tensor' && value.value.dtype === 'float32' && value.value.data.bytes) {
    const { dims, data, name } = value.value;
    const numbers = toFloat32('float32', data.bytes!, elementCount(dims)).map(halfNumber);
    changed.set('value', { type: 'tensor', value: tensorOf(name, 'float16', dims, fromNumbers('float16', numbers)) });
  }
  return changed;
}

/**
 * Gives outputs of the model, and what bodies of control flow read, their 32 bits back, and drops what the file says of
 * types that are no longer true.
 */
function keepOutputs(graph: GraphDraft, makers: ReadonlyMap<string, boolean>): void {
  const captured = graph.allBodies().flatMap((body) => [...body.captures()]);
  for (const name of new Set([...graph.outputs.map((output) => output.name), ...captured])) {
    const producer = makers.get(name) ? graph.producer(name) : undefined;
    if (!producer) continue;
    const why = english`Outputs of the model, and what is inside bodies, keep their type.`;
    graph.rewrite(producer, why, (edit) => {
      const half = graph.freshName(`${name}_half`);
      const readers = graph.consumers(name);
      edit.change(producer, { outputs: producer.outputs.map((output) => (output === name ? half : output)) });
      for (const reader of readers)
        edit.change(reader, { inputs: reader.inputs.map((input) => (input === name ? half : input)) });
      edit.add(
        { opType: 'Cast', inputs: [half], outputs: [name], attributes: attributes({ to: dataTypeCode('float32') }) },
        [producer],
      );
    });
  }
  const [first] = graph.nodes();
  if (!first || graph.valueInfo.length === 0) return;
  graph.rewrite(first, english`Types that changed are inferred again.`, (edit) =>
    edit.setValueInfo(graph.valueInfo.filter(({ name }) => !makers.get(name))),
  );
}

function removeUnreadHalves(graph: GraphDraft, nodes: readonly Node[], halves: ReadonlyMap<string, Tensor>): void {
  const unread = [...halves.keys()].filter(
    (name) => graph.initializer(name) && graph.consumers(name).length === 0 && !graph.isOutput(name),
  );
  if (unread.length === 0) return;
  graph.rewrite(nodes[0]!, english`Weights that are stored in 16 bits need no second copy.`, (edit) => {
    for (const name of unread) edit.removeInitializer(name);
    edit.setInputs(graph.inputs.filter(({ name }) => !unread.includes(name)));
  });
}
