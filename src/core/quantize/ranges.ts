/** Ranges of numbers as scales and zero points, after QuantizeLinear of the ONNX standard. */

/** Integer types that values and weights are stored in. */
export type QuantizedType = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int4' | 'uint4';

/** What a tensor was seen to hold. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** `real = (stored − zeroPoint) · scale`. The scale is a 32-bit float. */
export interface Affine {
  readonly scale: number;
  readonly zeroPoint: number;
}

export interface AffineOptions {
  /** The range is widened to ±max(|min|, |max|) and the zero point is the middle. */
  readonly symmetric?: boolean;
  /** One bit less, for processors whose 8-bit multiply-add saturates at 16 bits (x64 before VNNI). */
  readonly reduceRange?: boolean;
}

const fullLimits: Readonly<Record<QuantizedType, readonly [low: number, high: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int4: [-8, 7],
  uint4: [0, 15],
};

/** The lowest and highest integer of a type, to which stored values are clipped. */
export function typeLimits(type: QuantizedType): readonly [low: number, high: number] {
  return fullLimits[type];
}

/** The integers that a range is spread over: fewer than the type has when symmetric (−127 … 127) or reduced. */
export function usedLimits(type: QuantizedType, options: AffineOptions = {}): readonly [low: number, high: number] {
  const [low, high] = fullLimits[type];
  if (options.reduceRange)
    return low === 0 ? [0, (high - 1) / 2] : [low / 2, (high + 1) / 2 - (type === 'int4' ? 1 : 0)];
  return options.symmetric && low < 0 ? [low + 1, high] : [low, high];
}

/** Smallest normal 32-bit float: a scale below it would divide by what the runtime takes for zero. */
const smallestNormal = 2 ** -126;

/**
 * Scale and zero point of a range. Zero is always in the range, so that it is stored exactly; a range of nothing
 * gives scale 1. The zero point is computed with the scale in 64 bits, then the scale is rounded to 32.
 */
export function affineOf({ min, max }: Range, type: QuantizedType, options: AffineOptions = {}): Affine {
  const [low, high] = usedLimits(type, options);
  let from = Math.min(min, 0);
  let to = Math.max(max, 0);
  if (options.symmetric) {
    to = Math.max(-from, to);
    from = -to;
  }
  const scale = (to - from) / (high - low);
  if (!(scale >= smallestNormal) || !Number.isFinite(scale)) return { scale: 1, zeroPoint: 0 };
  const zeroPoint = roundHalfEven(options.symmetric ? (low + high) / 2 : low - from / scale);
  return { scale: Math.fround(scale), zeroPoint };
}

/** What is stored for a number: divided in 32 bits, rounded half to even, clipped to the whole type. */
export function quantizeNumber(value: number, { scale, zeroPoint }: Affine, type: QuantizedType): number {
  const [low, high] = fullLimits[type];
  const stored = roundHalfEven(Math.fround(value / scale)) + zeroPoint;
  return Math.min(high, Math.max(low, stored));
}

// Adding 1.5 · 2⁵² leaves a 64-bit float no bits after the point: the processor rounds, half to even.
const roundingConstant = 1.5 * 2 ** 52;

/** Rounds to the nearest integer, a half to the even one. For magnitudes below 2⁵¹. */
export function roundHalfEven(value: number): number {
  return value + roundingConstant - roundingConstant;
}
