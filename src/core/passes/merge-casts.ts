import { english } from '../english.ts';
import { intAttribute } from '../graph/attribute.ts';
import { type DataType, dataTypeFromCode } from '../graph/data-type.ts';
import type { Pass } from './pass.ts';
import { dtypeOf } from './shape-facts.ts';
import { forEachNode, producerOf } from './visit.ts';

/**
 * `a = Cast(x) {to = float32}; y = Cast(a) {to = float64}` with `x` float16
 * becomes `y = Cast(x) {to = float64}`. The first cast must keep every value, or the result would skip its rounding.
 */
export const mergeCasts: Pass = {
  name: 'merge-casts',
  title: english`Merge chains of casts`,
  summary: english`Casts once instead of twice where the first cast loses nothing.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Cast']), (node, graph) => {
      const first = producerOf(graph, node.inputs[0], 'Cast');
      const source = first?.inputs[0];
      if (!first || !source) return;
      const from = dtypeOf(facts, graph, source);
      const middle = dataTypeFromCode(intAttribute(first, 'to', 0));
      const to = dataTypeFromCode(intAttribute(node, 'to', 0));
      if (!from || !middle || !to || !isLossless(from, middle) || !sameMeaning(from, middle, to)) return;
      graph.rewrite(node, english`The cast from ${from} to ${middle} loses nothing.`, (edit) => {
        edit.change(node, { inputs: [source] });
      });
    });
  },
};

const widenings: Partial<Record<DataType, readonly DataType[]>> = {
  bool: ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'uint64', 'int64', 'float32', 'float64'],
  uint8: ['uint16', 'int16', 'uint32', 'int32', 'uint64', 'int64', 'float32', 'float64'],
  int8: ['int16', 'int32', 'int64', 'float32', 'float64'],
  uint16: ['uint32', 'int32', 'uint64', 'int64', 'float32', 'float64'],
  int16: ['int32', 'int64', 'float32', 'float64'],
  uint32: ['uint64', 'int64', 'float64'],
  int32: ['int64', 'float64'],
  float16: ['float32', 'float64'],
  bfloat16: ['float32', 'float64'],
  float32: ['float64'],
};

/** True when every value of `from` is a value of `to`. */
export function isLossless(from: DataType, to: DataType): boolean {
  return widenings[from]?.includes(to) ?? false;
}

/** Float to integer out of range differs with the float type, and so does the text of a number. */
function sameMeaning(from: DataType, middle: DataType, to: DataType): boolean {
  if (to === 'string' || middle === 'string') return false;
  const float = (dtype: DataType) => dtype.startsWith('float') || dtype === 'bfloat16';
  return float(from) ? float(middle) && (float(to) || to === 'bool') : !float(middle) || float(to) || to === 'bool';
}
