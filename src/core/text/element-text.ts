import { byteLengthOf, elementCount } from '../graph/data-type.ts';
import type { Tensor } from '../graph/model.ts';
import { toBigInts, toNumbers } from '../tensor/convert.ts';

const decoder = new TextDecoder();

/** The elements of a tensor as text; undefined when they are not in memory. */
export function elementTexts({ dtype, dims, data: { bytes }, strings }: Tensor): readonly string[] | undefined {
  if (strings) return strings.map((each) => JSON.stringify(decoder.decode(each)));
  const count = elementCount(dims);
  const length = byteLengthOf(dtype, count);
  if (!bytes || dtype === 'undefined' || dtype === 'string' || bytes.byteLength < length) return undefined;
  const elements = bytes.subarray(0, length);
  if (dtype === 'int64' || dtype === 'uint64') return toBigInts(dtype, elements).map(String);
  const digits = dtype === 'float32' ? 9 : 17;
  return Array.from(toNumbers(dtype, elements, count), (value) => String(Number(value.toPrecision(digits))));
}
