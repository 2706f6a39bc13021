/** Weights as integers: per tensor or per channel, with the scale of least error when asked. */
import { readAll } from '../graph/byte-source.ts';
import { elementCount } from '../graph/data-type.ts';
import type { Tensor } from '../graph/model.ts';
import { fromNumbers, toFloat32 } from '../tensor/convert.ts';
import { type Affine, type AffineOptions, affineOf, type QuantizedType, roundHalfEven, typeLimits } from './ranges.ts';
import { addElement, noError, type RoundingError } from './rounding-error.ts';

export interface WeightOptions {
  readonly type: QuantizedType;
  /** One scale for each index of this axis; one for the whole tensor when absent. */
  readonly axis?: number;
  readonly reduceRange?: boolean;
  /** Try smaller ranges and take the one of least squared error. */
  readonly search?: boolean;
  /** No scale below this, by channel (or one): an int32 bias must be able to hold its value in units of the scale. */
  readonly smallestScale?: (channel: number) => number;
}

/** A weight as integers in the layout of the original. */
export interface QuantizedWeight extends RoundingError {
  readonly type: QuantizedType;
  /** Integers, as many as the tensor has elements. */
  readonly values: Int32Array | Int8Array | Uint8Array | Int16Array | Uint16Array;
  readonly scales: Float32Array;
  readonly zeroPoints: Int32Array;
}

/** The elements of a float tensor as 32-bit floats, read from wherever they are. */
export async function readWeight(tensor: Tensor): Promise<Float32Array> {
  return toFloat32(tensor.dtype, await readAll(tensor.data), elementCount(tensor.dims));
}

/** Where the channels of an axis lie: element = outer · channels · inner + channel · inner + i. */
export function channelLayout(
  dims: readonly number[],
  axis: number | undefined,
): { outer: number; channels: number; inner: number } {
  if (axis === undefined) return { outer: 1, channels: 1, inner: elementCount(dims) };
  return {
    outer: elementCount(dims.slice(0, axis)),
    channels: dims[axis]!,
    inner: elementCount(dims.slice(axis + 1)),
  };
}

/** Quantizes weights. Signed types are symmetric, so that kernels need no correction for the zero point. */
export function quantizeWeight(values: Float32Array, dims: readonly number[], options: WeightOptions): QuantizedWeight {
  const { type, axis, reduceRange = false, search = false, smallestScale } = options;
  const [low, high] = typeLimits(type);
  const affineOptions: AffineOptions = { symmetric: low < 0, reduceRange };
  const layout = channelLayout(dims, axis);
  const stored = storageFor(type, values.length);
  const scales = new Float32Array(layout.channels);
  const zeroPoints = new Int32Array(layout.channels);
  const ranges = channelRanges(values, layout);
  for (let channel = 0; channel < layout.channels; channel++) {
    const range = { min: ranges.min[channel]!, max: ranges.max[channel]! };
    let affine = affineOf(range, type, affineOptions);
    if (search) affine = bestAffine(values, layout, channel, range, affine, type, affineOptions);
    scales[channel] = Math.max(affine.scale, smallestScale?.(channel) ?? 0);
    zeroPoints[channel] = affine.zeroPoint;
  }
  const error = noError();
  const { outer, channels, inner } = layout;
  for (let block = 0; block < outer; block++) {
    for (let channel = 0; channel < channels; channel++) {
      const scale = scales[channel]!;
      const zeroPoint = zeroPoints[channel]!;
      const start = (block * channels + channel) * inner;
      for (let at = start; at < start + inner; at++) {
        const value = values[at]!;
        let code = roundHalfEven(Math.fround(value / scale)) + zeroPoint;
        if (code < low) code = low;
        else if (code > high) code = high;
        stored[at] = code;
        addElement(error, value, (code - zeroPoint) * scale);
      }
    }
  }
  return { type, values: stored, scales, zeroPoints, ...error };
}

type Layout = ReturnType<typeof channelLayout>;

function channelRanges(
  values: Float32Array,
  { outer, channels, inner }: Layout,
): { min: Float64Array; max: Float64Array } {
  const min = new Float64Array(channels);
  const max = new Float64Array(channels);
  for (let block = 0; block < outer; block++) {
    for (let channel = 0; channel < channels; channel++) {
      const start = (block * channels + channel) * inner;
      let low = min[channel]!;
      let high = max[channel]!;
      for (let at = start; at < start + inner; at++) {
        const value = values[at]!;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      min[channel] = low;
      max[channel] = high;
    }
  }
  return { min, max };
}

/** Shares of the full range that are tried. Below 0.7 clipping never wins at 8 bits on real weights. */
const shares = [0.97, 0.94, 0.91, 0.88, 0.85, 0.8, 0.75, 0.7];
/** A channel is judged by at most this many of its elements, evenly spaced. */
const judgedElements = 4096;

function bestAffine(
  values: Float32Array,
  { outer, channels, inner }: Layout,
  channel: number,
  range: { min: number; max: number },
  first: Affine,
  type: QuantizedType,
  options: AffineOptions,
): Affine {
  const count = outer * inner;
  const step = Math.max(1, Math.floor(count / judgedElements));
  const sample = new Float32Array(Math.ceil(count / step));
  for (let index = 0, at = 0; at < count; at += step, index++) {
    const block = Math.floor(at / inner);
    sample[index] = values[(block * channels + channel) * inner + (at - block * inner)]!;
  }
  const [low, high] = typeLimits(type);
  const errorOf = ({ scale, zeroPoint }: Affine): number => {
    let sum = 0;
    for (let index = 0; index < sample.length; index++) {
      const value = sample[index]!;
      let code = roundHalfEven(value / scale) + zeroPoint;
      if (code < low) code = low;
      else if (code > high) code = high;
      const error = value - (code - zeroPoint) * scale;
      sum += error * error;
    }
    return sum;
  };
  let best = first;
  let least = errorOf(first);
  for (const share of shares) {
    const affine = affineOf({ min: range.min * share, max: range.max * share }, type, options);
    const error = errorOf(affine);
    if (error < least) [best, least] = [affine, error];
  }
  return best;
}

function storageFor(type: QuantizedType, length: number): QuantizedWeight['values'] {
  switch (type) {
    case 'int8':
    case 'int4':
      return new Int8Array(length);
    case 'uint8':
    case 'uint4':
      return new Uint8Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'uint16':
      return new Uint16Array(length);
  }
}

/** The bytes of integers as `raw_data` of their type. */
export function storedBytes({ type, values }: Pick<QuantizedWeight, 'type' | 'values'>): Uint8Array {
  if (type === 'int4' || type === 'uint4') return fromNumbers(type, values);
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The integers an int32 bias is stored as, in units of input scale · weight scale; rounded in 64 bits and clipped. */
export function quantizeBias(
  bias: Float32Array,
  inputScale: number,
  weightScales: Float32Array,
): { values: Int32Array; scales: Float32Array } {
  const scales = Float32Array.from(weightScales, (scale) => Math.fround(inputScale * scale));
  const values = new Int32Array(bias.length);
  for (let index = 0; index < bias.length; index++) {
    const stored = roundHalfEven(bias[index]! / scales[scales.length === 1 ? 0 : index]!);
    values[index] = Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), stored));
  }
  return { values, scales };
}

/** The smallest weight scale with which a bias fits 32 bits. */
export function smallestScaleFor(bias: number, inputScale: number): number {
  return (Math.abs(bias) / (2 ** 31 - 1) / inputScale) * 1.0001;
}
