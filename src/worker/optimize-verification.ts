import { english } from '../core/english.ts';
import { type Evaluator, RuntimeError } from '../core/evaluator.ts';
import type { Model } from '../core/graph/model.ts';
import { catalog } from '../core/passes/catalog.ts';
import type { PassRun } from '../core/passes/runner.ts';
import type { OptimizeReport, Verdict } from '../core/report/report.ts';
import { findGuilty } from '../core/verify/find-guilty.ts';
import {
  compareWith,
  failsOptimized,
  type Reference,
  runReference,
  verifyModels,
} from '../core/verify/verify-models.ts';
import type { Progress } from '../protocol/rpc.ts';
import { createEvaluator, type RuntimeEvaluator, type SessionConfig } from './evaluator.ts';
import { countAsRun, hasFusions, lostFusion } from './fusions.ts';
import { InputError } from './inputs.ts';
import type { OperatorCounts } from './kernels-as-run.ts';
import { isRuntimeGone, type RuntimeManager } from './runtime-client.ts';
import { type FeedOptions, verificationFeeds } from './verification-feeds.ts';

/** What a simplified model is held against: the outputs of the original, and what ONNX Runtime makes of it. */
export interface Original {
  readonly model: Model;
  /** Rejects with `InputError` when the user's data does not fit. */
  readonly reference: Reference;
  readonly fusions: Promise<OperatorCounts | undefined>;
  /** What ONNX Runtime makes of another model, from the process of the original, which has less to do. */
  readonly fusionsOf: (model: Model) => Promise<OperatorCounts | undefined>;
}

/** Runs the original; goes on in the background. */
export function runOriginal(
  model: Model,
  manager: RuntimeManager,
  feeds: FeedOptions,
  signal: AbortSignal | undefined,
): Original {
  const evaluator = survivingEvaluator(manager);
  // Usual sizes first; larger or smaller ones when the model refuses those.
  const sources = [1, 16, 1 / 8].map((enlarge) => verificationFeeds(model, { ...feeds, enlarge }));
  const reference = runReference(model, evaluator, sources, signal ? { signal } : {});
  // Afterwards: what the passes make waits for the outputs.
  const fusionsOf = (each: Model) => reference.all.then(() => countAsRun(manager, each, signal));
  const fusions = fusionsOf(model);
  // Nobody may ask, when nothing was changed.
  fusions.catch(() => {});
  return { model, reference, fusions, fusionsOf };
}

/** A model that brings the runtime process down counts as one that it refuses: the next run has a new process. */
function survivingEvaluator(manager: RuntimeManager, config: SessionConfig = {}): RuntimeEvaluator {
  // Threads that wait by spinning take the cores from the other process.
  const { run, dispose } = createEvaluator(manager, { config: { 'session.intra_op.allow_spinning': '0', ...config } });
  return {
    dispose,
    run: (request) =>
      run(request).catch((error: unknown) => {
        throw isRuntimeGone(error) ? new RuntimeError(error.message) : error;
      }),
  };
}

/** A rewrite that was taken back, and why. */
export interface RolledBack {
  readonly key: string;
  readonly pass: string;
  readonly kind: NonNullable<OptimizeReport['rolledBack'][number]['kind']>;
  readonly reason: string;
}

export interface VerificationWork {
  readonly original: Original;
  /** Runs the passes anew, without what is forbidden, and only where `only` allows. */
  readonly runPasses: (forbidden: readonly RolledBack[], only?: (key: string) => boolean) => Promise<PassRun>;
  /** For the result. */
  readonly manager: RuntimeManager;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: Progress) => void;
}

/** What of a run of passes stood the comparison. */
export interface Verified {
  /** Undefined when nothing did, and the model has to stay as it was. */
  readonly run: PassRun | undefined;
  readonly verdict: Verdict;
  readonly rolledBack: readonly RolledBack[];
  readonly problem?: string;
}

const unchanged: Verdict = { status: 'equal', outputs: [], runs: 0 };

/** After this many rewrites and passes were taken back, all of these passes are left out, and that is the last attempt. */
const mostAttempts = 8;

/** Verifies; while the result is wrong or loses a fusion, takes the guilty rewrite back and tries again. */
export async function verifyAndRepair(work: VerificationWork, first: PassRun): Promise<Verified> {
  const evaluator = survivingEvaluator(work.manager);
  const rolledBack: RolledBack[] = [];
  let run = first;
  let leftOut: Pick<Verified, 'problem'> | undefined;
  for (;;) {
    let checked: Checked;
    try {
      checked = await checkModel(work, evaluator, run);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const verdict: Verdict = { status: 'not-run', outputs: [], runs: 0, reason: error.message };
      return { run, verdict, rolledBack };
    }
    const { verdict, fault } = checked;
    if (!fault) return { run, verdict, rolledBack, ...leftOut };
    if (leftOut) {
      const problem = english`The result is not used: after ${rolledBack.length} changes were taken back it is still not right. ${fault.reason}`;
      return { run: undefined, verdict: unchanged, rolledBack, problem };
    }
    const guilty = await findFaulty(work, evaluator, run, fault, rolledBack);
    if (guilty === undefined) {
      const problem = english`The result is not used: ${fault.reason} No single rewrite could be blamed.`;
      return { run: undefined, verdict, rolledBack, problem };
    }
    rolledBack.push(guilty);
    if (rolledBack.length > mostAttempts) {
      const passes = [...new Set(rolledBack.map(({ pass }) => pass))];
      leftOut = {
        problem: english`So much had to be taken back that these passes were left out: ${passes.join(', ')}.`,
      };
    }
    run = await work.runPasses(leftOut ? rolledBack.map((each) => ({ ...each, key: each.pass })) : rolledBack);
    // All that was changed has been taken back.
    if (run.model === work.original.model) return { run, verdict: unchanged, rolledBack, ...leftOut };
  }
}

/** What is wrong with a result. */
interface Fault {
  readonly kind: 'outputs' | 'optimized' | 'fusions';
  readonly reason: string;
}

interface Checked {
  readonly verdict: Verdict;
  readonly fault?: Fault | undefined;
}

/** The result runs on what the original has run on while that runs on the next inputs. */
async function checkModel(work: VerificationWork, evaluator: Evaluator, run: PassRun): Promise<Checked> {
  const { model } = run;
  const counted = work.original.fusionsOf(model);
  const optimized = runOptimized(work, evaluator, model);
  // Nobody asks when the outputs differ.
  for (const each of [counted, optimized]) each.catch(() => {});
  const checked = await compareOutputs(work, evaluator, run);
  if (checked.fault || checked.verdict.status === 'not-run') return checked;
  work.onProgress({ message: english`Running the result as ONNX Runtime optimizes it` });
  const fault = (await optimized) ?? (await compareFusions(work, await counted));
  return { verdict: checked.verdict, fault };
}

/** A sound rewrite can lead ONNX Runtime's own optimizations to an unsound one, or to a crash. */
async function runOptimized(
  { original, signal }: VerificationWork,
  evaluator: Evaluator,
  model: Model,
): Promise<Fault | undefined> {
  const reason = await failsOptimized(original.reference, model, evaluator, signal ? { signal } : {});
  return reason === undefined
    ? undefined
    : { kind: 'optimized', reason: english`Optimized by ONNX Runtime, the result fails: ${reason}` };
}

async function compareOutputs(work: VerificationWork, evaluator: Evaluator, run: PassRun): Promise<Checked> {
  const { original, signal, onProgress } = work;
  onProgress({ message: english`Running the original` });
  const verdict = await compareWith(original.reference, run.model, evaluator, {
    ...(signal ? { signal } : {}),
    onRun: () => onProgress({ message: english`Comparing outputs` }),
  });
  if (verdict.status === 'different') return { verdict, fault: { kind: 'outputs', reason: verdict.reason! } };
  return { verdict, fault: verdict.status === 'close' ? await findInexact(work, run) : undefined };
}

const isExact = (name: string) => catalog.find((pass) => pass.name === name)?.exactness === 'exact';

/** On the CPU it runs in float32 with casts that ONNX Runtime puts around nodes, at every level: other nodes, other casts. */
function computesInHalf({ graph }: Model): boolean {
  const isHalf = (dtype: string | undefined) => dtype === 'float16' || dtype === 'bfloat16';
  return (
    graph.inputs.some(({ type }) => type?.kind === 'tensor' && isHalf(type.dtype)) ||
    [...graph.initializers.values()].some(({ dtype }) => isHalf(dtype))
  );
}

/**
 * Passes that promise the same bits must keep the promise. Compared anew without prepacking: ONNX Runtime multiplies by
 * weights that it has packed in another order than by those that it computes, which rounds otherwise.
 */
async function findInexact(work: VerificationWork, { model, records }: PassRun): Promise<Fault | undefined> {
  const { original, manager, signal } = work;
  if (!records.every(({ name }) => isExact(name)) || computesInHalf(original.model)) return undefined;
  const evaluator = survivingEvaluator(manager, { 'session.disable_prepacking': '1' });
  const { usable } = await original.reference.all;
  const feeds = usable.map(({ feed }) => feed);
  const { status, outputs } = await verifyModels(
    original.model,
    model,
    evaluator,
    feeds,
    signal ? { signal } : {},
  ).finally(evaluator.dispose);
  if (status !== 'close' && status !== 'different') return undefined;
  const name = (outputs.find(({ maxAbs }) => maxAbs > 0) ?? outputs[0])?.name ?? '';
  return { kind: 'outputs', reason: english`Output ${name}: its bits differ, though every pass that ran is exact.` };
}

async function compareFusions(
  { original }: VerificationWork,
  after: OperatorCounts | undefined,
): Promise<Fault | undefined> {
  const before = await original.fusions;
  const lost = before && hasFusions(before) ? lostFusion(before, after) : undefined;
  return lost === undefined ? undefined : { kind: 'fusions', reason: lost };
}

/** Finds the rewrite that is to blame; its pass when it is no single case. */
async function findFaulty(
  work: VerificationWork,
  evaluator: Evaluator,
  run: PassRun,
  fault: Fault,
  rolledBack: readonly RolledBack[],
): Promise<RolledBack | undefined> {
  work.onProgress({ message: english`Looking for the rewrite that is to blame` });
  // A pass that costs one fusion costs others of its kind: then passes are searched, which is quick, not rewrites.
  const stepOf = fault.kind === 'fusions' ? passOf : (key: string) => key;
  const steps = [...new Set(run.draft.rewrites.map(({ key }) => stepOf(key)))];
  const guilty = await findGuilty(steps, async (count) => {
    const allowed = new Set(steps.slice(0, count));
    const part = await work.runPasses(rolledBack, (key) => allowed.has(stepOf(key)));
    const { model } = part;
    if (model === work.original.model) return false;
    if (fault.kind === 'fusions') {
      return (await compareFusions(work, await work.original.fusionsOf(model))) !== undefined;
    }
    if (fault.kind === 'optimized') return (await runOptimized(work, evaluator, model)) !== undefined;
    return (await compareOutputs(work, evaluator, part)).fault !== undefined;
  });
  if (guilty === undefined) return undefined;
  const pass = passOf(guilty);
  // One that is wrong twice is not to be trusted here.
  const again = rolledBack.some((each) => each.pass === pass);
  return { key: again ? pass : guilty, pass, kind: fault.kind, reason: fault.reason };
}

/** The pass of a rewrite's key; a pass alone is its own. */
export const passOf = (key: string): string => key.split(':', 1)[0]!;
