import type { Random } from '../random.ts';

/** What is kept of the elements of one value over many samples. */
export interface Distribution {
  /** Finite elements. */
  readonly elements: number;
  /** Infinities and NaN. */
  readonly nonFinite: number;
  readonly mean: number;
  /** Of the population. */
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
  /** Elements in ascending order: all of them when they are few, else `sketchSize` evenly spaced in rank. */
  readonly sketch: readonly number[];
}

/** So many ranks tell a distribution function to within a thousandth. */
export const sketchSize = 1001;
/** Elements that the ranks are taken from, drawn evenly from all. */
const reservoirSize = 100_000;

/** Takes elements in pieces and gives their distribution, in bounded memory. */
export interface DistributionBuilder {
  add(values: ArrayLike<number>): void;
  finish(): Distribution;
}

/**
 * A builder of one distribution. Mean and deviation are exact, by Welford's recurrence; beyond 100,000 elements the
 * ranks are those of a uniform random draw of so many (Vitter's algorithm R, 1985).
 */
export function createDistribution(random: Random): DistributionBuilder {
  const reservoir: number[] = [];
  let elements = 0;
  let nonFinite = 0;
  let mean = 0;
  let squares = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  return {
    add: (values) => {
      for (let at = 0; at < values.length; at++) {
        const value = values[at]!;
        if (!Number.isFinite(value)) {
          nonFinite++;
          continue;
        }
        elements++;
        const step = value - mean;
        mean += step / elements;
        squares += step * (value - mean);
        if (value < min) min = value;
        if (value > max) max = value;
        if (reservoir.length < reservoirSize) reservoir.push(value);
        else {
          const place = random.integer(elements);
          if (place < reservoirSize) reservoir[place] = value;
        }
      }
    },
    finish: () => ({
      elements,
      nonFinite,
      mean: elements === 0 ? 0 : mean,
      deviation: elements === 0 ? 0 : Math.sqrt(squares / elements),
      min: elements === 0 ? 0 : min,
      max: elements === 0 ? 0 : max,
      sketch: sketchOf(Float64Array.from(reservoir).sort()),
    }),
  };
}

function sketchOf(sorted: Float64Array): readonly number[] {
  if (sorted.length <= sketchSize) return [...sorted];
  return Array.from(
    { length: sketchSize },
    (_, rank) => sorted[Math.round((rank * (sorted.length - 1)) / (sketchSize - 1))]!,
  );
}
