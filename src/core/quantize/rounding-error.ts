/** How far numbers are from what they were, as sums that go on growing: of a weight, or of a value over several runs. */

export interface RoundingError {
  /** Sum of squares of the numbers as they were. */
  readonly signal: number;
  /** Sum of squares of the differences. */
  readonly noise: number;
  /** Sum of squares of the numbers as they are now. */
  readonly power: number;
  /** The largest difference. */
  readonly maxAbs: number;
}

/** A sum that is still growing. */
export type GrowingError = { -readonly [Field in keyof RoundingError]: RoundingError[Field] };

export const noError = (): GrowingError => ({ signal: 0, noise: 0, power: 0, maxAbs: 0 });

/** Adds one number, and what it is now. */
export function addElement(into: GrowingError, value: number, now: number): void {
  const difference = value - now;
  into.signal += value * value;
  into.noise += difference * difference;
  into.power += now * now;
  if (difference > into.maxAbs) into.maxAbs = difference;
  else if (-difference > into.maxAbs) into.maxAbs = -difference;
}

/** The error of several parts together. */
export function joinedError(parts: readonly RoundingError[]): RoundingError {
  const joined = noError();
  for (const { signal, noise, power, maxAbs } of parts) {
    joined.signal += signal;
    joined.noise += noise;
    joined.power += power;
    joined.maxAbs = Math.max(joined.maxAbs, maxAbs);
  }
  return joined;
}

/** Signal to noise in decibels; what is exact counts as 140 dB, beyond what 32-bit floats can tell. */
export function decibels({ signal, noise }: Pick<RoundingError, 'signal' | 'noise'>): number {
  if (signal === 0) return noise === 0 ? 140 : 0;
  return noise === 0 ? 140 : Math.min(140, 10 * Math.log10(signal / noise));
}

/** Cosine of the angle between the numbers before and after; 1 when both are all zero. */
export function cosine({ signal, noise, power }: RoundingError): number {
  if (signal === 0 || power === 0) return signal === power ? 1 : 0;
  return Math.max(-1, Math.min(1, (signal + power - noise) / 2 / Math.sqrt(signal * power)));
}
