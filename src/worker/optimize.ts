import { setImmediate } from 'node:timers/promises';
import { english } from '../core/english.ts';
import type { Evaluator } from '../core/evaluator.ts';
import { bindDims } from '../core/graph/bind-dims.ts';
import { Draft } from '../core/graph/draft.ts';
import type { Model, Node, NodeId } from '../core/graph/model.ts';
import { encodeModel, piecesLength } from '../core/onnx/encode-model.ts';
import { foldGrowthLeft } from '../core/passes/fold-constants.ts';
import type { Pass, PassOptions } from '../core/passes/pass.ts';
import { type Preset, selectPasses } from '../core/passes/presets.ts';
import { type PassRun, runPasses } from '../core/passes/runner.ts';
import type { ExplainedRewrite, ModelSize, OptimizeReport, Verdict } from '../core/report/report.ts';
import { reportSchema } from '../core/report/report.ts';
import { createFacts } from '../core/shapes/infer.ts';
import type { Progress } from '../protocol/rpc.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { createEvaluator } from './evaluator.ts';
import { hashFile } from './hash-file.ts';
import type { OpenedModel } from './open-model.ts';
import { type MeasuredResult, measureAndRepair } from './optimize-latency.ts';
import { passOf, type RolledBack, runOriginal, type Verified, verifyAndRepair } from './optimize-verification.ts';
import { createRuntimeManager, type RuntimeManager } from './runtime-client.ts';
import { sharedSizes } from './shared-sizes.ts';

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
  /** Measure both models with these settings; a pass that costs time is taken back. */
  readonly measure?: RunSettings | undefined;
  readonly manager: RuntimeManager;
  /** Version of Opscope, for the provenance. */
  readonly opscope: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Called before the result is verified: unless a rewrite has to be taken back, this very model will be given. */
  readonly onCandidate?: (model: Model) => void;
}

export interface Optimized {
  readonly model: Model;
  readonly report: OptimizeReport;
  /** Nodes of the new model → nodes of the old one that they stand for. */
  readonly origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>;
}

/** Bytes from which the original runs in a process of its own, beside the passes: it takes a quarter of a second to start. */
const worthAProcess = 4_000_000;

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
  const passes = selectPasses(options.preset, options.passes, options.skip, options.passOptions?.targetOpset);
  const sign = createSigner(opened.path, options);
  const work: Work = { opened, options, passes, sign, evaluator: createEvaluator(options.manager) };
  const { run, verdict, rolledBack, problem, latency } = await optimizeAndMeasure(work);
  const changed = run !== undefined && run.model !== opened.model;
  const model = changed ? await sign(run) : opened.model;
  const report: OptimizeReport = {
    schema: reportSchema,
    model: identityOf(opened),
    before: sizeOf(opened.model, opened.bytes),
    after: sizeOf(model),
    passes: run?.records ?? [],
    rolledBack: rolledBack.map(({ pass, reason, kind }) => ({ pass, reason, kind })),
    rewrites: run?.draft.rewrites.map(explain) ?? [],
    verdict: changed ? verdict : unchanged,
    ...(latency ? { latency } : {}),
    problems: [
      ...(problem === undefined ? [] : [problem]),
      ...(run?.problems ?? []),
      ...signatureChanges(opened.model, model),
      ...(run?.records.some(({ name }) => name === 'share-shapes') ? sharedSizes(opened.model, model) : []),
    ],
    milliseconds: performance.now() - start,
  };
  return { model, report, origins: originsOf(run?.draft ?? new Draft(model), model) };
}

const notVerified: Verdict = {
  status: 'not-run',
  outputs: [],
  runs: 0,
  reason: english`Verification was switched off.`,
};
const unchanged: Verdict = { status: 'equal', outputs: [], runs: 0, reason: english`Nothing was changed.` };

interface Work {
  readonly opened: Pick<OpenedModel, 'model' | 'path' | 'bytes'>;
  readonly options: OptimizeOptions;
  readonly passes: readonly Pass[];
  /** The model that a run made, with its provenance. */
  readonly sign: (run: PassRun) => Promise<Model>;
  readonly evaluator: Evaluator;
}

function optimizeAndMeasure(work: Work): Promise<MeasuredResult> {
  const { measure: settings, manager, opscope, signal, onProgress } = work.options;
  if (!settings) return optimizeAndVerify(work);
  return measureAndRepair({
    original: work.opened.model,
    settings,
    context: { manager, opscope, signal, onProgress },
    optimize: (without) => {
      if (without.length === 0) return optimizeAndVerify(work);
      const names = new Set(without.map(({ pass }) => pass));
      const { onCandidate: _, ...options } = work.options;
      return optimizeAndVerify({ ...work, options, passes: work.passes.filter(({ name }) => !names.has(name)) });
    },
    repeat: async ({ rolledBack }, passes) => (await runOnce(work, rolledBack, (key) => passes.has(passOf(key)))).model,
  });
}

async function optimizeAndVerify(work: Work): Promise<Verified> {
  const { verify, manager, signal, onProgress = () => {}, onCandidate } = work.options;
  if (!verify) return { run: await runOnce(work), verdict: notVerified, rolledBack: [] };
  const { model, bytes } = work.opened;
  const ownProcess = bytes >= worthAProcess;
  const beside = ownProcess ? createRuntimeManager() : manager;
  const ending = new AbortController();
  const until = ownProcess ? AbortSignal.any([ending.signal, ...(signal ? [signal] : [])]) : signal;
  const start = () => runOriginal(model, beside, feedOptions(work.options), until);
  try {
    const early = ownProcess ? start() : undefined;
    // A process takes a quarter of a second to start: the passes may need it at their end only.
    if (ownProcess) manager.use(({ client }) => client.describe(undefined), { signal }).catch(() => {});
    // The first requests go out before the passes keep this process busy.
    if (ownProcess) await setImmediate();
    const run = await runOnce(work);
    if (run.model === model) return { run, verdict: unchanged, rolledBack: [] };
    // A failure shows when the result is signed.
    void work.sign(run).then(onCandidate, () => {});
    const runPasses = (forbidden: readonly RolledBack[], only?: (key: string) => boolean) =>
      runOnce(work, forbidden, only);
    return await verifyAndRepair({ original: early ?? start(), runPasses, manager, signal, onProgress }, run);
  } finally {
    // What still runs would start the process anew.
    ending.abort();
    if (ownProcess) beside.dispose();
  }
}

const feedOptions = ({ dims = {}, usualDims, seed = 1, inputs: path }: OptimizeOptions) => ({
  dims,
  usualDims,
  seed,
  path,
});

async function runOnce(
  { opened, options, passes, evaluator }: Work,
  forbidden: readonly RolledBack[] = [],
  only: (key: string) => boolean = () => true,
): Promise<PassRun> {
  const keys = new Set(forbidden.map(({ key }) => key));
  return runPasses(bindDims(opened.model, options.dims ?? {}), passes, {
    factsOf: (draft) => createFacts(draft),
    evaluator,
    options: { ...budgetLeft(opened.model), ...options.passOptions },
    allows: (key) => !keys.has(key) && !keys.has(passOf(key)) && only(key),
    ...(options.signal ? { signal: options.signal } : {}),
    onPass: async (pass, round) => {
      options.onProgress?.({ message: english`${pass.title} (round ${round + 1})` });
      // Lets an abort through, which arrives as a message.
      await setImmediate();
    },
  });
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

const provenanceKey = 'opscope.provenance';

/** What an earlier run left of its budget for growth: the sum of both must not be more than one may add. */
function budgetLeft({ metadata }: Model): Pick<PassOptions, 'maxFoldGrowth'> {
  const left = /"foldGrowthLeft":(\d+)/.exec(metadata.get(provenanceKey) ?? '')?.[1];
  return left === undefined ? {} : { maxFoldGrowth: Number(left) };
}

/**
 * Adds an entry to a model's metadata that says how it was made. Asked again for the same run, it gives the same
 * object. The source is hashed when it is first asked.
 */
function createSigner(
  path: string,
  { preset, opscope }: Pick<OptimizeOptions, 'preset' | 'opscope'>,
): (run: PassRun) => Promise<Model> {
  let hash: Promise<string> | undefined;
  const signed = new WeakMap<PassRun, Promise<Model>>();
  const sign = async ({ model, draft, records }: PassRun): Promise<Model> => {
    hash ??= hashFile(path);
    const passes = records.map(({ name }) => name);
    const left = foldGrowthLeft(draft) ?? budgetLeft(model).maxFoldGrowth;
    const entry = {
      tool: 'opscope',
      version: opscope,
      step: 'optimize',
      preset,
      passes,
      sourceSha256: await hash,
      ...(left === undefined ? {} : { foldGrowthLeft: left }),
    };
    return { ...model, metadata: new Map([...model.metadata, [provenanceKey, JSON.stringify(entry)]]) };
  };
  return (run) => {
    const known = signed.get(run) ?? sign(run);
    signed.set(run, known);
    return known;
  };
}
