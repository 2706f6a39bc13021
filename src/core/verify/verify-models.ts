import { english } from '../english.ts';
import { type Evaluator, type OptimizationLevel, RuntimeError, type TensorValue } from '../evaluator.ts';
import type { Model } from '../graph/model.ts';
import type { Verdict } from '../report/report.ts';
import { addComparison, type Difference, epsilonOf, noDifference, reportedDifference } from './difference.ts';

export type Feeds = ReadonlyMap<string, TensorValue>;
type Results = ReadonlyMap<string, TensorValue>;

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Called after each set of inputs with how many are done. */
  readonly onRun?: (done: number, of: number) => void;
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

/** What a model computes on some inputs: what others are compared with. */
export interface Reference {
  readonly usable: readonly Recorded[];
  /** The level it ran at; undefined when it ran on none of the inputs, for this reason. */
  readonly level: OptimizationLevel | undefined;
  readonly reason: string;
  /** Runs the model once more. What was asked for before is not run again. */
  again(recorded: Recorded, level: OptimizationLevel, threads: number): Promise<Results | RuntimeError>;
}

interface Recorded {
  readonly feed: Feeds;
  readonly results: Results;
}

/** Sets of inputs, there already or made one by one. */
export type FeedSource = Iterable<Feeds> | AsyncIterable<Feeds>;

/** Runs a model without optimizations on `feeds`; those that it refuses are left out. Rejects as `compareWith`. */
export async function runReference(
  model: Model,
  evaluator: Evaluator,
  feeds: FeedSource,
  { signal }: VerifyOptions = {},
): Promise<Reference> {
  const usable: Recorded[] = [];
  let level: OptimizationLevel | undefined;
  let reason = english`There are no inputs to run it on.`;
  const begin = performance.now();
  for await (const feed of feeds) {
    for (const each of level ? [level] : levels) {
      const results = await runOnce(evaluator, model, feed, each, 0, signal);
      if (!(results instanceof RuntimeError)) {
        usable.push({ feed, results });
        level = each;
        break;
      }
      reason = english`The original does not run: ${results.message}`;
      if (duringRun.test(results.message)) break;
    }
    if (usable.length >= leastFeeds && performance.now() - begin > enoughMs) break;
  }
  const runs = new Map<string, Promise<Results | RuntimeError>>();
  const again = (recorded: Recorded, at: OptimizationLevel, threads: number) => {
    const key = `${usable.indexOf(recorded)} ${at} ${threads}`;
    const run = runs.get(key) ?? runOnce(evaluator, model, recorded.feed, at, threads, signal);
    runs.set(key, run);
    return run;
  };
  return { usable, level, reason, again };
}

/** Whether the model of a reference loads, but refused every set of inputs: then others may do. */
export function refusedInputs({ level, reason }: Reference): boolean {
  return level === undefined && duringRun.test(reason);
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
  const { usable, level, reason } = reference;
  if (!level) return { status: 'not-run', outputs: [], runs: 0, reason };
  const differences = new Map<string, Difference>();
  for (const [index, { feed, results }] of usable.entries()) {
    const other = await runOnce(evaluator, model, feed, level, 0, signal);
    if (other instanceof RuntimeError)
      return different([], index + 1, english`The result does not run: ${other.message}`);
    compareRuns(differences, results, other);
    onRun?.(index + 1, usable.length);
  }
  const outputs = Array.from(differences, ([name, difference]) => reportedDifference(name, difference));
  if ([...differences.values()].every(({ equal }) => equal)) return { status: 'equal', outputs, runs: usable.length };
  const repeats = async (recorded: Recorded) => {
    const again = await reference.again(recorded, level, 0);
    return !(again instanceof RuntimeError) && sameResults(recorded.results, again);
  };
  const unsteady: Verdict = {
    status: 'not-run',
    outputs,
    runs: usable.length,
    reason: english`The model gives other results each time it runs.`,
  };
  if (!(await repeats(usable[0]!))) return unsteady;
  const verdict = await beside(differences, reference);
  if (verdict.status !== 'different') return verdict;
  for (const each of usable.slice(1)) if (!(await repeats(each))) return unsteady;
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
  const [recorded] = reference.usable;
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
  return verdict.status === 'different' ? verdict.reason : undefined;
}

/** Do two models compute the same on `feeds`? See `compareWith`. */
export async function verifyModels(
  a: Model,
  b: Model,
  evaluator: Evaluator,
  feeds: FeedSource,
  options: VerifyOptions = {},
): Promise<Verdict> {
  return compareWith(await runReference(a, evaluator, feeds, options), b, evaluator, options);
}

/**
 * Judges differences beside what optimizations and threads do to the first model alone. Noise is gathered run by run,
 * one session after the other, and only until it explains the differences.
 */
async function beside(differences: ReadonlyMap<string, Difference>, reference: Reference): Promise<Verdict> {
  const { usable } = reference;
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
  return [...differences.values()].every(({ equal }) => equal);
}
