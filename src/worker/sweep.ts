import { basename } from 'node:path';
import { english } from '../core/english.ts';
import type { OptimizationLevel } from '../core/evaluator.ts';
import { summarizeLatency } from '../core/profile/latency.ts';
import { median } from '../core/profile/statistics.ts';
import { combinations, fastestSettings, type SweepAxes } from '../core/profile/sweep.ts';
import { reportSchema, type SweepPoint, type SweepReport, type SweepSettings } from '../core/report/report.ts';
import { sessionSnippets } from '../core/report/session-snippets.ts';
import { CancelledError } from '../protocol/rpc.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { makeInputs } from './inputs.ts';
import { measurementEnvironment, withChecksum } from './machine.ts';
import type { PreparedModel } from './model-source.ts';
import { type MeasuredModel, type MeasurementContext, sourceOf } from './profile.ts';
import { timeRuns, warmupOf } from './timed-runs.ts';

export interface SweepOptions {
  /** The time limit is that of the whole sweep. */
  readonly settings: RunSettings;
  readonly level: OptimizationLevel;
  readonly axes: SweepAxes;
}

/** Every combination is measured this often, each time in a fresh session: what changes on the machine meets all alike. */
const rounds = 3;
/** Milliseconds that a session's turn takes at least, however short the time limit: below this a median says nothing. */
const shortestTurn = 100;
const warmupRuns = 3;

/**
 * Latency of a model under every combination of settings. A combination that does not run is told in its `failure` and
 * leaves the others standing; cancelling rejects with `CancelledError`.
 */
export async function sweepModel(
  target: MeasuredModel,
  { settings, level, axes }: SweepOptions,
  context: MeasurementContext,
): Promise<SweepReport> {
  const { provider, threads, dims } = settings;
  const wanted = combinations(axes, { provider, threads, level, dims });
  const known = await withChecksum(target);
  const environment = await measurementEnvironment(known, settings, level, context);
  const prepared = await sourceOf(target, target.model, context.signal);
  try {
    const times = wanted.map((): Float64Array[] => []);
    const failures = new Map<number, string>();
    const timeLimit = Math.max(shortestTurn, (settings.timeLimit * 1000) / (rounds * wanted.length));
    for (let round = 0; round < rounds; round++) {
      for (const [index, each] of wanted.entries()) {
        if (failures.has(index)) continue;
        const done = round * wanted.length + index;
        context.onProgress?.({
          message: english`Round ${round + 1} of ${rounds}, combination ${index + 1} of ${wanted.length}`,
          fraction: done / (rounds * wanted.length),
        });
        try {
          times[index]!.push(await timeOne(target, prepared, { ...settings, ...each }, each, timeLimit, context));
        } catch (error) {
          if (error instanceof CancelledError || context.signal?.aborted) throw error;
          failures.set(index, error instanceof Error ? error.message : String(error));
        }
      }
    }
    const points = wanted.map((each, index): SweepPoint => {
      const failure = failures.get(index);
      if (failure !== undefined) return { ...each, rounds: [], failure };
      const all = Float64Array.from(times[index]!.flatMap((part) => [...part]));
      const latency = summarizeLatency(all, { warmup: 0, seed: settings.seed });
      return { ...each, rounds: times[index]!.map(median), latency };
    });
    const fastest = fastestSettings(points);
    return {
      schema: reportSchema,
      model: known.identity,
      environment,
      points,
      fastest: fastest.map((each) => ({
        ...each,
        ...(each.clear ? { snippets: sessionSnippets(points[each.point]!, basename(target.identity.path)) } : {}),
      })),
    };
  } finally {
    await prepared.dispose();
  }
}

/** Times of one fresh session without its first runs. */
async function timeOne(
  { model }: MeasuredModel,
  { source }: PreparedModel,
  { dims, seed, inputs: path }: RunSettings,
  { provider, threads, level }: SweepSettings,
  timeLimit: number,
  { manager, signal }: MeasurementContext,
): Promise<Float64Array> {
  const inputs = await makeInputs(model, { dims, seed, path });
  return manager.use(
    async (runtime) => {
      const options = { provider, threads, level };
      const { session } = await runtime.client.createSession({ model: source, options });
      const counts = { runs: 0, warmup: warmupRuns };
      const times = await timeRuns(runtime, { session, feeds: inputs.feeds[0]!, ...counts, timeLimit });
      await runtime.client.release({ session });
      // The time limit may end it during the first runs.
      return times.subarray(Math.min(warmupOf(times, counts), times.length - 1));
    },
    { signal, timeLimit: timeLimit * 2 + 60_000 },
  );
}
