import { setImmediate } from 'node:timers/promises';
import { type Evaluator, RuntimeError } from '../core/evaluator.ts';
import { bindDims } from '../core/graph/bind-dims.ts';
import type { Draft } from '../core/graph/draft.ts';
import type { Model, Node, NodeId } from '../core/graph/model.ts';
import { encodeModel, piecesLength } from '../core/onnx/encode-model.ts';
import type { Pass, PassOptions } from '../core/passes/pass.ts';
import { type Preset, selectPasses } from '../core/passes/presets.ts';
import { type PassRun, runPasses } from '../core/passes/runner.ts';
import type { ExplainedRewrite, ModelSize, OptimizeReport, Verdict } from '../core/report/report.ts';
import { reportSchema } from '../core/report/report.ts';
import { createFacts } from '../core/shapes/infer.ts';
import { findGuilty } from '../core/verify/find-guilty.ts';
import { type Feeds, verifyModels } from '../core/verify/verify-models.ts';
import type { Progress } from '../protocol/rpc.ts';
import { createEvaluator } from './evaluator.ts';
import { countFusions, lostFusion } from './fusions.ts';
import { hashFile } from './hash-file.ts';
import { InputError } from './inputs.ts';
import type { OpenedModel } from './open-model.ts';
import type { RuntimeManager } from './runtime-client.ts';
import { verificationFeeds } from './verification-feeds.ts';

export interface OptimizeOptions {
  readonly preset: Preset;
  /** Only these passes. */
  readonly passes?: readonly string[];
  readonly skip?: readonly string[];
  /** Symbolic dimension → size; the model is specialized to these. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Sizes of free dimensions at which to compare first. */
  readonly usualDims?: Readonly<Record<string, number>>;
  readonly passOptions?: Omit<PassOptions, 'dims'>;
  /** Run both models and compare, and look for fusions that were lost. */
  readonly verify: boolean;
  readonly seed?: number;
  /** The user's data to verify on, beside made inputs. */
  readonly inputs?: string;
  readonly manager: RuntimeManager;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Optimized {
  readonly model: Model;
  readonly report: OptimizeReport;
  /** Nodes of the new model → nodes of the old one that they stand for. */
  readonly origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>;
}

/** A rewrite that was taken back, and why. */
interface RolledBack {
  readonly key: string;
  readonly pass: string;
  readonly reason: string;
}

/** After this many rewrites and passes were taken back the model is left as it was. */
const mostAttempts = 8;

/**
 * Simplifies a model and shows that the result computes the same. A rewrite that breaks the model, or costs ONNX
 * Runtime one of its fusions, is found by bisection, taken back and named; the rest is kept. When nothing changes, the
 * model is the one given. Rejects with `UnknownPassError`, or when cancelled.
 */
export async function optimizeModel(
  opened: Pick<OpenedModel, 'model' | 'path' | 'bytes'>,
  options: OptimizeOptions,
): Promise<Optimized> {
  const start = performance.now();
  const passes = selectPasses(options.preset, options.passes, options.skip);
  const work: Work = { opened, options, passes, evaluator: createEvaluator(options.manager) };
  const forbidden: RolledBack[] = [];
  let run = await optimizeOnce(work, forbidden);
  let verdict: Verdict = notVerified;
  const problems: string[] = [];
  if (run.model === opened.model) verdict = unchanged;
  else if (options.verify) [run, verdict] = await verifyAndRepair(work, run, forbidden, problems);
  const model = run.model === opened.model ? run.model : await withProvenance(work, run.model);
  const report: OptimizeReport = {
    schema: reportSchema,
    model: identityOf(opened),
    before: sizeOf(opened.model, opened.bytes),
    after: sizeOf(model),
    passes: run.records,
    rolledBack: forbidden.map(({ pass, reason }) => ({ pass, reason })),
    rewrites: run.draft.rewrites.map(explain),
    verdict,
    problems: [...problems, ...signatureChanges(opened.model, model)],
    milliseconds: performance.now() - start,
  };
  return { model, report, origins: originsOf(run.draft, model) };
}

const notVerified: Verdict = { status: 'not-run', outputs: [], runs: 0, reason: 'Verification was switched off.' };
const unchanged: Verdict = { status: 'equal', outputs: [], runs: 0, reason: 'Nothing was changed.' };

interface Work {
  readonly opened: Pick<OpenedModel, 'model' | 'path' | 'bytes'>;
  readonly options: OptimizeOptions;
  readonly passes: readonly Pass[];
  readonly evaluator: Evaluator;
}

async function optimizeOnce(
  { opened, options, passes, evaluator }: Work,
  forbidden: readonly RolledBack[],
  only: (key: string) => boolean = () => true,
): Promise<PassRun> {
  const keys = new Set(forbidden.map(({ key }) => key));
  return runPasses(bindDims(opened.model, options.dims ?? {}), passes, {
    factsOf: (draft) => createFacts(draft),
    evaluator,
    options: options.passOptions ?? {},
    allows: (key) => !keys.has(key) && !keys.has(passOf(key)) && only(key),
    ...(options.signal ? { signal: options.signal } : {}),
    onPass: async (pass, round) => {
      options.onProgress?.({ message: `${pass.title} (round ${round + 1})` });
      // Lets an abort through, which arrives as a message.
      await setImmediate();
    },
  });
}

/** Verifies; while the result is wrong or loses a fusion, takes the guilty rewrite back and tries again. */
async function verifyAndRepair(
  work: Work,
  first: PassRun,
  forbidden: RolledBack[],
  problems: string[],
): Promise<[PassRun, Verdict]> {
  let feeds: readonly Feeds[];
  try {
    feeds = await usableFeeds(work);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [first, { status: 'not-run', outputs: [], runs: 0, reason: error.message }];
  }
  let run = first;
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const { verdict, fault } = await checkModel(work, run.model, feeds);
    if (!fault) return [run, verdict];
    const pass = await rollBack(work, run, feeds, fault, forbidden);
    if (pass === undefined) {
      problems.push(`The result is not used: ${fault.reason} No single rewrite could be blamed.`);
      break;
    }
    run = await optimizeOnce(work, forbidden);
  }
  return [
    await optimizeOnce(
      work,
      work.passes.map(({ name }) => ({ key: name, pass: name, reason: '' })),
    ),
    unchanged,
  ];
}

/** Inputs to compare on; larger or smaller ones when the original refuses those of the usual sizes. */
async function usableFeeds({ opened: { model }, options, evaluator }: Work): Promise<readonly Feeds[]> {
  const { dims = {}, usualDims, seed = 1, inputs: path, signal } = options;
  const usual = await verificationFeeds(model, { dims, usualDims, seed, path });
  let feeds = usual;
  for (const enlarge of [16, 1 / 8]) {
    const refusal = await refusalOf(evaluator, model, feeds[0]!, signal);
    // A kernel that refuses one size may take another; a model that cannot be loaded will not.
    if (!/while running/.test(refusal)) return feeds;
    feeds = await verificationFeeds(model, { dims, usualDims, seed, path, enlarge });
  }
  return [...usual.slice(0, 1), ...feeds];
}

/** What ONNX Runtime says against a run; empty when it says nothing. */
async function refusalOf(evaluator: Evaluator, model: Model, feed: Feeds, signal?: AbortSignal): Promise<string> {
  try {
    await evaluator.run({ model, feeds: [feed], ...(signal ? { signal } : {}) });
    return '';
  } catch (error) {
    if (error instanceof RuntimeError) return error.message;
    throw error;
  }
}

/** What is wrong with a result. */
interface Fault {
  readonly kind: 'outputs' | 'fusions';
  readonly reason: string;
}

/** Finds the rewrite that is to blame and forbids it, or its pass when it is no single case. Gives the pass. */
async function rollBack(
  work: Work,
  run: PassRun,
  feeds: readonly Feeds[],
  fault: Fault,
  forbidden: RolledBack[],
): Promise<string | undefined> {
  work.options.onProgress?.({ message: 'Looking for the rewrite that is to blame' });
  // A pass that costs one fusion costs others of its kind: then passes are searched, which is quick, not rewrites.
  const stepOf = fault.kind === 'fusions' ? passOf : (key: string) => key;
  const steps = [...new Set(run.draft.rewrites.map(({ key }) => stepOf(key)))];
  const guilty = await findGuilty(steps, async (count) => {
    const allowed = new Set(steps.slice(0, count));
    const { model } = await optimizeOnce(work, forbidden, (key) => allowed.has(stepOf(key)));
    if (model === work.opened.model) return false;
    if (fault.kind === 'fusions') return (await compareFusions(work, model)) !== undefined;
    return (await compareOutputs(work, model, feeds)).fault !== undefined;
  });
  if (guilty === undefined) return undefined;
  const pass = passOf(guilty);
  // One that is wrong twice is not to be trusted here.
  const again = forbidden.some((each) => each.pass === pass);
  forbidden.push({ key: again ? pass : guilty, pass, reason: fault.reason });
  return pass;
}

/** The pass of a rewrite's key; a pass alone is its own. */
const passOf = (key: string): string => key.split(':', 1)[0]!;

async function checkModel(
  work: Work,
  model: Model,
  feeds: readonly Feeds[],
): Promise<{ verdict: Verdict; fault?: Fault | undefined }> {
  const { verdict, fault } = await compareOutputs(work, model, feeds);
  if (fault || verdict.status === 'not-run') return { verdict, fault };
  return { verdict, fault: await compareFusions(work, model) };
}

async function compareOutputs(
  { opened, options: { signal, onProgress }, evaluator }: Work,
  model: Model,
  feeds: readonly Feeds[],
): Promise<{ verdict: Verdict; fault?: Fault }> {
  const verdict = await verifyModels(opened.model, model, evaluator, feeds, {
    ...(signal ? { signal } : {}),
    onRun: (done, of) => onProgress?.({ message: 'Comparing outputs', fraction: done / of }),
  });
  return verdict.status === 'different'
    ? { verdict, fault: { kind: 'outputs', reason: verdict.reason! } }
    : { verdict };
}

async function compareFusions(
  { opened, options: { signal, onProgress, manager } }: Work,
  model: Model,
): Promise<Fault | undefined> {
  onProgress?.({ message: "Comparing ONNX Runtime's fusions" });
  const before = await countFusions(manager, opened.model, signal);
  const lost = before && before.size > 0 ? lostFusion(before, await countFusions(manager, model, signal)) : undefined;
  return lost === undefined ? undefined : { kind: 'fusions', reason: lost };
}

function explain({ pass, why, removed, added }: Draft['rewrites'][number]): ExplainedRewrite {
  const label = ({ id, opType, name }: Node) => ({ id, label: name === '' ? opType : `${opType} ${name}` });
  return { pass, why, removed: removed.map(label), added: added.map(label) };
}

function originsOf(draft: Draft, { graph, functions }: Model): ReadonlyMap<NodeId, ReadonlySet<NodeId>> {
  const origins = new Map<NodeId, ReadonlySet<NodeId>>();
  const stack: Node[] = [...graph.nodes, ...functions.flatMap(({ nodes }) => nodes)];
  for (let node = stack.pop(); node; node = stack.pop()) {
    origins.set(node.id, draft.origin(node.id));
    for (const { type, value } of node.attributes.values()) {
      if (type === 'graph') stack.push(...value.nodes);
      else if (type === 'graphs') for (const each of value) stack.push(...each.nodes);
    }
  }
  return origins;
}

function sizeOf(model: Model, bytes = piecesLength(encodeModel(model, { placement: () => 'inline' }))): ModelSize {
  const operators: Record<string, number> = {};
  const stack: Node[] = [...model.graph.nodes];
  let nodes = 0;
  for (let node = stack.pop(); node; node = stack.pop()) {
    nodes++;
    operators[node.opType] = (operators[node.opType] ?? 0) + 1;
    for (const { type, value } of node.attributes.values()) {
      if (type === 'graph') stack.push(...value.nodes);
      else if (type === 'graphs') for (const each of value) stack.push(...each.nodes);
    }
  }
  return { nodes, bytes, operators };
}

const identityOf = ({ model, path, bytes }: Work['opened']): OptimizeReport['model'] => ({
  path,
  bytes,
  irVersion: model.irVersion,
  producer: `${model.producerName} ${model.producerVersion}`.trim(),
  opsets: Object.fromEntries(model.opsets),
});

function signatureChanges(before: Model, after: Model): string[] {
  const kept = new Set(after.graph.inputs.map(({ name }) => name));
  const gone = before.graph.inputs.filter(({ name }) => !kept.has(name));
  return gone.length === 0 || before.irVersion < 4
    ? []
    : [
        `${gone.length} inputs with a default value became constants: ${gone
          .slice(0, 5)
          .map(({ name }) => name)
          .join(', ')}${gone.length > 5 ? ', …' : ''}.`,
      ];
}

/** The model with an entry in its metadata that says how it was made. */
async function withProvenance({ opened, options, passes }: Work, model: Model): Promise<Model> {
  const entry = {
    tool: 'opscope',
    step: 'optimize',
    preset: options.preset,
    passes: passes.map(({ name }) => name),
    sourceSha256: await hashFile(opened.path),
  };
  return { ...model, metadata: new Map([...model.metadata, ['opscope.provenance', JSON.stringify(entry)]]) };
}
