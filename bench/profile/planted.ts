/**
 * Does the verdict hold? A/A comparisons must not find differences; planted slowdowns must be found, with the truth
 * inside the interval. The model runs a Loop whose trip count is an input of the graph, so a slowdown of 10 % is so many
 * more trips of the same body; what a run costs besides is measured and taken into account.
 *
 * `--seed` sets the first seed: what was tuned on some comparisons must hold on others. `--planted` names the slowdowns.
 *
 *   node bench/profile/planted.ts [comparisons] [--load] [--seed n] [--planted 0,0.1,0.03]
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { median } from '../../src/core/profile/statistics.ts';
import { compareLatency } from '../../src/worker/compare-latency.ts';
import type { MeasuredModel } from '../../src/worker/profile.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { loopModel } from './loop-model.ts';
import { writeResult } from './results.ts';

const { values: flags, positionals } = parseArgs({
  options: {
    load: { type: 'boolean', default: false },
    seed: { type: 'string', default: '0' },
    planted: { type: 'string', default: '0,0.1,0.03' },
  },
  allowPositionals: true,
});
const comparisons = Number(positionals[0] ?? 60);
const withLoad = flags.load;
const firstSeed = Number(flags.seed);
const trips = 400;

/** Background load: another process that computes for random stretches, as neighbours on a machine do. */
function startLoad(): () => void {
  const child = fork(new URL('./background-load.ts', import.meta.url).pathname);
  return () => void child.kill();
}

const manager = createRuntimeManager();
const stopLoad = withLoad ? startLoad() : () => {};

const compare = (a: MeasuredModel, b: MeasuredModel, seed: number) =>
  compareLatency(
    a,
    b,
    { settings: { provider: 'cpu', threads: 1, timeLimit: 20, dims: {}, seed }, level: 'all' },
    { manager, opscope: 'bench' },
  );

/** Time of a run that does not grow with the trips, as a share of the run: what 10 % more trips add is 10 % of the rest. */
async function fixedShare(): Promise<number> {
  const growths: number[] = [];
  for (const seed of [1, 2, 3]) growths.push((await compare(loopModel(trips), loopModel(2 * trips), seed)).ratio);
  return Math.max(0, 2 - median(growths));
}

interface Trial {
  readonly planted: number;
  readonly comparisons: number;
  /** Of A/A comparisons: a difference; of planted slowdowns: that b is slower. */
  readonly found: number;
  readonly covered: number;
  readonly wrongWay: number;
  /** Comparisons where so many runs were interrupted that the fast ones counted. */
  readonly byFastRuns: number;
  readonly medianResolutionPercent: number;
  readonly ratios: readonly number[];
}

async function trial(planted: number, fixed: number): Promise<Trial> {
  // More trips, so that the whole run takes longer by what is planted.
  const slower = Math.round(trips * (1 + planted / (1 - fixed)));
  const truth = 1 + (slower / trips - 1) * (1 - fixed);
  const results = [];
  for (let index = 0; index < comparisons; index++) {
    const result = await compare(loopModel(trips), loopModel(slower), firstSeed + 1000 * planted + index);
    results.push(result);
    console.log(
      `${planted}: ${result.verdict} ${result.ratio.toFixed(4)} [${result.interval95.map((end) => end.toFixed(4)).join(', ')}]`,
    );
  }
  return {
    planted,
    comparisons,
    found: results.filter(({ verdict }) => (planted === 0 ? verdict !== 'no-difference' : verdict === 'slower')).length,
    covered: results.filter(({ interval95: [low, high] }) => low <= truth && truth <= high).length,
    wrongWay: results.filter(({ verdict }) => verdict === 'faster').length,
    byFastRuns: results.filter(({ problems }) => problems?.some((each) => each.includes('fast runs'))).length,
    medianResolutionPercent: median(results.map(({ resolutionPercent }) => resolutionPercent)),
    ratios: results.map(({ ratio }) => Number(ratio.toFixed(4))),
  };
}

const fixed = await fixedShare();
const trials: Trial[] = [];
for (const planted of flags.planted.split(',').map(Number)) trials.push(await trial(planted, fixed));
stopLoad();
manager.dispose();
writeResult(`profile-planted${withLoad ? '-load' : ''}`, { firstSeed, fixedShare: fixed, trials });
