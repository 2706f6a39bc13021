import { english } from '../english.ts';
import { type Evaluator, type OptimizationLevel, RuntimeError, type TensorValue } from '../evaluator.ts';
import { elementCount } from '../graph/data-type.ts';
import { drawsNumbers } from '../graph/determinism.ts';
import type { Model } from '../graph/model.ts';
import type { Verdict } from '../report/report.ts';
import { addComparison, type Difference, epsilonOf, noDifference, reportedDifference } from './difference.ts';

export type Feeds = ReadonlyMap<string, TensorValue>;
type Results = ReadonlyMap<string, TensorValue>;

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Called after each set of inputs that both models ran on, with how many are done. */
  readonly onRun?: (done: number) => void;
}

/** Some valid models run only once ONNX Runtime has put casts in, or fused what it has no kernel for. */
const levels: readonly OptimizationLevel[] = ['disabled', 'basic', 'all'];

/** A kernel that refuses the inputs refuses them at every level, unless a fusion hides it; only loading gets better. */
const duringRun = /while running/;

/** Rounding errors may be this many times those that ONNX Runtime's own optimizations cause on the model. */
const noiseFactor = 10;
/** What is close in any case, in units of the type's precision at the output's largest element. */
const noiseFloor = 64;
/** A model that takes seconds a run is compared on fewer inputs, but on so many at least. */
const leastFeeds = 2;
const enoughMs = 750;
/** A model that draws random numbers is repeated until so many elements were the same again: few are so by chance. */
const unlikelyAlike = 256;
const mostRepeats = 32;

/** What a model computes on some inputs: what others are compared with, from the first inputs on. */
export interface Reference {
  /** What was run so far, and what is still to come; can be gone through again. Rejects as `all`. */
  runs(): AsyncIterable<Recorded>;
  /** Everything that was run. Rejects when inputs cannot be made, or the signal aborts. */
  readonly all: Promise<AllRuns>;
  /** Runs the model once more. What was asked for before is not run again. */
  again(recorded: Recorded, level: OptimizationLevel, threads: number): Promise<Results | RuntimeError>;
  /** Whether the model draws random numbers, as far as its operators tell. */
  readonly draws: boolean;
  /** Whether the model gives the same once more; several times more where it draws random numbers. */
  repeats(recorded: Recorded): Promise<boolean>;
}

interface AllRuns {
  readonly usable: readonly Recorded[];
  /** Why the model ran on none of the inputs. */
  readonly reason: string;
  /** Why it ran on fewer than there were; undefined when it ran on all. */
  readonly fewer: string | undefined;
}

interface Recorded {
  readonly feed: Feeds;
  readonly results: Results;
  /** The level that the model ran at, the same for all inputs. */
  readonly level: OptimizationLevel;
}

/** Sets of inputs, there already or made one by one. */
export type FeedSource = Iterable<Feeds> | AsyncIterable<Feeds>;

/**
 * Runs a model without optimizations on the sets of inputs that come first in `sources`; on the next ones when it loads
 * and refuses them all. Inputs that it refuses are left out, and those after the second of a model that runs slowly.
 */
export function runReference(
  model: Model,
  evaluator: Evaluator,
  sources: Iterable<FeedSource>,
  { signal }: VerifyOptions = {},
): Reference {
  const usable: Recorded[] = [];
  const waiting: (() => void)[] = [];
  const tellAll = () => {
    for (const tell of waiting.splice(0)) tell();
  };
  const runAll = async (): Promise<AllRuns> => {
    let reason = english`There are no inputs to run it on.`;
    let fewer: string | undefined;
    for (const feeds of sources) {
      const ran = await runOn(feeds);
      reason = ran.reason ?? reason;
      fewer = ran.fewer;
      if (usable.length > 0 || !duringRun.test(reason)) break;
    }
    return { usable, reason, fewer };
  };
  /** Why the last of the inputs could not be run, if it could not, and why not all were. */
  const runOn = async (feeds: FeedSource): Promise<{ reason: string | undefined; fewer: string | undefined }> => {
    let reason: string | undefined;
    let offered = 0;
    let left = false;
    const begin = performance.now();
    for await (const feed of feeds) {
      offered++;
      // Those left out are counted.
      left ||= usable.length >= leastFeeds && performance.now() - begin > enoughMs;
      if (left) continue;
      for (const level of usable[0] ? [usable[0].level] : levels) {
        const results = await runOnce(evaluator, model, feed, level, 0, signal);
        if (!(results instanceof RuntimeError)) {
          usable.push({ feed, results, level });
          tellAll();
          break;
        }
        reason = english`The original does not run: ${results.message}`;
        if (duringRun.test(results.message)) break;
      }
    }
    if (usable.length === offered) return { reason, fewer: undefined };
    const fewer = left
      ? english`compared on ${usable.length} of ${offered} sets of inputs, to save time`
      : english`compared on ${usable.length} of ${offered} sets of inputs, since the original refuses the others`;
    return { reason, fewer };
  };
  let ended = false;
  const all = runAll().finally(() => {
    ended = true;
    tellAll();
  });
  // Whoever waits for it is told.
  all.catch(() => {});
  async function* runs() {
    for (let index = 0; ; index++) {
      while (index === usable.length) {
        if (ended) {
          await all;
          return;
        }
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      yield usable[index]!;
    }
  }
  const ranAgain = new Map<string, Promise<Results | RuntimeError>>();
  const again = (recorded: Recorded, at: OptimizationLevel, threads: number) => {
    const key = `${usable.indexOf(recorded)} ${at} ${threads}`;
    const run = ranAgain.get(key) ?? runOnce(evaluator, model, recorded.feed, at, threads, signal);
    ranAgain.set(key, run);
    return run;
  };
  const draws = drawsNumbers(model);
  const repeated = new Map<Recorded, Promise<boolean>>();
  const repeat = async ({ feed, results, level }: Recorded): Promise<boolean> => {
    const elements = [...results.values()].reduce((sum, { dims }) => sum + elementCount(dims), 0);
    const times = draws ? Math.min(mostRepeats, Math.ceil(unlikelyAlike / Math.max(1, elements))) : 1;
    for (let time = 0; time < times; time++) {
      const other = await runOnce(evaluator, model, feed, level, 0, signal);
      if (other instanceof RuntimeError || !sameResults(results, other)) return false;
    }
    return true;
  };
  const repeats = (recorded: Recorded) => {
    const known = repeated.get(recorded) ?? repeat(recorded);
    repeated.set(recorded, known);
    return known;
  };
  return { runs, all, again, draws, repeats };
}

/**
 * Does a model compute what the one of the reference does? Where bits differ, what ONNX Runtime's optimizations and
 * threads do to the first model alone tells how much is noise. Rejects only when the signal aborts.
 */
export async function compareWith(
  reference: Reference,
  model: Model,
  evaluator: Evaluator,
  { signal, onRun }: VerifyOptions = {},
): Promise<Verdict> {
  const differences = new Map<string, Difference>();
  let done = 0;
  for await (const { feed, results, level } of reference.runs()) {
    const other = await runOnce(evaluator, model, feed, level, 0, signal);
    done++;
    if (other instanceof RuntimeError) return different([], done, english`The result does not run: ${other.message}`);
    compareRuns(differences, results, other);
    onRun?.(done);
  }
  const { usable, reason, fewer } = await reference.all;
  if (usable.length === 0) return { status: 'not-run', outputs: [], runs: 0, reason };
  const outputs = Array.from(differences, ([name, difference]) => reportedDifference(name, difference));
  const partly = fewer === undefined ? {} : { reason: fewer };
  const unsteady: Verdict = {
    status: 'not-run',
    outputs,
    runs: usable.length,
    reason: english`The model gives other results each time it runs.`,
  };
  const repeats = () => reference.repeats(usable[0]!);
  if (reference.draws && !(await repeats())) return unsteady;
  if (allEqual(differences)) return { status: 'equal', outputs, runs: usable.length, ...partly };
  const least = judge(differences, new Map(), usable.length);
  if (least.status !== 'different') return { ...least, ...partly };
  // Before anything is blamed, and before its noise is looked for.
  if (!(await repeats())) return unsteady;
  const verdict = await beside(differences, usable, reference);
  if (verdict.status !== 'different') return { ...verdict, ...partly };
  for (const each of usable) if (!(await reference.repeats(each))) return unsteady;
  return verdict;
}

/**
 * Why a model that computes the same as the reference's without optimizations does not do so when ONNX Runtime
 * optimizes it, as it does by default; undefined when it does, or when the reference's own model fails there too.
 */
export async function failsOptimized(
  reference: Reference,
  model: Model,
  evaluator: Evaluator,
  { signal }: Pick<VerifyOptions, 'signal'> = {},
): Promise<string | undefined> {
  const recorded = await firstOf(reference.runs());
  if (!recorded) return undefined;
  const outcomeOf = (results: Results | RuntimeError): string | Map<string, Difference> => {
    if (results instanceof RuntimeError) return results.message;
    const differences = new Map<string, Difference>();
    compareRuns(differences, recorded.results, results);
    return differences;
  };
  const result = outcomeOf(await runOnce(evaluator, model, recorded.feed, 'all', 0, signal));
  const isClose = typeof result !== 'string' && judge(result, new Map(), 1).status !== 'different';
  if (isClose) return undefined;
  const before = outcomeOf(await reference.again(recorded, 'all', 0));
  if (typeof before === 'string') return undefined;
  if (typeof result === 'string') return result;
  const verdict = judge(result, before, 1);
  return verdict.status === 'different' && (await reference.repeats(recorded)) ? verdict.reason : undefined;
}

async function firstOf<T>(all: AsyncIterable<T>): Promise<T | undefined> {
  for await (const each of all) return each;
  return undefined;
}

/** Do two models compute the same on `feeds`? See `compareWith`. */
export async function verifyModels(
  a: Model,
  b: Model,
  evaluator: Evaluator,
  feeds: FeedSource,
  options: VerifyOptions = {},
): Promise<Verdict> {
  return compareWith(runReference(a, evaluator, [feeds], options), b, evaluator, options);
}

/**
 * Judges differences beside what optimizations and threads do to the first model alone. Noise is gathered run by run,
 * one session after the other, and only until it explains the differences.
 */
async function beside(
  differences: ReadonlyMap<string, Difference>,
  usable: readonly Recorded[],
  reference: Reference,
): Promise<Verdict> {
  const noise = new Map<string, Difference>();
  let verdict = judge(differences, noise, usable.length);
  for (const [level, threads] of [
    ['all', 0],
    ['basic', 1],
  ] as const) {
    for (const recorded of usable) {
      if (verdict.status !== 'different') return verdict;
      const results = await reference.again(recorded, level, threads);
      if (results instanceof RuntimeError) continue;
      compareRuns(noise, recorded.results, results);
      verdict = judge(differences, noise, usable.length);
    }
  }
  return verdict;
}

function judge(
  differences: ReadonlyMap<string, Difference>,
  noise: ReadonlyMap<string, Difference>,
  runs: number,
): Verdict {
  const outputs = Array.from(differences, ([name, difference]) => reportedDifference(name, difference));
  for (const [name, difference] of differences) {
    const reason = beyondNoise(difference, noise.get(name) ?? noDifference());
    if (reason) return different(outputs, runs, english`Output ${name}: ${reason}`);
  }
  return { status: 'close', outputs, runs };
}

/** Why a difference is more than noise; undefined when it is not. */
function beyondNoise(difference: Difference, noise: Difference): string | undefined {
  if (difference.equal) return undefined;
  if (difference.structural) return noise.structural ? undefined : `${difference.structural}.`;
  const { dtype, maxAbs, scale, count } = difference;
  const epsilon = epsilonOf(dtype);
  if (epsilon === 0) {
    // Integers come from comparing or rounding floats; as many as noise flips may be flipped.
    return count <= noise.count * noiseFactor ? undefined : english`${count} elements differ, ${noise.count} by noise.`;
  }
  const allowed = Math.max(noiseFactor * noise.maxAbs, noiseFloor * epsilon * scale);
  if (maxAbs <= allowed) return undefined;
  return english`it is off by ${maxAbs.toPrecision(3)}, where the model's own noise is ${noise.maxAbs.toPrecision(3)}.`;
}

const different = (outputs: Verdict['outputs'], runs: number, reason: string): Verdict => ({
  status: 'different',
  outputs,
  runs,
  reason,
});

async function runOnce(
  evaluator: Evaluator,
  model: Model,
  feed: Feeds,
  level: OptimizationLevel,
  threads: number,
  signal: AbortSignal | undefined,
): Promise<Results | RuntimeError> {
  try {
    const [results] = await evaluator.run({ model, feeds: [feed], level, threads, ...(signal ? { signal } : {}) });
    return results!;
  } catch (error) {
    if (error instanceof RuntimeError) return error;
    throw error;
  }
}

function compareRuns(into: Map<string, Difference>, reference: Results, other: Results): void {
  for (const [name, value] of reference) {
    const difference = into.get(name) ?? noDifference();
    into.set(name, difference);
    const counterpart = other.get(name);
    if (counterpart) addComparison(difference, value, counterpart);
    else {
      difference.equal = false;
      difference.structural ??= english`it is missing`;
    }
  }
}

function sameResults(a: Results, b: Results): boolean {
  const differences = new Map<string, Difference>();
  compareRuns(differences, a, b);
  return allEqual(differences);
}

const allEqual = (differences: ReadonlyMap<string, Difference>) =>
  [...differences.values()].every(({ equal }) => equal);
