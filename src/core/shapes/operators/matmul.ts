/** Matrix products. */
import type { DataType } from '../../graph/data-type.ts';
import type { Axis } from '../dim.ts';
import { constantDim, divideExactly, multiplyDims, subtractDims } from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import { broadcast, broadcastAxis, type Operation, type Rules, type Shape, tensor, unknownAxes } from '../operation.ts';

/** Shape of a product with numpy's rules: leading axes broadcast, a vector stands for a row or a column. */
export function matMulShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (!a || !b || a.length === 0 || b.length === 0) return undefined;
  const rows = a.length === 1 ? [] : [a.at(-2)!];
  const columns = b.length === 1 ? [] : [b.at(-1)!];
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)]);
  return batch && [...batch, ...rows, ...columns];
}

const matMul = (op: Operation): readonly ValueFacts[] => [
  tensor(op.dtype(0) ?? op.dtype(1), matMulShape(op.shape(0), op.shape(1))),
];

function gemm(op: Operation): readonly ValueFacts[] {
  const [a, b] = [op.shape(0), op.shape(1)];
  const rows = a?.length === 2 ? a[op.int('transA', 0) ? 1 : 0]! : null;
  const columns = b?.length === 2 ? b[op.int('transB', 0) ? 0 : 1]! : null;
  return [tensor(op.dtype(0) ?? op.dtype(1), [rows, columns])];
}

function einsum(op: Operation): readonly ValueFacts[] {
  const dtype = op.inputs.find((each) => each.dtype)?.dtype;
  const equation = op.string('equation', '').replaceAll(' ', '');
  const [left, right] = equation.split('->') as [string, string?];
  const sizes = new Map<string, Axis>();
  let ellipsis: Shape | undefined = [];
  const counts = new Map<string, number>();
  for (const [index, term] of left.split(',').entries()) {
    const shape = op.shape(index);
    if (!shape) return [tensor(dtype, undefined)];
    const [before, after = ''] = term.split('...') as [string, string?];
    const free = shape.length - before.length - after.length;
    if (free < 0 || (free > 0 && !term.includes('...'))) return [tensor(dtype, undefined)];
    ellipsis = broadcast([ellipsis, shape.slice(before.length, before.length + free)]);
    for (const [at, letter] of [...before, ...after].entries()) {
      const axis = shape[at < before.length ? at : at + free] ?? null;
      sizes.set(letter, sizes.has(letter) ? broadcastAxis(sizes.get(letter)!, axis) : axis);
      counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
  }
  const once = [...counts.keys()].filter((letter) => counts.get(letter) === 1).sort();
  const output = right ?? `${left.includes('...') ? '...' : ''}${once.join('')}`;
  const [before, after = ''] = output.split('...') as [string, string?];
  const middle = output.includes('...') ? ellipsis : [];
  const axes = (letters: string) => [...letters].map((letter) => sizes.get(letter) ?? null);
  return [tensor(dtype, middle && [...axes(before), ...middle, ...axes(after)])];
}

/** The standard Attention (opset 23): batch, sequence, hidden for rank 3, else batch, heads, sequence, head size. */
function attention(op: Operation): readonly ValueFacts[] {
  const [query, key, value] = [op.shape(0), op.shape(1), op.shape(2)];
  const dtype = op.dtype(0);
  if (!query || !value)
    return [tensor(dtype, undefined), tensor(op.dtype(4), undefined), tensor(op.dtype(5), undefined)];
  const heads = op.int('q_num_heads', 0);
  const keyHeads = op.int('kv_num_heads', 0);
  const perHead = (size: Axis, count: number): Axis =>
    size && count ? (divideExactly(size, constantDim(count)) ?? null) : null;
  const output =
    query.length === 4
      ? [...query.slice(0, 3), value[3] ?? null]
      : [query[0] ?? null, query[1] ?? null, multiplyDims(perHead(value[2] ?? null, keyHeads), constantDim(heads))];
  const cache = (input: number, source: Shape | undefined): ValueFacts => {
    const past = op.shape(input);
    const head = source?.length === 4 ? (source[3] ?? null) : perHead(source?.[2] ?? null, keyHeads);
    const count = source?.length === 4 ? (source[1] ?? null) : constantDim(keyHeads);
    return tensor(op.dtype(input) ?? dtype, [query[0] ?? null, past?.[1] ?? count, null, past?.[3] ?? head]);
  };
  return [tensor(dtype, output), cache(4, key), cache(5, value), tensor(dtype, unknownAxes(4))];
}

/** Packed like attention, with a state of batch, heads, key size, value size in place of a cache. */
function linearAttention(op: Operation): readonly ValueFacts[] {
  const [query, key, value] = [op.shape(0), op.shape(1), op.shape(2)];
  const [heads, groups] = [constantDim(op.int('q_num_heads', 0)), constantDim(op.int('kv_num_heads', 0))];
  const perGroup = (size: Axis | undefined): Axis =>
    size && groups.constant ? (divideExactly(size, groups) ?? null) : null;
  const width = perGroup(value?.[2]);
  const output: Shape = [query?.[0] ?? null, query?.[1] ?? null, multiplyDims(width, heads)];
  const state = op.shape(3) ?? [query?.[0] ?? null, groups, perGroup(key?.[2]), width];
  return [tensor(op.dtype(0), output), tensor(op.dtype(3) ?? op.dtype(0), state)];
}

/** Depthwise over batch, channels, length; the state keeps the last kernel − 1 columns. */
function causalConvolution(op: Operation): readonly ValueFacts[] {
  const [data, weight] = [op.shape(0), op.shape(1)];
  const state = [data?.[0] ?? null, data?.[1] ?? null, subtractDims(weight?.at(-1) ?? null, constantDim(1))];
  return [tensor(op.dtype(0), data), tensor(op.dtype(0), state)];
}

const product =
  (a: number, b: number, dtype: DataType | ((op: Operation) => DataType | undefined)) =>
  (op: Operation): readonly ValueFacts[] => [
    tensor(typeof dtype === 'string' ? dtype : dtype(op), matMulShape(op.shape(a), op.shape(b))),
  ];

export const matMulRules: Rules = {
  MatMul: matMul,
  MatMulInteger: product(0, 1, 'int32'),
  QLinearMatMul: product(0, 3, (op) => op.dtype(7)),
  Gemm: gemm,
  Einsum: einsum,
  Det: (op) => [tensor(op.dtype(0), op.shape(0)?.slice(0, -2))],
  Attention: attention,
  LinearAttention: linearAttention,
  CausalConvWithState: causalConvolution,
  RotaryEmbedding: (op) => [tensor(op.dtype(0), op.shape(0))],
};
