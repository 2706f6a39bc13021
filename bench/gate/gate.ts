/**
 * The latency gate of `opscope compare --max-slowdown 3%`: how often it fails a model against itself, and how often it
 * catches one that is 10 % slower. The model is a Loop; the slower one has so many more trips that its whole run, with
 * the part that does not grow, takes 10 % longer.
 *
 *     node bench/gate/gate.ts [gates of A against A] [gates with the slowdown] [time limit in seconds]
 *
 * Writes bench/results/gate-<time limit>s.json as it goes.
 */
import { latencyGate } from '../../src/cli/compare.ts';
import { median } from '../../src/core/profile/statistics.ts';
import type { LatencyComparison } from '../../src/core/report/report.ts';
import { compareLatency } from '../../src/worker/compare-latency.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { loopModel } from '../profile/loop-model.ts';
import { writeResult } from '../profile/results.ts';

const trips = 200;
const maxSlowdown = 3;
const timeLimit = Number(process.argv[4] ?? 2);
const wanted = { same: Number(process.argv[2] ?? 200), slower: Number(process.argv[3] ?? 100) };

interface Trial {
  readonly slowdownPercent: number;
  readonly gates: number;
  /** Gates that failed: false alarms when nothing was planted, catches when something was. */
  readonly failed: number;
  /** Whole comparisons whose verdict was that the second model is slower, or faster. */
  readonly slower: number;
  readonly faster: number;
  readonly medianResolutionPercent: number;
  readonly ratios: readonly number[];
}

const manager = createRuntimeManager();
const compare = (a: number, b: number, seed: number) =>
  compareLatency(
    loopModel(a),
    loopModel(b),
    { settings: { provider: 'cpu', threads: 1, timeLimit, dims: {}, seed }, level: 'all' },
    { manager, opscope: 'bench' },
  );

const growth = async (seed: number) => (await compare(trips, 2 * trips, seed)).ratio;

/** Time of a run that does not grow with the trips, as a share of the run. */
const fixedShare = Math.max(0, 2 - median([await growth(1), await growth(2), await growth(3)]));
const slowerTrips = Math.round(trips * (1 + 0.1 / (1 - fixedShare)));

const same: LatencyComparison[] = [];
const slower: LatencyComparison[] = [];
const start = performance.now();
// In turn, so that what the machine does besides falls on both alike.
while (same.length < wanted.same || slower.length < wanted.slower) {
  const planted = slower.length / wanted.slower < same.length / wanted.same;
  const seed = 10 + same.length + slower.length;
  (planted ? slower : same).push(await compare(trips, planted ? slowerTrips : trips, seed));
  if (seed % 10 === 0) write();
}
manager.dispose();
write();

function write(): void {
  writeResult(`gate-${timeLimit}s`, {
    fixedShare,
    trips: [trips, slowerTrips],
    maxSlowdownPercent: maxSlowdown,
    timeLimitSeconds: timeLimit,
    seconds: Math.round((performance.now() - start) / 1000),
    trials: [trial(0, same), trial(10, slower)],
  });
}

function trial(slowdownPercent: number, comparisons: readonly LatencyComparison[]): Trial {
  const passed = (latency: LatencyComparison) => latencyGate({ latency }, maxSlowdown).passed;
  return {
    slowdownPercent,
    gates: comparisons.length,
    failed: comparisons.filter((each) => !passed(each)).length,
    slower: comparisons.filter(({ verdict }) => verdict === 'slower').length,
    faster: comparisons.filter(({ verdict }) => verdict === 'faster').length,
    medianResolutionPercent: comparisons.length === 0 ? 0 : median(comparisons.map((each) => each.resolutionPercent)),
    ratios: comparisons.map(({ ratio }) => Number(ratio.toFixed(4))),
  };
}
