import { english } from '../core/english.ts';
import type { OptimizationLevel } from '../core/evaluator.ts';
import {
  estimateRatio,
  interruptedShare,
  logRatios,
  type RatioEstimate,
  type Rounds,
  resolutionPercent,
  roundOrder,
  samplesOf,
  turnQuantile,
  verdictOf,
} from '../core/profile/comparison.ts';
import { summarizeLatency } from '../core/profile/latency.ts';
import { quantile } from '../core/profile/statistics.ts';
import { createRandom, type Random } from '../core/random.ts';
import type { LatencyComparison } from '../core/report/report.ts';
import type { Feeds } from '../protocol/runtime.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { cpuFallback } from './cpu-fallback.ts';
import { makeInputs } from './inputs.ts';
import { measurementEnvironment } from './machine.ts';
import type { PreparedModel } from './model-source.ts';
import { type MeasuredModel, type MeasurementContext, sourceOf } from './profile.ts';
import { type Runtime, TimeLimitError } from './runtime-client.ts';
import { hangLimit } from './stopping.ts';

export interface CompareLatencyOptions {
  readonly settings: RunSettings;
  readonly level: OptimizationLevel;
  /** Keep every time in the result. */
  readonly samples?: boolean;
  /** Session options of the second model where they differ from the first's: the same model under two settings. */
  readonly second?: { readonly threads?: number; readonly level?: OptimizationLevel };
}

/** A model to compare; of one that only exists here nothing but its structure is known. */
type Comparable = Pick<MeasuredModel, 'model' | 'path'> & Partial<Pick<MeasuredModel, 'identity'>>;

/**
 * Pairs of fresh sessions, so that where a session's memory happens to lie does not decide. Five: Student's factor for
 * the spread between pairs is 2.8 then, with three it is 4.3.
 */
const sessionPairs = 5;
/** Rounds in all, fewer when the time limit asks for it. Below 6 rounds no interval exists. */
const roundsWanted = { most: 100, least: 12 } as const;
/** A turn lasts about this long, so that switching between the models weighs little in it; in milliseconds. */
const turnMs = 8;
/**
 * Turns of models that take longer hold three runs where so many rounds fit: one of the three is seldom interrupted. 40
 * such rounds take about as long and tell as much as 100 of single runs.
 */
const slowTurn = { runs: 3, rounds: 40 } as const;
/** Runs of each fresh session that do not count: until this long has passed, but at least three. */
const warmupMs = 60;
/** Pairs are added until the interval is at most this share of the ratio to either side, as far as time allows. */
const wantedWithin = 0.008;
/** Milliseconds that the first rounds may always take: on a busy machine a short limit would give no answer at all. */
const firstRoundsMs = 2000;
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
  const inputsOf = ({ model }: Comparable) => makeInputs(model, { ...settings, path: settings.inputs });
  const [inputsA, inputsB] = [await inputsOf(a), await inputsOf(b)];
  const environment = await measurementEnvironment(a, settings, options.level, context);
  const prepared: PreparedModel[] = [];
  try {
    for (const target of [a, b]) prepared.push(await sourceOf(target, target.model, context.signal));
    const measured: Measured = { pairs: [], controls: [] };
    const problems: string[] = [];
    const work: Measurement = {
      sources: [prepared[0]!, prepared[1]!],
      feeds: [inputsA.feeds[0]!, inputsB.feeds[0]!],
      options,
      context,
    };
    const { provider, threads } = settings;
    await context.manager
      .use(
        async (runtime) => {
          const session = { provider, threads, level: options.level };
          const fallbacks = [];
          for (const { source } of prepared) fallbacks.push(await cpuFallback(runtime, source, session));
          problems.push(...new Set(fallbacks.filter((said) => said !== undefined)));
          await measure(runtime, work, measured);
        },
        { signal: context.signal, silence: hangLimit(settings), fresh: true },
      )
      .catch((error: unknown) => {
        // Half a comparison that somebody stopped could have been stopped because of what it showed.
        if (!(error instanceof TimeLimitError) || measured.pairs.length === 0) throw error;
        problems.push(error.message);
      });
    return { ...describe(measured, problems, options), environment };
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
  readonly pairs: Rounds[];
  /** The first model's sessions of neighbouring pairs against each other. */
  readonly controls: Rounds[];
}

/** Puts what it measures into `measured`, as it comes. */
async function measure(
  runtime: Runtime,
  { sources, feeds, options, context }: Measurement,
  { pairs, controls }: Measured,
): Promise<void> {
  const { client } = runtime;
  const random = createRandom(options.settings.seed);
  const budget = Math.min(options.settings.timeLimit * 1000, longestMs);
  const begin = performance.now();
  // Models so slow that the least rounds take longer than all may take get fewer.
  const left = () => Math.max(1, options.settings.timeLimit * 1500 - (performance.now() - begin));
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

  const control = (sessions: readonly [number, number], { controlRounds, each }: Plan) =>
    runRounds(runtime, sessions, [feeds[0], feeds[0]], controlRounds, each, random, left());

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
    const aRound = plan.each * (latency[0] + latency[1]);
    const timeLimit = Math.max(left(), 2 * aRound, pair === 0 ? firstRoundsMs : 0);
    const rounds = await runRounds(runtime, sessions, feeds, plan.rounds, plan.each, random, timeLimit);
    pairs.push(rounds);
    if (previous !== undefined) {
      controls.push(await control([previous, sessions[0]], plan));
      await client.release({ session: previous });
    }
    await client.release({ session: sessions[1] });
    previous = sessions[0];
    const fraction = Math.min(1, (pair + 1) / plan.pairs);
    context.onProgress?.({ message: english`Comparing: ${pair + 1} of ${plan.pairs} pairs of sessions`, fraction });
    if (performance.now() - begin > budget && pairs.length > 0) break;
  }
  if (previous === undefined) return;
  if (controls.length === 0 && plan) {
    const twin = await start(0);
    await warmUp(runtime, twin, feeds[0]);
    controls.push(await control([previous, twin], plan));
    await client.release({ session: twin });
  }
  await client.release({ session: previous });
}

/**
 * Whether another pair of sessions is worth its time. Only the width of the interval decides, never where it lies:
 * stopping when a difference shows would find differences that are not there.
 */
function wantsMore(pairs: readonly Rounds[], plan: Plan | undefined, left: number): boolean {
  if (!plan || pairs.length >= 3 * sessionPairs || left < plan.pairMs) return false;
  const { interval95, ratio } = estimateOf(pairs, turnQuantile(pairs));
  return (interval95[1] - interval95[0]) / 2 > wantedWithin * ratio;
}

const estimateOf = (rounds: readonly Rounds[], q: number) => estimateRatio(rounds.map((each) => logRatios(each, q)));

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
  const pairs = Math.max(1, Math.min(sessionPairs, Math.floor((budget * 0.6) / setup)));
  const left = budget - pairs * setup;
  // Half as many control rounds beside the rounds themselves.
  const roundOf = (runs: number) => runs * (latency[0] * 2 + latency[1]);
  const inTurn = Math.min(200, Math.round(turnMs / Math.max(...latency)));
  const least = left >= slowTurn.rounds * roundOf(slowTurn.runs) ? slowTurn.runs : 1;
  const each = Math.max(least, inTurn);
  const round = roundOf(each);
  const most = inTurn < 2 && each > 1 ? slowTurn.rounds : roundsWanted.most;
  const affordable = Math.floor(left / round);
  const total = Math.max(roundsWanted.least, Math.min(most, affordable));
  const rounds = Math.ceil(total / pairs);
  return {
    pairs,
    rounds,
    controlRounds: Math.max(pairs === 1 ? 6 : 3, Math.ceil(rounds / 2)),
    each,
    pairMs: setup + rounds * round,
  };
}

/** Runs a fresh session until it is warm. Gives milliseconds of a run that nothing interrupts: turns are planned by it. */
async function warmUp({ client }: Runtime, session: number, feeds: Feeds): Promise<number> {
  const first = await client.time({ session, feeds, count: 3 });
  const one = Math.min(...first);
  const more = Math.min(500, Math.ceil(warmupMs / one) - 3);
  return more > 0 ? quantile(await client.time({ session, feeds, count: more, timeLimit: warmupMs * 3 }), 0.25) : one;
}

async function runRounds(
  { client }: Runtime,
  sessions: readonly [number, number],
  feeds: readonly [Feeds, Feeds],
  rounds: number,
  each: number,
  random: Random,
  timeLimit: number,
): Promise<Rounds> {
  const order = roundOrder(rounds, random);
  const samples = await client.timeInterleaved({ sessions, feeds, order, each, timeLimit });
  return { order, each, samples };
}

/**
 * Fewer pairs of sessions than this do not show how far sessions of one model differ for good; then a difference must
 * be larger than `fewPairsTold`, a guess on the safe side.
 */
const tellingPairs = 3;
const fewPairsTold = 0.02;

function describe(
  { pairs, controls }: Measured,
  stopped: readonly string[],
  { settings, samples }: CompareLatencyOptions,
): LatencyComparison {
  const latencyOf = (side: 0 | 1) => {
    const times = pairs.flatMap((rounds) => Array.from(samplesOf(rounds, side)));
    return summarizeLatency(times, { warmup: 0, seed: settings.seed, ...(samples ? { keepSamples: true } : {}) });
  };
  const q = turnQuantile(pairs);
  const measured = estimateOf(pairs, q);
  if (measured.rounds === 0) throw new Error(english`The time limit was over before both models had run. Raise it.`);
  const control = controls.length === 0 ? undefined : estimateOf(controls, q);
  const proven = control !== undefined && Number.isFinite(control.interval95[1]);
  const problems = [...stopped];
  if (q < 0.5) {
    const share = Math.round(interruptedShare(pairs) * 100);
    problems.push(
      english`Other work on this machine interrupted ${share} % of the runs: the ratio is of the fast runs instead of the medians.`,
    );
  }
  let interval95 = widenByControl(measured, control);
  if (pairs.length < tellingPairs) {
    interval95 = [interval95[0] * (1 - fewPairsTold), interval95[1] * (1 + fewPairsTold)];
    problems.push(
      english`The time limit has no room for ${tellingPairs} pairs of sessions, which show how far those of one model differ: only differences above ${fewPairsTold * 100} % are told.`,
    );
  }
  if (!proven) {
    interval95 = [Math.min(interval95[0], 1), Math.max(interval95[1], 1)];
    problems.push(
      english`There was no time to measure the first model against itself, so that no difference can be told. Raise the time limit.`,
    );
  }
  return {
    a: latencyOf(0),
    b: latencyOf(1),
    ratio: measured.ratio,
    interval95,
    verdict: verdictOf(interval95),
    resolutionPercent: resolutionPercent(interval95),
    ...(proven ? { control95: control.interval95 } : {}),
    rounds: measured.rounds,
    ...(problems.length > 0 ? { problems } : {}),
  };
}

/** A control that sees a difference where there is none shows how far this measurement can be off. */
function widenByControl({ interval95 }: RatioEstimate, control: RatioEstimate | undefined): readonly [number, number] {
  if (!control || verdictOf(control.interval95) === 'no-difference') return interval95;
  const off = Math.max(control.interval95[0], 1 / control.interval95[1]);
  return [interval95[0] / off, interval95[1] * off];
}
