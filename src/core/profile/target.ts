import { median } from './statistics.ts';

/** The 90th percentile of several rounds. Milliseconds. */
export interface RoundsP90 {
  readonly median: number;
  /** The least and the greatest round: of six or more, the true median lies between in 97 of 100 cases. */
  readonly interval: readonly [number, number];
  readonly rounds: number;
}

/** Sums the rounds up; the interval of the sign test, which asks nothing of how times are distributed. */
export function roundsP90(p90s: readonly number[]): RoundsP90 {
  return { median: median(p90s), interval: [Math.min(...p90s), Math.max(...p90s)], rounds: p90s.length };
}

/** Whether a time is kept: no when all rounds are above it, yes when none is, and null when they do not agree. */
export function isKept({ interval: [low, high] }: RoundsP90, milliseconds: number): boolean | null {
  if (high <= milliseconds) return true;
  return low > milliseconds ? false : null;
}
