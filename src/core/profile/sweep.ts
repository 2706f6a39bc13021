/** Sweeps: one model measured under every combination of settings. */
import { english } from '../english.ts';
import type { OptimizationLevel } from '../evaluator.ts';
import type { SweepPoint, SweepReport, SweepSettings } from '../report/profile-report.ts';

/** Values to try; an axis that is absent stays as the base has it. */
export interface SweepAxes {
  readonly provider?: readonly string[];
  readonly threads?: readonly number[];
  readonly level?: readonly OptimizationLevel[];
  /** Symbolic dimension → sizes. */
  readonly dims?: Readonly<Record<string, readonly number[]>>;
}

/** More combinations than this take too long for each to be measured well. */
export const mostCombinations = 64;

/** Every combination of the values, the last axis changing fastest. Throws when there are more than `mostCombinations`. */
export function combinations(axes: SweepAxes, base: SweepSettings): readonly SweepSettings[] {
  let settings: readonly SweepSettings[] = [base];
  const spread = <T>(values: readonly T[] | undefined, set: (settings: SweepSettings, value: T) => SweepSettings) => {
    if (!values) return;
    if (values.length * settings.length > mostCombinations)
      throw new RangeError(
        english`A sweep measures at most ${mostCombinations} combinations of settings. Leave some out.`,
      );
    settings = settings.flatMap((each) => values.map((value) => set(each, value)));
  };
  for (const [name, sizes] of Object.entries(axes.dims ?? {}))
    spread(sizes, (each, size) => ({ ...each, dims: { ...each.dims, [name]: size } }));
  spread(axes.provider, (each, provider) => ({ ...each, provider }));
  spread(axes.level, (each, level) => ({ ...each, level }));
  spread(axes.threads, (each, threads) => ({ ...each, threads }));
  return settings;
}

/**
 * The fastest settings for each set of sizes. `clear` is set when their slowest round was faster than any round of
 * the others and their interval meets no other: one lucky session recommends nothing.
 */
export function fastestSettings(points: readonly SweepPoint[]): SweepReport['fastest'] {
  const groups = new Map<string, number[]>();
  for (const [index, { dims, latency }] of points.entries()) {
    if (!latency) continue;
    const key = JSON.stringify(Object.entries(dims).sort());
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  return [...groups.values()].map((group) => {
    const order = group.toSorted((a, b) => points[a]!.latency!.median - points[b]!.latency!.median);
    const point = order[0]!;
    const best = points[point]!;
    const clear = order.slice(1).every((other) => {
      const { latency, rounds } = points[other]!;
      return latency!.interval95[0] > best.latency!.interval95[1] && Math.max(...best.rounds) < Math.min(...rounds);
    });
    return { point, clear: clear && order.length > 1 };
  });
}
