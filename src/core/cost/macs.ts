import { intAttribute, stringAttribute } from '../graph/attribute.ts';
import type { Node } from '../graph/model.ts';
import { operatorsOf } from '../shapes/registry.ts';

/** Sizes of a tensor's axes; undefined when any is unknown or symbolic. */
export type Sizes = readonly number[] | undefined;

/** What a formula may use: the sizes of the node's inputs and outputs. */
interface Sized {
  readonly node: Node;
  readonly input: (index: number) => Sizes;
  readonly output: (index: number) => Sizes;
}

/** Multiply-accumulate operations; null when a size that counts is not known. */
type Formula = (sized: Sized) => number | null;

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/** Every output element sums over the weight's axes behind the first: input channels of the group, and the kernel. */
const convolution =
  (weight: number): Formula =>
  ({ input, output }) => {
    const [kernel, result] = [input(weight), output(0)];
    return kernel && result ? product(result) * product(kernel.slice(1)) : null;
  };

/** Every input element is spread over the weight's axes behind the first. */
const transposedConvolution: Formula = ({ input }) => {
  const [data, kernel] = [input(0), input(1)];
  return data && kernel ? product(data) * product(kernel.slice(1)) : null;
};

/** Every output element sums over the last axis of the first input. */
const matrixProduct: Formula = ({ input, output }) => {
  const [a, result] = [input(0), output(0)];
  return a && result ? product(result) * (a.at(-1) ?? 1) : null;
};

const gemm: Formula = ({ node, input, output }) => {
  const [a, result] = [input(0), output(0)];
  return a && result ? product(result) * (a[intAttribute(node, 'transA', 0) ? 0 : 1] ?? 1) : null;
};

/** All indices of the equation together. */
const einsum: Formula = ({ node, input }) => {
  const terms = stringAttribute(node, 'equation', '').replaceAll(' ', '').split('->')[0]!.split(',');
  if (terms.length < 2) return 0;
  const sizes = new Map<string, number>();
  for (const [index, term] of terms.entries()) {
    const shape = input(index);
    if (!shape || term.includes('.') || shape.length !== term.length) return null;
    for (const [at, letter] of [...term].entries()) sizes.set(letter, Math.max(sizes.get(letter) ?? 1, shape[at]!));
  }
  return product([...sizes.values()]);
};

/** Each gate multiplies the input and the hidden state, every step: W is directions × gates·hidden × input, R likewise. */
const recurrent: Formula = ({ input }) => {
  const [data, weight, recurrence] = [input(0), input(1), input(2)];
  return data && weight && recurrence ? data[0]! * data[1]! * (product(weight) + product(recurrence)) : null;
};

/** Scores and their sum over the values: twice batch · heads · queries · keys · head size. */
const standardAttention: Formula = ({ input, output }) => {
  const [key, result] = [input(1), output(0)];
  if (!key || !result) return null;
  const keys = key.length === 4 ? key[2]! : key[1]!;
  return 2 * product(result) * keys;
};

/** Packed projection of query, key and value, then attention over the own sequence. */
const packedAttention: Formula = ({ input, output }) => {
  const [data, weight, result] = [input(0), input(1), output(0)];
  if (!data || !weight || !result) return null;
  return product(data) * (weight[1] ?? 1) + 2 * product(result) * (data[1] ?? 1);
};

const standard: Readonly<Record<string, Formula>> = {
  Conv: convolution(1),
  DeformConv: convolution(1),
  ConvInteger: convolution(1),
  QLinearConv: convolution(3),
  ConvTranspose: transposedConvolution,
  MatMul: matrixProduct,
  MatMulInteger: matrixProduct,
  QLinearMatMul: matrixProduct,
  Gemm: gemm,
  Einsum: einsum,
  RNN: recurrent,
  GRU: recurrent,
  LSTM: recurrent,
  Attention: standardAttention,
};

const contributed: Readonly<Record<string, Formula>> = {
  FusedConv: convolution(1),
  QLinearConv: convolution(3),
  FusedGemm: gemm,
  QGemm: gemm,
  FusedMatMul: ({ node, input, output }) => {
    const [a, result] = [input(0), output(0)];
    if (!a || !result || a.length < 2) return null;
    return product(result) * a.at(intAttribute(node, 'transA', 0) ? -2 : -1)!;
  },
  MatMulNBits: matrixProduct,
  MatMulBnb4: matrixProduct,
  MatMulIntegerToFloat: matrixProduct,
  DynamicQuantizeMatMul: matrixProduct,
  QLinearMatMul: matrixProduct,
  Attention: packedAttention,
  QAttention: packedAttention,
  MultiHeadAttention: standardAttention,
};

/** Operators of `com.microsoft` that multiply matrices in a way no formula here counts. */
const uncounted = new Set(['GroupQueryAttention', 'DecoderMaskedMultiHeadAttention', 'DynamicQuantizeLSTM']);

const withoutProducts = new Map(
  ['', 'ai.onnx.ml', 'com.microsoft'].map((domain) => [domain, new Set(operatorsOf(domain))]),
);

/** Operators with bodies: the nodes inside count themselves, once. */
const containers = new Set(['If', 'Loop', 'Scan', 'SequenceMap']);

/**
 * Multiply-accumulate operations of one node run once: matrix products, convolutions, attention and recurrences.
 * 0 for known operators that do none of these; null when a size is not known or the operator is not.
 */
export function macsOf(sized: Sized): number | null {
  const { domain, opType } = sized.node;
  const formula = domain === '' ? standard[opType] : domain === 'com.microsoft' ? contributed[opType] : undefined;
  if (formula) return formula(sized);
  if (domain === 'com.microsoft' && uncounted.has(opType)) return null;
  const known = withoutProducts.get(domain)?.has(opType) || (domain === '' && containers.has(opType));
  return known ? 0 : null;
}
