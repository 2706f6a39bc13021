import { english } from '../english.ts';
import type { TensorValue } from '../evaluator.ts';
import { elementCount, isFloat } from '../graph/data-type.ts';
import type { OutputDifference } from '../report/report.ts';
import { toNumbers } from '../tensor/convert.ts';

/** How one output of two models differs, over all runs. */
export interface Difference {
  /** Every run gave the same bits, NaN of any kind counted as equal. */
  equal: boolean;
  maxAbs: number;
  /** Largest difference relative to the reference's largest element in that run. */
  maxRel: number;
  /** Elements that differ in value. */
  count: number;
  /** Type, shape, NaN or infinity differ: no noise explains that. */
  structural: string | undefined;
  /** Largest finite element of the reference. */
  scale: number;
  dtype: string;
  signalPower: number;
  noisePower: number;
  otherPower: number;
  product: number;
}

export function noDifference(): Difference {
  return {
    equal: true,
    maxAbs: 0,
    maxRel: 0,
    count: 0,
    structural: undefined,
    scale: 0,
    dtype: '',
    signalPower: 0,
    noisePower: 0,
    otherPower: 0,
    product: 0,
  };
}

/** Adds the comparison of one output of one run to what is known of it. */
export function addComparison(into: Difference, reference: TensorValue, other: TensorValue): void {
  into.dtype = reference.dtype;
  const problem = describeMismatch(reference, other);
  if (problem) {
    into.equal = false;
    into.structural ??= problem;
    return;
  }
  if (reference.strings) return;
  const count = elementCount(reference.dims);
  const a = toNumbers(reference.dtype, reference.bytes, count);
  const b = toNumbers(other.dtype, other.bytes, count);
  let largest = 0;
  let maxAbs = 0;
  for (let index = 0; index < a.length; index++) {
    const x = a[index]!;
    const y = b[index]!;
    if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x));
    if (Object.is(x, y)) {
      if (Number.isFinite(x)) addPowers(into, x, y);
      continue;
    }
    into.equal = false;
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      into.structural ??= english`an element is ${x} in one and ${y} in the other`;
      continue;
    }
    if (x !== y) into.count++;
    maxAbs = Math.max(maxAbs, Math.abs(x - y));
    addPowers(into, x, y);
  }
  into.scale = Math.max(into.scale, largest);
  into.maxAbs = Math.max(into.maxAbs, maxAbs);
  if (maxAbs > 0) into.maxRel = Math.max(into.maxRel, maxAbs / (largest || Math.abs(maxAbs)));
}

function addPowers(into: Difference, x: number, y: number): void {
  into.signalPower += x * x;
  into.otherPower += y * y;
  into.noisePower += (x - y) ** 2;
  into.product += x * y;
}

function describeMismatch(a: TensorValue, b: TensorValue): string | undefined {
  if (a.dtype !== b.dtype) return english`its type is ${b.dtype} instead of ${a.dtype}`;
  if (a.dims.length !== b.dims.length || a.dims.some((dim, axis) => dim !== b.dims[axis])) {
    return english`its shape is [${b.dims.join(', ')}] instead of [${a.dims.join(', ')}]`;
  }
  const differs = a.strings?.some((each, index) => each !== b.strings?.[index]);
  return differs ? english`its strings differ` : undefined;
}

/** The difference as reports state it. */
export function reportedDifference(name: string, difference: Difference): OutputDifference {
  const { signalPower, noisePower, otherPower, product } = difference;
  const sqnrDb = noisePower === 0 ? null : 10 * Math.log10(signalPower / noisePower);
  const cosine = signalPower * otherPower === 0 ? 1 : product / Math.sqrt(signalPower * otherPower);
  return { name, maxAbs: difference.maxAbs, maxRel: difference.maxRel, sqnrDb, cosine: noisePower === 0 ? 1 : cosine };
}

/** Distance between neighbouring numbers of a float type near 1; 0 for other types. */
export function epsilonOf(dtype: string): number {
  switch (dtype) {
    case 'float64':
      return 2 ** -52;
    case 'float32':
      return 2 ** -23;
    case 'float16':
      return 2 ** -10;
    case 'bfloat16':
      return 2 ** -7;
    default:
      return isFloat(dtype as never) ? 2 ** -2 : 0;
  }
}
