import { english } from '../core/english.ts';
import type { OptimizationLevel } from '../core/evaluator.ts';
import {
  estimateRatio,
  logRatios,
  type RatioEstimate,
  type Rounds,
  resolutionPercent,
  roundOrder,
  samplesOf,
  verdictOf,
} from '../core/profile/comparison.ts';
import { summarizeLatency } from '../core/profile/latency.ts';
import { median } from '../core/profile/statistics.ts';
import { createRandom, type Random } from '../core/random.ts';
import type { LatencyComparison } from '../core/report/report.ts';
import type { Feeds } from '../protocol/runtime.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { makeInputs } from './inputs.ts';
import type { PreparedModel } from './model-source.ts';
import { type MeasuredModel, type MeasurementContext, sourceOf } from './profile.ts';
import type { Runtime } from './runtime-client.ts';

export interface CompareLatencyOptions {
  readonly settings: RunSettings;
  readonly level: OptimizationLevel;
  /** Keep every time in the result. */
  readonly samples?: boolean;
  /** Session options of the second model where they differ from the first's: the same model under two settings. */
  readonly second?: { readonly threads?: number; readonly level?: OptimizationLevel };
}

type Comparable = Pick<MeasuredModel, 'model' | 'path'>;

/**
 * Pairs of fresh sessions, so that where a session's memory happens to lie does not decide. Five: Student's factor for
 * the spread between pairs is 2.8 then, with three it is 4.3.
 */
const sessionPairs = 5;
/** Rounds in all, fewer when the time limit asks for it. Below 6 rounds no interval exists. */
const roundsWanted = { most: 100, least: 12 } as const;
/** A turn lasts about this long, so that switching between the models weighs little in it; in milliseconds. */
const turnMs = 8;
/** Runs of each fresh session that do not count: until this long has passed, but at least three. */
const warmupMs = 60;
/** Pairs are added until the interval is at most this share of the ratio to either side, as far as time allows. */
const wantedWithin = 0.008;
/** Milliseconds that a comparison takes at most, also when the time limit would allow more. */
const longestMs = 30_000;

/**
 * Measures two models against each other: interleaved rounds in an order decided by a coin, over several pairs of
 * sessions, with the first model against itself as a control. When the control finds a difference where there is none,
 * the interval is widened by it. Rejects when a model does not run, and with `CancelledError` within a second.
 */
export async function compareLatency(
  a: Comparable,
  b: Comparable,
  options: CompareLatencyOptions,
  context: MeasurementContext,
): Promise<LatencyComparison> {
  const { settings } = options;
  const inputsOf = ({ model }: Comparable) =>
    makeInputs(model, { dims: settings.dims, seed: settings.seed, path: settings.inputs });
  const [inputsA, inputsB] = [await inputsOf(a), await inputsOf(b)];
  const prepared: PreparedModel[] = [];
  try {
    for (const target of [a, b]) prepared.push(await sourceOf(target, target.model, context.signal));
    const timeLimit = settings.timeLimit * 1500 + 60_000;
    const measured = await context.manager.use(
      (runtime) =>
        measure(runtime, {
          sources: [prepared[0]!, prepared[1]!],
          feeds: [inputsA.feeds[0]!, inputsB.feeds[0]!],
          options,
          context,
        }),
      { signal: context.signal, timeLimit },
    );
    return describe(measured, options);
  } finally {
    for (const model of prepared) await model.dispose();
  }
}

interface Measurement {
  readonly sources: readonly [PreparedModel, PreparedModel];
  readonly feeds: readonly [Feeds, Feeds];
  readonly options: CompareLatencyOptions;
  readonly context: MeasurementContext;
}

interface Measured {
  /** By session pair: the models against each other. */
  readonly pairs: readonly Rounds[];
  /** The first model's sessions of neighbouring pairs against each other. */
  readonly controls: readonly Rounds[];
}

async function measure(runtime: Runtime, { sources, feeds, options, context }: Measurement): Promise<Measured> {
  const { client } = runtime;
  const random = createRandom(options.settings.seed);
  const budget = Math.min(options.settings.timeLimit * 1000, longestMs);
  const begin = performance.now();
  const pairs: Rounds[] = [];
  const controls: Rounds[] = [];
  const start = async (side: 0 | 1): Promise<number> => {
    const { provider, threads } = options.settings;
    const level = options.level;
    const own = side === 1 ? options.second : undefined;
    const { session } = await client.createSession({
      model: sources[side].source,
      options: { provider, threads, level, ...own },
    });
    return session;
  };

  let plan: Plan | undefined;
  let previous: number | undefined;
  for (
    let pair = 0;
    pair < (plan?.pairs ?? 1) || wantsMore(pairs, plan, budget - (performance.now() - begin));
    pair++
  ) {
    const opened = performance.now();
    const order = random.integer(2);
    const sessions: [number, number] = [0, 0];
    for (const side of order === 0 ? ([0, 1] as const) : ([1, 0] as const)) sessions[side] = await start(side);
    const created = performance.now() - opened;
    const latency = [
      await warmUp(runtime, sessions[0], feeds[0]),
      await warmUp(runtime, sessions[1], feeds[1]),
    ] as const;
    plan ??= planRounds(budget, latency, created + performance.now() - opened);
    const rounds = await runRounds(runtime, sessions, feeds, plan.rounds, plan.each, random);
    pairs.push(rounds);
    if (previous !== undefined) {
      const both = [feeds[0], feeds[0]] as const;
      controls.push(await runRounds(runtime, [previous, sessions[0]], both, plan.controlRounds, plan.each, random));
      await client.release({ session: previous });
    }
    await client.release({ session: sessions[1] });
    previous = sessions[0];
    const fraction = Math.min(1, (pair + 1) / plan.pairs);
    context.onProgress?.({ message: english`Comparing: ${pair + 1} of ${plan.pairs} pairs of sessions`, fraction });
    if (performance.now() - begin > budget && pairs.length > 0) break;
  }
  if (previous !== undefined) await client.release({ session: previous });
  return { pairs, controls };
}

/**
 * Whether another pair of sessions is worth its time. Only the width of the interval decides, never where it lies:
 * stopping when a difference shows would find differences that are not there.
 */
function wantsMore(pairs: readonly Rounds[], plan: Plan | undefined, left: number): boolean {
  if (!plan || pairs.length >= 3 * sessionPairs || left < plan.pairMs) return false;
  const { interval95, ratio } = estimateRatio(pairs.map(logRatios));
  return (interval95[1] - interval95[0]) / 2 > wantedWithin * ratio;
}

interface Plan {
  /** Milliseconds that a pair of sessions with its rounds takes, about. */
  readonly pairMs: number;
  readonly pairs: number;
  /** Rounds a pair. */
  readonly rounds: number;
  readonly controlRounds: number;
  /** Runs a turn. */
  readonly each: number;
}

/** How many rounds over how many pairs of sessions fit the budget; `latency` is of one run of each, `setup` of one pair of sessions. */
function planRounds(budget: number, latency: readonly [number, number], setup: number): Plan {
  const each = Math.max(1, Math.min(200, Math.round(turnMs / Math.max(...latency))));
  // Half as many control rounds beside the rounds themselves.
  const round = each * (latency[0] * 2 + latency[1]);
  const pairs = Math.max(1, Math.min(sessionPairs, Math.floor((budget * 0.6) / setup)));
  const affordable = Math.floor((budget - pairs * setup) / round);
  const total = Math.max(roundsWanted.least, Math.min(roundsWanted.most, affordable));
  const rounds = Math.ceil(total / pairs);
  return { pairs, rounds, controlRounds: Math.max(3, Math.ceil(rounds / 2)), each, pairMs: setup + rounds * round };
}

/** Runs a fresh session until it is warm. Gives milliseconds of a run. */
async function warmUp({ client }: Runtime, session: number, feeds: Feeds): Promise<number> {
  const first = await client.time({ session, feeds, count: 3 });
  const one = Math.min(...first);
  const more = Math.min(500, Math.ceil(warmupMs / one) - 3);
  return more > 0 ? median(await client.time({ session, feeds, count: more, timeLimit: warmupMs * 3 })) : one;
}

async function runRounds(
  { client }: Runtime,
  sessions: readonly [number, number],
  feeds: readonly [Feeds, Feeds],
  rounds: number,
  each: number,
  random: Random,
): Promise<Rounds> {
  const order = roundOrder(rounds, random);
  const samples = await client.timeInterleaved({ sessions, feeds, order, each });
  return { order, each, samples };
}

function describe({ pairs, controls }: Measured, { settings, samples }: CompareLatencyOptions): LatencyComparison {
  const latencyOf = (side: 0 | 1) => {
    const times = pairs.flatMap((rounds) => Array.from(samplesOf(rounds, side)));
    return summarizeLatency(times, { warmup: 0, seed: settings.seed, ...(samples ? { keepSamples: true } : {}) });
  };
  const measured = estimateRatio(pairs.map(logRatios));
  const control = controls.length === 0 ? undefined : estimateRatio(controls.map(logRatios));
  const interval95 = widenByControl(measured, control);
  return {
    a: latencyOf(0),
    b: latencyOf(1),
    ratio: measured.ratio,
    interval95,
    verdict: verdictOf(interval95),
    resolutionPercent: resolutionPercent(interval95),
    ...(control && Number.isFinite(control.interval95[1]) ? { control95: control.interval95 } : {}),
    rounds: measured.rounds,
  };
}

/** A control that sees a difference where there is none shows how far this measurement can be off. */
function widenByControl({ interval95 }: RatioEstimate, control: RatioEstimate | undefined): readonly [number, number] {
  if (!control || verdictOf(control.interval95) === 'no-difference') return interval95;
  const off = Math.max(control.interval95[0], 1 / control.interval95[1]);
  return [interval95[0] / off, interval95[1] * off];
}
