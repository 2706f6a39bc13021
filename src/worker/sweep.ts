import { basename } from 'node:path';
import { english } from '../core/english.ts';
import type { OptimizationLevel } from '../core/evaluator.ts';
import { summarizeLatency } from '../core/profile/latency.ts';
import { median } from '../core/profile/statistics.ts';
import { combinations, fastestSettings, type SweepAxes } from '../core/profile/sweep.ts';
import { createRandom, type Random } from '../core/random.ts';
import type { SweepPoint, SweepReport, SweepSettings } from '../core/report/profile-report.ts';
import { reportSchema } from '../core/report/report.ts';
import { sessionSnippets } from '../core/report/session-snippets.ts';
import { CancelledError } from '../protocol/rpc.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { cpuFallback } from './cpu-fallback.ts';
import { makeInputs } from './inputs.ts';
import { measurementEnvironment, withChecksum } from './machine.ts';
import type { PreparedModel } from './model-source.ts';
import { type MeasuredModel, type MeasurementContext, sourceOf } from './profile.ts';
import { hangLimit } from './stopping.ts';
import { timeRuns, warmupOf } from './timed-runs.ts';

export interface SweepOptions {
  /** The time limit is that of the whole sweep. */
  readonly settings: RunSettings;
  readonly level: OptimizationLevel;
  readonly axes: SweepAxes;
}

/**
 * Every combination is measured this often, each time in a fresh session: what changes on the machine meets all alike.
 * Two settings that are equally fast are told apart when all rounds of one are below all of the other's: with five that
 * is chance in 2 of 252 sweeps, with three it was in 2 of 20.
 */
const rounds = 5;
/** Milliseconds that a session's turn takes at least, however short the time limit: below this a median says nothing. */
const shortestTurn = 100;
const warmupRuns = 3;

/**
 * Latency of a model under every combination of settings. A combination that does not run is told in its `failure` and
 * leaves the others standing; cancelling gives what was measured until then, and rejects with `CancelledError` when that
 * is nothing.
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
    // In an order of its own each round: what comes first meets another machine than what comes last.
    const random = createRandom(settings.seed);
    let stopped = false;
    for (let round = 0; round < rounds && !stopped; round++) {
      for (const [turn, index] of shuffled(wanted.length, random).entries()) {
        if (failures.has(index)) continue;
        const each = wanted[index]!;
        const done = round * wanted.length + turn;
        context.onProgress?.({
          message: english`Round ${round + 1} of ${rounds}, combination ${turn + 1} of ${wanted.length}`,
          fraction: done / (rounds * wanted.length),
        });
        try {
          times[index]!.push(await timeOne(target, prepared, { ...settings, ...each }, each, timeLimit, context));
        } catch (error) {
          if (error instanceof CancelledError || context.signal?.aborted) {
            if (times.every(({ length }) => length === 0)) throw error;
            stopped = true;
            break;
          }
          failures.set(index, error instanceof Error ? error.message : String(error));
        }
      }
    }
    const fallbacks: string[] = [];
    for (const elsewhere of new Set(wanted.map((each) => each.provider))) {
      if (stopped) break;
      const session = { provider: elsewhere, threads, level };
      const said = await context.manager.use((runtime) => cpuFallback(runtime, prepared.source, session), context);
      if (said !== undefined) fallbacks.push(said);
    }
    const points = wanted.map((each, index): SweepPoint => {
      const failure = failures.get(index);
      if (failure !== undefined) return { ...each, rounds: [], failure };
      if (times[index]!.length === 0) return { ...each, rounds: [], failure: english`Not measured any more.` };
      const all = Float64Array.from(times[index]!.flatMap((part) => [...part]));
      const latency = summarizeLatency(all, { warmup: 0, seed: settings.seed });
      return { ...each, rounds: times[index]!.map(median), latency };
    });
    const fastest = fastestSettings(points).map((each) => ({ ...each, clear: each.clear && !stopped }));
    return {
      schema: reportSchema,
      model: known.identity,
      environment,
      points,
      fastest: fastest.map((each) => ({
        ...each,
        ...(each.clear ? { snippets: sessionSnippets(points[each.point]!, basename(target.identity.path)) } : {}),
      })),
      problems: stopped ? [english`The sweep was stopped: what it measured until then recommends nothing.`] : fallbacks,
    };
  } finally {
    await prepared.dispose();
  }
}

/** The numbers below `count` in an order that is left to chance. */
function shuffled(count: number, random: Random): readonly number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let left = count; left > 1; left--) {
    const drawn = random.integer(left);
    [order[left - 1], order[drawn]] = [order[drawn]!, order[left - 1]!];
  }
  return order;
}

/** Times of one fresh session without its first runs. */
async function timeOne(
  { model }: MeasuredModel,
  { source }: PreparedModel,
  settings: RunSettings,
  { provider, threads, level }: SweepSettings,
  timeLimit: number,
  { manager, signal }: MeasurementContext,
): Promise<Float64Array> {
  const inputs = await makeInputs(model, { ...settings, path: settings.inputs });
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
    { signal, silence: hangLimit(settings) },
  );
}
