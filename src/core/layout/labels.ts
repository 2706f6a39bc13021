import { intAttribute, intsAttribute } from '../graph/attribute.ts';
import { bitsPerElement } from '../graph/data-type.ts';
import type { Node, NodeId, Tensor } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { type Axis, dimText } from '../shapes/dim.ts';
import type { Facts, ValueFacts } from '../shapes/facts.ts';
import { shownConstant } from './folding.ts';
import { type OperatorCategory, operatorCategories } from './scene.ts';

/** The one attribute that matters of a node, in short: `3×3 /2`, `axis 1`, `to float16`. */
export function detailOf(node: Node, graph: GraphView): string {
  switch (node.opType) {
    case 'Conv':
    case 'ConvTranspose':
    case 'ConvInteger':
    case 'QLinearConv':
    case 'FusedConv':
    case 'MaxPool':
    case 'AveragePool': {
      const weight = graph.constant(node.inputs[node.opType === 'QLinearConv' ? 3 : 1] ?? '');
      const kernel = intsAttribute(node, 'kernel_shape') ?? weight?.dims.slice(2) ?? [];
      const strides = intsAttribute(node, 'strides') ?? [];
      const groups = intAttribute(node, 'group', 1);
      const parts = [kernel.join('×')];
      if (strides.some((stride) => stride !== 1))
        parts.push(`/${new Set(strides).size === 1 ? strides[0] : strides.join('×')}`);
      if (groups > 1) parts.push(`g${groups}`);
      return parts.filter((part) => part !== '').join(' ');
    }
    case 'Transpose':
      return intsAttribute(node, 'perm')?.join(' ') ?? '';
    case 'Cast': {
      const to = intAttribute(node, 'to');
      return to === undefined ? '' : `to ${castNames[to] ?? to}`;
    }
    default: {
      const axis = intAttribute(node, 'axis');
      if (axis !== undefined) return `axis ${axis}`;
      const axes = intsAttribute(node, 'axes');
      return axes ? `axes ${axes.join(' ')}` : '';
    }
  }
}

const castNames: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  16: 'bfloat16',
};

/** At most this many constants are named in a box. */
const maxConstants = 3;

/** The constants a node reads, a line each: `W 64×3×7×7`, `min 0`, and what is computed from constants: `W Unsqueeze`. */
export function constantLines(node: Node, graph: GraphView, folded: ReadonlySet<NodeId>): string[] {
  const lines: string[] = [];
  for (const [index, input] of node.inputs.entries()) {
    if (input === '') continue;
    const tensor = shownConstant(graph, input);
    const producer = tensor ? undefined : graph.producer(input);
    if (tensor) lines.push(`${slotName(node, index)} ${constantText(tensor)}`);
    else if (producer && folded.has(producer.id)) lines.push(`${slotName(node, index)} ${producer.opType}`);
  }
  return lines.length > maxConstants
    ? [...lines.slice(0, maxConstants - 1), `+${lines.length - maxConstants + 1} constants`]
    : lines;
}

/** Inputs with a name that people use for them; the others by their place. */
function slotName({ opType }: Node, index: number): string {
  const names = slots[opType];
  return names?.[index] ?? (index === 0 ? 'A' : String.fromCharCode(65 + (index % 26)));
}

const slots: Readonly<Record<string, readonly string[]>> = {
  Conv: ['X', 'W', 'B'],
  ConvTranspose: ['X', 'W', 'B'],
  Gemm: ['A', 'B', 'C'],
  BatchNormalization: ['X', 'scale', 'B', 'mean', 'var'],
  LayerNormalization: ['X', 'scale', 'B'],
  Clip: ['X', 'min', 'max'],
  Reshape: ['X', 'shape'],
  Gather: ['data', 'indices'],
  Slice: ['X', 'starts', 'ends', 'axes', 'steps'],
  Unsqueeze: ['X', 'axes'],
  Squeeze: ['X', 'axes'],
  Pad: ['X', 'pads', 'value'],
  Resize: ['X', 'roi', 'scales', 'sizes'],
  Expand: ['X', 'shape'],
  QuantizeLinear: ['X', 'scale', 'zero'],
  DequantizeLinear: ['X', 'scale', 'zero'],
};

function constantText({ dtype, dims, data }: Tensor): string {
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (count > 4 || !data.bytes || bitsPerElement(dtype) < 8) return dims.length === 0 ? dtype : dims.join('×');
  const values = shortValues(dtype, data.bytes, count);
  return values ?? (dims.length === 0 ? dtype : dims.join('×'));
}

function shortValues(dtype: string, bytes: Uint8Array, count: number): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read =
    dtype === 'int64'
      ? (at: number) => String(view.getBigInt64(at * 8, true))
      : dtype === 'int32'
        ? (at: number) => String(view.getInt32(at * 4, true))
        : dtype === 'float32'
          ? (at: number) => String(Number(view.getFloat32(at * 4, true).toPrecision(4)))
          : undefined;
  if (!read) return undefined;
  const text = Array.from({ length: count }, (_, index) => read(index)).join(' ');
  return text.length <= 20 ? text : undefined;
}

/** Type and shape of a value as short text: `1×64×56×56`, the type in front when it is not float32. */
export function valueLabel(facts: Facts | undefined, graph: GraphView, value: string): string {
  return facts ? factsLabel(facts.of(graph, value)) : '';
}

/** Longer expressions say less than the room they take. */
const maxDimLength = 12;

function shortDim(axis: Axis): string {
  const text = `${dimText(axis)}`;
  return text.length > maxDimLength && /[^\w.]/.test(text) ? '…' : text;
}

export function factsLabel({ kind, dtype, shape }: ValueFacts): string {
  if (kind !== 'tensor') return kind === 'unknown' ? '' : kind;
  const dims = shape?.map(shortDim).join('×');
  const type = dtype === 'float32' || dtype === undefined ? '' : dtype;
  return [type, dims === '' ? 'scalar' : dims].filter(Boolean).join(' ');
}

/** Index of an operator's family in `operatorCategories`. */
export function categoryOf({ opType }: Node): number {
  return operatorCategories.indexOf(categoryByOperator.get(opType) ?? guess(opType));
}

const members: Readonly<Partial<Record<OperatorCategory, string>>> = {
  compute:
    'Conv ConvTranspose ConvInteger QLinearConv FusedConv Gemm MatMul MatMulInteger QLinearMatMul QGemm FusedMatMul MatMulNBits Attention MultiHeadAttention GroupQueryAttention LSTM GRU RNN Einsum DynamicQuantizeMatMul MatMulIntegerToFloat FusedGemm DeformConv',
  activation:
    'Relu LeakyRelu PRelu Sigmoid Tanh Softmax LogSoftmax HardSigmoid HardSwish Elu Selu Celu Gelu Mish Softplus Softsign Clip ThresholdedRelu Swish FastGelu BiasGelu QuickGelu Erf',
  normalization:
    'BatchNormalization LayerNormalization InstanceNormalization GroupNormalization RMSNormalization LRN LpNormalization MeanVarianceNormalization SkipLayerNormalization SimplifiedLayerNormalization Dropout',
  pooling:
    'MaxPool AveragePool GlobalAveragePool GlobalMaxPool LpPool GlobalLpPool MaxUnpool RoiAlign MaxRoiPool Resize Upsample GridSample',
  shape:
    'Reshape Transpose Squeeze Unsqueeze Flatten Concat Split Slice Gather GatherElements GatherND Scatter ScatterElements ScatterND Expand Tile Pad Shape Size Identity Cast CastLike DepthToSpace SpaceToDepth ReverseSequence NonZero Where OneHot Range ConstantOfShape Compress Trilu',
  elementwise:
    'Add Sub Mul Div Pow Sqrt Exp Log Abs Neg Reciprocal Floor Ceil Round Min Max Sum Mean Mod Sign Sin Cos Equal Greater GreaterOrEqual Less LessOrEqual And Or Not Xor IsNaN IsInf BitShift',
  reduction:
    'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare ArgMax ArgMin TopK CumSum NonMaxSuppression',
  control:
    'If Loop Scan SequenceAt SequenceConstruct SequenceEmpty SequenceInsert SequenceMap Optional OptionalGetElement',
  quantization: 'QuantizeLinear DequantizeLinear DynamicQuantizeLinear',
  constant: 'Constant',
};

const categoryByOperator = new Map(
  Object.entries(members).flatMap(([category, names]) =>
    names.split(' ').map((name) => [name, category as OperatorCategory] as const),
  ),
);

function guess(opType: string): OperatorCategory {
  if (/Normalization|LayerNorm/.test(opType)) return 'normalization';
  if (/Conv|MatMul|Gemm|Attention/.test(opType)) return 'compute';
  if (/Quantize/.test(opType)) return 'quantization';
  return /Pool/.test(opType) ? 'pooling' : 'other';
}
