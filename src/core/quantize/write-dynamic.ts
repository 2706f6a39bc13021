/**
 * Dynamic int8: weights are stored as integers, activations become integers while the model runs, each with the range
 * it has at that moment. No calibration. ONNX Runtime has one kernel for the whole chain written here.
 */
import { english } from '../english.ts';
import { attributes, stringAttribute } from '../graph/attribute.ts';
import { dataTypeCode } from '../graph/data-type.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Node, NodeId } from '../graph/model.ts';
import { float32Tensor, tensorOf } from '../passes/tensors.ts';
import type { Facts } from '../shapes/facts.ts';
import { fromNumbers } from '../tensor/convert.ts';
import { joinedError } from './rounding-error.ts';
import { chooseTargets, type KeptNode, type Target } from './targets.ts';
import { type QuantizedWeight, quantizeWeight, readWeight, storedBytes } from './weights.ts';
import { removeUnread, type WeightError } from './write-qdq.ts';

export interface DynamicOptions {
  readonly perChannel: boolean;
  readonly reduceRange?: boolean;
  readonly searchWeights?: boolean;
  readonly exclude?: ReadonlySet<NodeId>;
  readonly signal?: AbortSignal;
}

export interface WrittenNodes {
  readonly nodes: readonly Node[];
  readonly kept: readonly KeptNode[];
  readonly weightErrors: readonly WeightError[];
}

const refusals = {
  Conv: english`ONNX Runtime has no fast kernel for a Conv whose input is quantized while it runs: it would take 1.6 to 7 times as long as float. Use static-int8`,
  ConvTranspose: english`ONNX Runtime has no integer kernel for it`,
};

/** Rewrites MatMul and Gemm nodes with constant weights. */
export async function writeDynamic(graph: GraphDraft, facts: Facts, options: DynamicOptions): Promise<WrittenNodes> {
  const { exclude, perChannel, reduceRange = false, searchWeights = false, signal } = options;
  const operators = new Set(['MatMul', 'Gemm']);
  const choice = chooseTargets(graph, facts, { operators, refusals, exclude });
  const activations = new Map<string, { integers: string; scale: string; zeroPoint: string }>();
  const weightErrors: WeightError[] = [];
  for (const target of choice.targets) {
    signal?.throwIfAborted();
    const { node, weight } = target;
    const transposed = node.opType === 'Gemm' && target.channelAxis === 0;
    const values = await readWeight(weight);
    const [rows, columns] = transposed ? [weight.dims[1]!, weight.dims[0]!] : [weight.dims[0]!, weight.dims[1]!];
    const matrix = transposed ? transpose(values, columns, rows) : values;
    const quantized = quantizeWeight(matrix, [rows, columns], {
      type: 'int8',
      ...(perChannel ? { axis: 1 } : {}),
      reduceRange,
      search: searchWeights,
    });
    weightErrors.push({ node: node.id, ...joinedError([quantized]) });
    const why = english`Its weights are stored as int8; its input becomes uint8 with the range it has when it runs.`;
    graph.rewrite(node, why, (edit) => writeMatMul(graph, edit, target, quantized, [rows, columns], activations));
  }
  removeUnread(graph, choice.targets);
  return { nodes: choice.targets.map(({ node }) => node), kept: choice.kept, weightErrors };
}

function writeMatMul(
  graph: GraphDraft,
  edit: GraphEdit,
  { node, bias }: Target,
  quantized: QuantizedWeight,
  dims: readonly number[],
  activations: Map<string, { integers: string; scale: string; zeroPoint: string }>,
): void {
  const data = node.inputs[0]!;
  const output = node.outputs[0]!;
  const fresh = (suffix: string) => graph.freshName(`${output}_${suffix}`);
  let activation = activations.get(data);
  if (!activation) {
    activation = {
      integers: graph.freshName(`${data}_quantized`),
      scale: graph.freshName(`${data}_scale`),
      zeroPoint: graph.freshName(`${data}_zero_point`),
    };
    activations.set(data, activation);
    const { integers, scale, zeroPoint } = activation;
    edit.add({ opType: 'DynamicQuantizeLinear', inputs: [data], outputs: [integers, scale, zeroPoint] }, [node]);
  }
  const weight = addWeight(graph, edit, node.inputs[1]!, quantized, dims);
  edit.remove(node);
  const sums = fresh('sums');
  const { integers, scale, zeroPoint } = activation;
  const from = [node];
  edit.add(
    {
      opType: 'MatMulInteger',
      name: node.name,
      inputs: [integers, weight.name, zeroPoint, weight.zeroPoint],
      outputs: [sums],
    },
    from,
  );
  const floats = fresh('floats');
  edit.add(
    { opType: 'Cast', inputs: [sums], outputs: [floats], attributes: attributes({ to: dataTypeCode('float32') }) },
    from,
  );
  const factor = fresh('factor');
  edit.add({ opType: 'Mul', inputs: [scale, weight.scale], outputs: [factor] }, from);
  const product = bias ? fresh('product') : output;
  edit.add({ opType: 'Mul', inputs: [floats, factor], outputs: [product] }, from);
  if (bias) edit.add({ opType: 'Add', inputs: [product, node.inputs[2]!], outputs: [output] }, from);
}

function addWeight(
  graph: GraphDraft,
  edit: GraphEdit,
  base: string,
  quantized: QuantizedWeight,
  dims: readonly number[],
): { name: string; scale: string; zeroPoint: string } {
  const name = graph.freshName(`${base}_quantized`);
  const names = { name, scale: `${name}_scale`, zeroPoint: `${name}_zero_point` };
  const vector = quantized.scales.length === 1 ? [] : [quantized.scales.length];
  edit.setInitializer(tensorOf(name, quantized.type, dims, storedBytes(quantized)));
  edit.setInitializer(float32Tensor(names.scale, vector, quantized.scales));
  edit.setInitializer(
    tensorOf(names.zeroPoint, quantized.type, vector, fromNumbers(quantized.type, quantized.zeroPoints)),
  );
  return names;
}

/**
 * Rewrites LSTM nodes with constant weights to `com.microsoft.DynamicQuantizeLSTM`: weights transposed to
 * [directions, input, 4 · hidden] and stored as int8 with a scale for each direction, or each column.
 */
export async function writeDynamicLstm(
  graph: GraphDraft,
  { exclude, perChannel, reduceRange = false, signal }: DynamicOptions,
): Promise<WrittenNodes> {
  const nodes: Node[] = [];
  const kept: KeptNode[] = [];
  const weightErrors: WeightError[] = [];
  for (const node of graph.nodes()) {
    if (node.domain !== '' || node.opType !== 'LSTM') continue;
    signal?.throwIfAborted();
    const reason = await lstmRefusal(graph, node, exclude);
    if (reason) {
      kept.push({ node, reason });
      continue;
    }
    const weights: { quantized: QuantizedWeight; dims: readonly number[]; directions: number; base: string }[] = [];
    for (const base of node.inputs.slice(1, 3)) {
      const tensor = graph.constant(base)!;
      const [directions, columns, rows] = tensor.dims as [number, number, number];
      const values = await readWeight(tensor);
      const size = columns * rows;
      const turned = new Float32Array(values.length);
      for (let direction = 0; direction < directions; direction++)
        turned.set(
          transpose(values.subarray(direction * size, (direction + 1) * size), columns, rows),
          direction * size,
        );
      weights.push({
        quantized: quantizeDirections(turned, [directions, rows, columns], { perChannel, reduceRange }),
        dims: [directions, rows, columns],
        directions,
        base,
      });
    }
    weightErrors.push({ node: node.id, ...joinedError(weights.map(({ quantized }) => quantized)) });
    graph.rewrite(
      node,
      english`Its weights are stored as int8; its inputs become integers with the range they have when it runs.`,
      (edit) => {
        const [w, r] = weights.map(({ quantized, dims, directions, base }) => {
          const name = graph.freshName(`${base}_quantized`);
          const shape = quantized.scales.length === directions ? [directions] : [directions, dims[2]!];
          edit.setInitializer(tensorOf(name, 'int8', dims, storedBytes(quantized)));
          edit.setInitializer(float32Tensor(`${name}_scale`, shape, quantized.scales));
          edit.setInitializer(tensorOf(`${name}_zero_point`, 'int8', shape, fromNumbers('int8', quantized.zeroPoints)));
          return name;
        }) as [string, string];
        const rest = Array.from({ length: 5 }, (_, index) => node.inputs[index + 3] ?? '');
        edit.remove(node);
        edit.add({
          opType: 'DynamicQuantizeLSTM',
          domain: 'com.microsoft',
          name: node.name,
          inputs: [node.inputs[0]!, w, r, ...rest, `${w}_scale`, `${w}_zero_point`, `${r}_scale`, `${r}_zero_point`],
          outputs: node.outputs,
          attributes: new Map([...node.attributes].filter(([name]) => name !== 'layout')),
        });
        for (const name of node.inputs.slice(1, 3))
          if (graph.initializer(name) && graph.consumers(name).length === 0) edit.removeInitializer(name);
      },
    );
    importContrib(graph);
    nodes.push(node);
  }
  return { nodes, kept, weightErrors };
}

async function lstmRefusal(
  graph: GraphDraft,
  node: Node,
  exclude: ReadonlySet<NodeId> | undefined,
): Promise<string | undefined> {
  if ([...graph.draft.origin(node.id)].some((id) => exclude?.has(id))) return english`kept float on request`;
  const weights = node.inputs.slice(1, 3).map((name) => graph.constant(name));
  if (weights.some((tensor) => tensor?.dtype !== 'float32' || tensor.dims.length !== 3))
    return english`its weights are no float32 constants`;
  const layout = node.attributes.get('layout');
  if (layout?.type === 'int' && layout.value !== 0n)
    return english`its data is batch first (layout = 1), which the integer kernel does not read`;
  return stringAttribute(node, 'direction', 'forward') === '' ? english`its direction is empty` : undefined;
}

/** Each direction is a matrix of its own: a scale for all of it, or for each of its columns. */
function quantizeDirections(
  values: Float32Array,
  [directions, rows, columns]: readonly [number, number, number],
  { perChannel, reduceRange }: { readonly perChannel: boolean; readonly reduceRange: boolean },
): QuantizedWeight {
  const size = rows * columns;
  const parts = Array.from({ length: directions }, (_, direction) =>
    quantizeWeight(values.subarray(direction * size, (direction + 1) * size), [rows, columns], {
      type: 'int8',
      ...(perChannel ? { axis: 1 } : {}),
      reduceRange,
    }),
  );
  const stored = new Int8Array(values.length);
  for (const [direction, part] of parts.entries()) stored.set(part.values, direction * size);
  return {
    type: 'int8',
    values: stored,
    scales: Float32Array.from(parts.flatMap(({ scales }) => Array.from(scales))),
    zeroPoints: Int32Array.from(parts.flatMap(({ zeroPoints }) => Array.from(zeroPoints))),
    ...joinedError(parts),
  };
}

/**
 * Rewrites the lookup of embeddings: rows are stored as int8, each with a scale of its own, and become floats after
 * the lookup. `y = Gather(table, i)` becomes `y = Cast(Gather(integers, i)) · Gather(scales, i)`.
 */
export async function writeGather(
  graph: GraphDraft,
  { exclude, signal }: Pick<DynamicOptions, 'exclude' | 'signal'>,
): Promise<WrittenNodes> {
  const nodes: Node[] = [];
  const kept: KeptNode[] = [];
  const weightErrors: WeightError[] = [];
  for (const node of graph.nodes()) {
    const table = node.opType === 'Gather' && node.domain === '' ? graph.constant(node.inputs[0]!) : undefined;
    const axis = node.attributes.get('axis');
    if (table?.dtype !== 'float32' || table.dims.length !== 2 || (axis?.type === 'int' && axis.value !== 0n)) continue;
    // A small table costs more to unpack than it saves, and one that others read as floats must stay anyway.
    if (table.dims[0]! * table.dims[1]! < 4096 || graph.constant(node.inputs[1]!)) continue;
    const isExcluded = [...graph.draft.origin(node.id)].some((id) => exclude?.has(id));
    if (isExcluded || graph.consumers(table.name).length > 1) {
      kept.push({
        node,
        reason: isExcluded ? english`kept float on request` : english`others read its table as floats`,
      });
      continue;
    }
    signal?.throwIfAborted();
    const quantized = quantizeWeight(await readWeight(table), table.dims, { type: 'int8', axis: 0 });
    weightErrors.push({ node: node.id, ...joinedError([quantized]) });
    graph.rewrite(node, english`The rows of its table are stored as int8, each with a scale of its own.`, (edit) => {
      const [output] = node.outputs;
      const name = graph.freshName(`${table.name}_quantized`);
      const fresh = (suffix: string) => graph.freshName(`${output}_${suffix}`);
      edit.setInitializer(tensorOf(name, 'int8', table.dims, storedBytes(quantized)));
      edit.setInitializer(float32Tensor(`${name}_scale`, [table.dims[0]!, 1], quantized.scales));
      edit.remove(node);
      const [rows, scales, floats] = [fresh('rows'), fresh('scales'), fresh('floats')];
      edit.add({ opType: 'Gather', name: node.name, inputs: [name, node.inputs[1]!], outputs: [rows] });
      edit.add({ opType: 'Gather', inputs: [`${name}_scale`, node.inputs[1]!], outputs: [scales] });
      edit.add({
        opType: 'Cast',
        inputs: [rows],
        outputs: [floats],
        attributes: attributes({ to: dataTypeCode('float32') }),
      });
      edit.add({ opType: 'Mul', inputs: [floats, scales], outputs: [output!] });
      edit.removeInitializer(table.name);
    });
    nodes.push(node);
  }
  return { nodes, kept, weightErrors };
}

/** Imports `com.microsoft`, where the kernels of ONNX Runtime that the standard does not have are. */
export function importContrib(graph: GraphDraft): void {
  const { draft } = graph;
  if (!draft.opsets.has('com.microsoft')) draft.setModel({ opsets: new Map([...draft.opsets, ['com.microsoft', 1]]) });
}

/** A matrix of rows × columns as columns × rows. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) turned[column * rows + row] = values[row * columns + column]!;
  return turned;
}
