/** Floating-point formats below 32 bits: each as sign, exponent and mantissa bits (IEEE 754, OCP FP8 and MX specifications). */
export interface SmallFloat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** `ieee`: the top exponent is infinity and NaN. `fn`: only all ones is NaN, no infinity. `fnuz`: only minus zero is NaN. `none`: every code is a number. */
  readonly specials: 'ieee' | 'fn' | 'fnuz' | 'none';
}

export const smallFloats = {
  float16: { exponentBits: 5, mantissaBits: 10, bias: 15, specials: 'ieee' },
  bfloat16: { exponentBits: 8, mantissaBits: 7, bias: 127, specials: 'ieee' },
  float8e4m3fn: { exponentBits: 4, mantissaBits: 3, bias: 7, specials: 'fn' },
  float8e4m3fnuz: { exponentBits: 4, mantissaBits: 3, bias: 8, specials: 'fnuz' },
  float8e5m2: { exponentBits: 5, mantissaBits: 2, bias: 15, specials: 'ieee' },
  float8e5m2fnuz: { exponentBits: 5, mantissaBits: 2, bias: 16, specials: 'fnuz' },
  float6e2m3: { exponentBits: 2, mantissaBits: 3, bias: 1, specials: 'none' },
  float6e3m2: { exponentBits: 3, mantissaBits: 2, bias: 3, specials: 'none' },
  float4e2m1: { exponentBits: 2, mantissaBits: 1, bias: 1, specials: 'none' },
} as const satisfies Record<string, SmallFloat>;

/** The number behind a code. */
export function decodeSmallFloat(code: number, { exponentBits, mantissaBits, bias, specials }: SmallFloat): number {
  const signBit = 2 ** (exponentBits + mantissaBits);
  const magnitude = code % signBit;
  const negative = code >= signBit;
  const exponent = Math.floor(magnitude / 2 ** mantissaBits);
  const mantissa = magnitude % 2 ** mantissaBits;
  if (specials === 'ieee' && exponent === 2 ** exponentBits - 1) {
    return mantissa !== 0 ? Number.NaN : negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (specials === 'fn' && magnitude === signBit - 1) return Number.NaN;
  if (specials === 'fnuz' && code === signBit) return Number.NaN;
  const value =
    exponent === 0
      ? mantissa * 2 ** (1 - bias - mantissaBits)
      : (2 ** mantissaBits + mantissa) * 2 ** (exponent - bias - mantissaBits);
  return negative ? -value : value;
}

/** The code of the nearest number, ties to even. Beyond the range: infinity where there is one, else the largest number. */
export function encodeSmallFloat(value: number, format: SmallFloat): number {
  const { exponentBits, mantissaBits, bias, specials } = format;
  const signBit = 2 ** (exponentBits + mantissaBits);
  if (Number.isNaN(value))
    return specials === 'fnuz'
      ? signBit
      : specials === 'none'
        ? 0
        : specials === 'fn'
          ? signBit - 1
          : signBit - 1 - (2 ** (mantissaBits - 1) - 1);
  const sign = value < 0 || Object.is(value, -0) ? signBit : 0;
  const magnitude = Math.abs(value);
  const largest =
    specials === 'ieee'
      ? (2 ** exponentBits - 1) * 2 ** mantissaBits - 1
      : specials === 'fn'
        ? signBit - 2
        : signBit - 1;
  if (magnitude === 0) return specials === 'fnuz' ? 0 : sign;
  const exponent = Math.max(1 - bias, Math.floor(Math.log2(magnitude)));
  // Floor of the logarithm can be off by one at powers of two.
  const fixed =
    magnitude >= 2 ** (exponent + 1)
      ? exponent + 1
      : magnitude < 2 ** exponent && exponent > 1 - bias
        ? exponent - 1
        : exponent;
  const step = 2 ** (fixed - mantissaBits);
  // Codes of one sign are consecutive numbers, so carrying into the exponent comes by itself.
  const code = Number.isFinite(magnitude)
    ? roundHalfEven(magnitude / step) + (fixed + bias - 1) * 2 ** mantissaBits
    : Number.POSITIVE_INFINITY;
  if (code <= largest) return code === 0 && specials === 'fnuz' ? 0 : sign + code;
  return sign + (specials === 'ieee' ? largest + 1 : largest);
}

/** Rounds to the nearest integer, halves to the even one. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** All numbers of a format of at most 16 bits, by code. */
export function decodeTable(format: SmallFloat): Float32Array {
  return Float32Array.from({ length: 2 ** (1 + format.exponentBits + format.mantissaBits) }, (_, code) =>
    decodeSmallFloat(code, format),
  );
}
