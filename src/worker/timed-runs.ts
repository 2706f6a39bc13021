import { english } from '../core/english.ts';
import { detectWarmup } from '../core/profile/stability.ts';
import { median, medianInterval } from '../core/profile/statistics.ts';
import { createRandom } from '../core/random.ts';
import type { Progress } from '../protocol/rpc.ts';
import type { Feeds } from '../protocol/runtime.ts';
import type { Runtime } from './runtime-client.ts';

export interface TimedRunsRequest {
  readonly session: number;
  readonly feeds: Feeds;
  /** Runs to keep after the warm-up; 0: as many as make the median good to 1 %. */
  readonly runs: number;
  /** Runs before those that are kept; −1: until the times have settled. */
  readonly warmup: number;
  /** Milliseconds for all of it; fewer runs are made when it is over. */
  readonly timeLimit: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Takes the times as they come, so that they are there when the rest fails. */
  readonly times?: number[];
}

/** When the number of runs is open: at least so many, at most so many, and until the 95 % interval is this narrow to either side. */
const openEnded = { least: 30, most: 1000, within: 0.01 } as const;
/** About as long do runs go on before the times are looked at again, in milliseconds. */
const batchMs = 250;

/** Plain runs, timed one by one from the very first, warm-up included, in milliseconds. */
export async function timeRuns({ client }: Runtime, request: TimedRunsRequest): Promise<Float64Array> {
  const begin = performance.now();
  const times = request.times ?? [];
  const left = () => request.timeLimit - (performance.now() - begin);
  for (;;) {
    const missing = missingRuns(times, request);
    if (missing === 0 || (times.length > 0 && left() <= 0)) return Float64Array.from(times);
    const fit = times.length === 0 ? 1 : Math.max(1, Math.round(batchMs / median(times.slice(-20))));
    const batch = await client.time({
      session: request.session,
      feeds: request.feeds,
      count: Math.min(missing, fit),
      timeLimit: Math.max(1, left()),
    });
    times.push(...batch);
    request.onProgress?.({
      message:
        request.runs > 0
          ? english`Timed run ${times.length} of about ${times.length + missing}`
          : english`Timed run ${times.length}`,
      fraction: Math.min(1, Math.max(times.length / (times.length + missing), 1 - left() / request.timeLimit)),
    });
  }
}

/** What tells how many runs there are to be. */
type RunCounts = Pick<TimedRunsRequest, 'runs' | 'warmup'>;

/**
 * Warm-up of finished runs, for `summarizeLatency`: as asked for, or such that exactly as many runs are kept as were
 * asked for (the last ones); −1: the times tell, as the number of runs was open.
 */
export function warmupOf({ length }: ArrayLike<number>, { runs, warmup }: RunCounts): number {
  return warmup < 0 && runs > 0 ? Math.max(0, length - runs) : warmup;
}

/** How many more runs are wanted, as far as can be told now; 0: enough. */
export function missingRuns(times: readonly number[], { runs, warmup }: RunCounts): number {
  if (warmup >= 0 && runs > 0) return Math.max(0, warmup + runs - times.length);
  const cut = warmup >= 0 ? warmup : detectWarmup(times).runs;
  const kept = times.length - cut;
  if (runs > 0) {
    // Without a settled half there is no telling; twice the runs must do.
    return times.length >= 2 * runs + 8 ? 0 : Math.max(0, runs - kept, Math.min(8, runs) - times.length);
  }
  if (kept < openEnded.least) return openEnded.least - kept;
  if (kept >= openEnded.most) return 0;
  const sample = times.slice(cut);
  const [low, high] = medianInterval(sample, createRandom(1), 200);
  return (high - low) / 2 <= openEnded.within * median(sample) ? 0 : Math.ceil(kept / 2);
}
