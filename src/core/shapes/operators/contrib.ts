/** Operators of `com.microsoft` that exporters and quantizers write. */
import type { DataType } from '../../graph/data-type.ts';
import { type Axis, addDims, constantDim, divideExactly, multiplyDims } from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import {
  axisIn,
  broadcast,
  forEach,
  type Operation,
  type Rules,
  type Shape,
  same,
  tensor,
  withAxis,
} from '../operation.ts';
import { convolutionRules } from './convolution.ts';
import { matMulShape } from './matmul.ts';
import { reductionRules } from './reduction.ts';
import { shapeRules } from './shape-ops.ts';

const like =
  (data: number, dtype?: DataType | number) =>
  (op: Operation): readonly ValueFacts[] => [
    tensor(typeof dtype === 'string' ? dtype : op.dtype(dtype ?? data), op.shape(data)),
  ];

const product = (a: number, b: number, dtype: (op: Operation) => DataType | undefined) => (op: Operation) => [
  tensor(dtype(op), matMulShape(op.shape(a), op.shape(b))),
];

/** Weight-only products know their columns from an attribute: `N` columns of `K` rows. */
const weightOnly = (op: Operation): readonly ValueFacts[] => {
  const columns = op.int('N');
  const shape = op.shape(0);
  return [tensor(op.dtype(0), shape && [...shape.slice(0, -1), columns === undefined ? null : constantDim(columns)])];
};

/** The two last axes swapped where `transA` or `transB` says so. */
function transposed(shape: Shape | undefined, swap: boolean): Shape | undefined {
  return swap && shape && shape.length >= 2 ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;
}

function fusedMatMul(op: Operation): readonly ValueFacts[] {
  if (op.int('transBatchA', 0) || op.int('transBatchB', 0)) return [tensor(op.dtype(0), undefined)];
  const a = transposed(op.shape(0), op.int('transA', 0) !== 0);
  const b = transposed(op.shape(1), op.int('transB', 0) !== 0);
  return [tensor(op.dtype(0), matMulShape(a, b))];
}

const gemmShape = (op: Operation, a: number, b: number): Shape => [
  op.shape(a)?.[op.int('transA', 0) ? 1 : 0] ?? null,
  op.shape(b)?.[op.int('transB', 0) ? 0 : 1] ?? null,
];

/** Attention: input B×S×H, packed weights H×(sum of hidden sizes). */
function attention(op: Operation): readonly ValueFacts[] {
  const data = op.shape(0);
  const sizes = op.ints('qkv_hidden_sizes');
  const packed = op.shape(1)?.[1] ?? op.shape(2)?.[0] ?? null;
  const third = packed && (divideExactly(packed, constantDim(3)) ?? null);
  const hidden = sizes ? constantDim(sizes[2] ?? 0) : third;
  const heads = op.int('num_heads', 0);
  const head = hidden && heads ? (divideExactly(hidden, constantDim(heads)) ?? null) : null;
  const past = op.shape(4);
  const present: Shape = [
    constantDim(2),
    data?.[0] ?? null,
    constantDim(heads),
    op.has(4) ? addDims(past?.[3] ?? null, data?.[1] ?? null) : (data?.[1] ?? null),
    head,
  ];
  return [tensor(op.dtype(0), data && [data[0] ?? null, data[1] ?? null, hidden]), tensor(op.dtype(0), present)];
}

function multiHeadAttention(op: Operation): readonly ValueFacts[] {
  const [query, value] = [op.shape(0), op.shape(2)];
  const dtype = op.dtype(0);
  if (query?.length !== 3 || value?.length !== 3)
    return [tensor(dtype, undefined), tensor(dtype, undefined), tensor(dtype, undefined)];
  return [tensor(dtype, [query[0]!, query[1]!, value[2]!]), tensor(dtype, undefined), tensor(dtype, undefined)];
}

function groupQueryAttention(op: Operation): readonly ValueFacts[] {
  const query = op.shape(0);
  const [heads, groups] = [op.int('num_heads', 0), op.int('kv_num_heads', 0)];
  // Packed QKV: the hidden size holds the heads of keys and values too.
  const each = op.has(1) ? heads : heads + 2 * groups;
  const head = query?.[2] && each ? (divideExactly(query[2], constantDim(each)) ?? null) : null;
  const hidden = op.has(1) ? (query?.[2] ?? null) : multiplyDims(head, constantDim(heads));
  const cache = (index: number) =>
    tensor(op.dtype(index) ?? op.dtype(0), [query?.[0] ?? null, constantDim(groups), null, head]);
  return [tensor(op.dtype(0), query && [query[0] ?? null, query[1] ?? null, hidden]), cache(3), cache(4)];
}

/** Normalized sum, mean, inverse deviation, and the sum itself. */
function skipLayerNormalization(op: Operation): readonly ValueFacts[] {
  const data = tensor(op.dtype(0), op.shape(0));
  const statistics = tensor(
    'float32',
    op.shape(0)?.map((axis, index, all) => (index < all.length - 1 ? axis : constantDim(1))),
  );
  return [data, statistics, statistics, data];
}

function embedLayerNormalization(op: Operation): readonly ValueFacts[] {
  const ids = op.shape(0);
  const hidden = op.shape(2)?.[1] ?? null;
  const sum = tensor(op.dtype(2), ids && [...ids, hidden]);
  return [sum, tensor('int32', [ids?.[0] ?? null]), sum];
}

/** QLinear operators: the rule of the float operator seen on the data inputs only. */
function onInputs(rule: (op: Operation) => readonly ValueFacts[], inputs: readonly number[]) {
  return (op: Operation): readonly ValueFacts[] => {
    const node = { ...op.node, inputs: inputs.map((index) => op.node.inputs[index] ?? '') };
    return rule(
      op.withInputs(
        node,
        inputs.map((index) => op.input(index)),
      ),
    );
  };
}

const rest = (op: Operation, from: number, step: number): number[] =>
  op.node.inputs.flatMap((_, index) => (index >= from && (index - from) % step === 0 ? [index] : []));

const qLinearConcat = (op: Operation): readonly ValueFacts[] => {
  const [facts] = onInputs(shapeRules.Concat!, rest(op, 2, 3))(op);
  return [tensor(op.dtype(1), facts?.shape)];
};

const broadcastPair =
  (a: number, b: number) =>
  (op: Operation): readonly ValueFacts[] => [tensor(op.dtype(a), broadcast([op.shape(a), op.shape(b)]))];

/** NHWC pooling moves the channels to the end and back. */
function channelsLast(rule: (op: Operation) => readonly ValueFacts[]) {
  return (op: Operation): readonly ValueFacts[] => {
    const shape = op.shape(0);
    if (!op.int('channels_last', 0)) return rule(op);
    if (!shape) return [tensor(op.dtype(0), undefined)];
    const first = [shape[0]!, shape.at(-1)!, ...shape.slice(1, -1)];
    const inputs = op.inputs.map((facts, index) => (index === 0 ? tensor(facts.dtype, first) : facts));
    const [result] = rule(op.withInputs(op.node, inputs));
    const made = result?.shape;
    return [tensor(result?.dtype, made && [made[0]!, ...made.slice(2), made[1]!])];
  };
}

const gatherBlock = (op: Operation): readonly ValueFacts[] => {
  const [data, indices] = [op.shape(0), op.shape(1)];
  const axis = data && axisIn(data.length, op.int('gather_axis', 0));
  if (!data || !indices || axis === undefined) return [tensor(op.dtype(2), undefined)];
  const last = axisIn(data.length, op.int('quantize_axis', -1)) ?? data.length - 1;
  const perByte = op.dtype(0) === 'uint8' && op.int('bits', 4) === 4 ? 2 : 1;
  const unpacked = withAxis(data, last, multiplyDims(data[last] ?? null, constantDim(perByte)));
  return [tensor(op.dtype(2), [...unpacked.slice(0, axis), ...indices, ...unpacked.slice(axis + 1)])];
};

const quantizedLstm = (op: Operation): readonly ValueFacts[] => {
  const data = op.shape(0);
  const two = constantDim(op.string('direction', 'forward').toLowerCase() === 'bidirectional' ? 2 : 1);
  const hidden: Axis = op.int('hidden_size') === undefined ? null : constantDim(op.int('hidden_size', 0));
  const last = tensor(op.dtype(0), [two, data?.[1] ?? null, hidden]);
  return [tensor(op.dtype(0), [data?.[0] ?? null, two, data?.[1] ?? null, hidden]), last, last];
};

const zeroPointType = (op: Operation, index: number): DataType => op.dtype(index) ?? 'uint8';

export const contribRules: Rules = {
  ...forEach('Gelu FastGelu QuickGelu BiasGelu BiasSoftmax BiasDropout BiasAdd', same()),
  Inverse: same(),
  ...forEach('FusedConv NhwcFusedConv', convolutionRules.Conv!),
  FusedGemm: (op) => [tensor(op.dtype(0), gemmShape(op, 0, 1))],
  FusedMatMul: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  ...forEach('MatMulNBits MatMulBnb4 MatMulFpQ4', weightOnly),
  MatMulInteger16: product(0, 1, () => 'int32'),
  MatMulIntegerToFloat: product(0, 1, (op) => op.dtype(2)),
  DynamicQuantizeMatMul: product(0, 1, (op) => op.dtype(0)),
  QLinearMatMul: product(0, 3, (op) => op.dtype(7)),
  QGemm: (op) => [tensor(op.has(8) ? op.dtype(8) : 'float32', gemmShape(op, 0, 3))],
  QLinearConv: (op) =>
    op.int('channels_last', 0) ? [tensor(op.dtype(7), undefined)] : convolutionRules.QLinearConv!(op),
  ...forEach('QLinearAdd QLinearMul', broadcastPair(0, 3)),
  QLinearConcat: qLinearConcat,
  ...forEach('QLinearSigmoid QLinearLeakyRelu QLinearSoftmax', same()),
  QLinearWhere: (op) => [tensor(op.dtype(1), broadcast([op.shape(0), op.shape(1), op.shape(4)]))],
  QLinearAveragePool: channelsLast(onInputs(convolutionRules.AveragePool!, [0])),
  QLinearGlobalAveragePool: channelsLast(onInputs(convolutionRules.GlobalAveragePool!, [0])),
  QLinearReduceMean: onInputs(reductionRules.ReduceMean!, [0]),
  NhwcMaxPool: (op) => {
    const shape = op.shape(0);
    if (!shape) return [tensor(op.dtype(0), undefined)];
    const first = [shape[0]!, shape.at(-1)!, ...shape.slice(1, -1)];
    const made = convolutionRules.MaxPool!(op.withInputs(op.node, [tensor(op.dtype(0), first)]))[0]?.shape;
    return [tensor(op.dtype(0), made && [made[0]!, ...made.slice(2), made[1]!])];
  },
  QuantizeLinear: (op) => [tensor(zeroPointType(op, 2), op.shape(0))],
  DequantizeLinear: like(0, 1),
  DynamicQuantizeLSTM: quantizedLstm,
  Attention: attention,
  QAttention: (op) => [tensor(op.dtype(3), attention(op)[0]?.shape)],
  MultiHeadAttention: multiHeadAttention,
  DecoderMaskedMultiHeadAttention: multiHeadAttention,
  GroupQueryAttention: groupQueryAttention,
  ...forEach('SkipLayerNormalization SkipSimplifiedLayerNormalization', skipLayerNormalization),
  SimplifiedLayerNormalization: (op) => [tensor(op.dtype(1) ?? op.dtype(0), op.shape(0))],
  EmbedLayerNormalization: embedLayerNormalization,
  RotaryEmbedding: same(),
  ...forEach('GroupNorm NhwcGroupNorm', same()),
  SkipGroupNorm: (op) => [tensor(op.dtype(0), op.shape(0)), tensor(op.dtype(0), op.shape(0))],
  GatherBlockQuantized: gatherBlock,
  ...forEach('BiasSplitGelu', (op) => [
    tensor(
      op.dtype(0),
      op.shape(0) &&
        withAxis(
          op.shape(0)!,
          op.rank(0)! - 1,
          divideExactly(op.shape(0)!.at(-1) ?? constantDim(0), constantDim(2)) ?? null,
        ),
    ),
  ]),
  ExpandDims: (op) => {
    const axis = op.numbers(1)?.[0];
    const shape = op.shape(0);
    const at = shape && axis !== undefined ? axisIn(shape.length + 1, axis) : undefined;
    return [
      tensor(
        op.dtype(0),
        shape && at !== undefined ? [...shape.slice(0, at), constantDim(1), ...shape.slice(at)] : undefined,
      ),
    ];
  },
  Trilu: same(),
  CDist: (op) => [tensor(op.dtype(0), [op.shape(0)?.[0] ?? null, op.shape(1)?.[0] ?? null])],
  ConvTransposeWithDynamicPads: (op) => [tensor(op.dtype(0), undefined)],
  Range: (op) => [tensor(op.dtype(0), [null])],
  NGramRepeatBlock: (op) => [tensor(op.dtype(1), op.shape(1))],
  Pad: (op) => [
    tensor(
      op.dtype(0),
      op.shape(0)?.map(() => null),
    ),
  ],
  Unique: (op) => [tensor(op.dtype(0), [null]), tensor('int64', op.shape(0)), tensor('int64', [null])],
  IsAllFinite: () => [tensor('bool', [])],
  MulInteger: (op) => [tensor('int32', broadcast([op.shape(0), op.shape(2)]))],
};
