import { english } from '../core/english.ts';
import { RuntimeError } from '../core/evaluator.ts';
import type { Model, NodeId } from '../core/graph/model.ts';
import { pruneChannels } from '../core/prune/channels.ts';
import { pruneWeights } from '../core/prune/weights.ts';
import type { PrunePattern, PruneReport, Verdict } from '../core/report/report.ts';
import { reportSchema } from '../core/report/report.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { openSamples } from './calibration-data.ts';
import { compareLatency } from './compare-latency.ts';
import { createEvaluator, type RuntimeEvaluator } from './evaluator.ts';
import { accuracy, openLabelled } from './labelled-data.ts';
import type { MeasuredModel, MeasurementContext } from './profile.ts';
import { type OutputError, outputError, referenceRuns } from './quantize-error.ts';
import { comparedInputs, comparedRuns } from './quantize-options.ts';
import { composed, type Prepared, prepareForQuantization } from './quantize-preparation.ts';
import { sizeOf } from './quantize-report.ts';

export interface PruneModelOptions {
  readonly settings: RunSettings;
  readonly pattern: PrunePattern;
  /** The share that goes, 0 to 1: of the channels, or of the weights. `2:4` has its own, a half. */
  readonly ratio: number;
  /** Nodes whose weights or channels stay. */
  readonly exclude?: readonly NodeId[];
  /** Labelled data for the metric before and after. */
  readonly labelled?: string;
  readonly verify: boolean;
  readonly measure: boolean;
  /** Outputs with less signal to noise, in dB, count as different. */
  readonly minSqnr: number;
}

export interface PruneResult {
  readonly model: Model;
  readonly report: PruneReport;
  readonly origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>;
}

/** Below this signal to noise, in dB, outputs have little to do with the original's. */
export const usableSqnr = 10;

/** Nothing can be pruned; the message says why and what to do. */
export class PruneError extends Error {
  override readonly name = 'PruneError';
}

/**
 * A model without its smallest weights or weakest channels, simplified first, and what that costs and gains: signal to
 * noise, accuracy on labelled data, latency. No training follows, which alone wins back what is lost. Rejects with
 * `PruneError`, `InputError`, or when cancelled.
 */
export async function pruneModel(
  target: MeasuredModel,
  options: PruneModelOptions,
  context: MeasurementContext,
): Promise<PruneResult> {
  const evaluator = createEvaluator(context.manager);
  try {
    return await prune(target, options, context, evaluator);
  } finally {
    await evaluator.dispose();
  }
}

async function prune(
  target: MeasuredModel,
  options: PruneModelOptions,
  context: MeasurementContext,
  evaluator: RuntimeEvaluator,
): Promise<PruneResult> {
  const start = performance.now();
  const { settings, pattern, verify, measure } = options;
  const { signal } = context;
  const say = (message: string) => context.onProgress?.({ message });
  say(english`Simplifying`);
  const prepared = await prepareForQuantization(target.model, { ...context, evaluator });
  say(english`Pruning`);
  const { model, removed } = await pruned(prepared, options, signal);
  const error = verify ? await errorOf(target.model, model, options, { evaluator, signal }) : undefined;
  const metric = await metricOf(target.model, model, options, { evaluator, context });
  // The sessions are as large as the model, and none of them is used again.
  await evaluator.dispose();
  const after: MeasuredModel = { model, identity: { ...target.identity, bytes: sizeOf(model).bytes } };
  if (measure) say(english`Measuring against the original`);
  const latency = measure ? await compareLatency(target, after, { settings, level: 'all' }, context) : undefined;
  const report: PruneReport = {
    schema: reportSchema,
    model: target.identity,
    pattern,
    ratio: pattern === '2:4' ? removed.weights!.zeros / removed.weights!.of : options.ratio,
    ...removed,
    before: sizeOf(target.model, target.identity.bytes),
    after: sizeOf(model),
    verdict: error ? judged(error, options.minSqnr) : notVerified,
    sqnrDb: error?.sqnrDb ?? null,
    ...(metric ? { metric } : {}),
    ...(latency ? { latency } : {}),
    advice: adviceOf(pattern, removed.weights?.outside, latency?.verdict),
    milliseconds: performance.now() - start,
  };
  return { model, report, origins: composed(identity(model), prepared.origins) };
}

const notVerified: Verdict = {
  status: 'not-run',
  outputs: [],
  runs: 0,
  reason: english`Verification was switched off.`,
};

function judged({ verdict, sqnrDb }: OutputError, least: number): Verdict {
  if (sqnrDb === null || sqnrDb >= least) return verdict;
  const reason = english`Signal to noise of the outputs is ${sqnrDb.toFixed(1)} dB, below ${least} dB.`;
  return { ...verdict, status: 'different', reason };
}

const identity = ({ graph }: Model): Prepared['origins'] => new Map(graph.nodes.map(({ id }) => [id, new Set([id])]));

async function pruned(
  prepared: Prepared,
  { pattern, ratio, exclude = [] }: PruneModelOptions,
  signal: AbortSignal | undefined,
): Promise<{ readonly model: Model; readonly removed: Pick<PruneReport, 'channels' | 'weights'> }> {
  const options = { exclude: prepared.ids(exclude), signal };
  if (pattern === 'channels') {
    const { model, channels, removed, sets } = await pruneChannels(prepared.model, ratio, options);
    if (removed === 0) {
      throw new PruneError(
        channels === 0
          ? english`No channel can go: every layer's channels reach an output, or an operator that needs them all.`
          : english`No channel goes at a ratio of ${ratio}: whole blocks of 8 or 16 channels stay. Ask for more.`,
      );
    }
    return { model, removed: { channels: { removed, of: channels, sets } } };
  }
  const { model, elements, zeros, outside } = await pruneWeights(
    prepared.model,
    pattern === '2:4' ? '2:4' : ratio,
    options,
  );
  if (elements === 0) throw new PruneError(english`It has no MatMul, Gemm or Conv with constant weights.`);
  return { model, removed: { weights: { zeros, of: elements, ...(pattern === '2:4' ? { outside } : {}) } } };
}

async function errorOf(
  original: Model,
  model: Model,
  { settings }: PruneModelOptions,
  context: { readonly evaluator: RuntimeEvaluator; readonly signal: AbortSignal | undefined },
) {
  const { inputs, dims } = settings;
  const samples =
    inputs === undefined ? await comparedInputs(original, { settings }) : await openSamples(original, inputs, { dims });
  const error = await outputError(model, await referenceRuns(original, samples, comparedRuns, context), context);
  if (error.failure !== undefined) throw new RuntimeError(english`The pruned model does not run: ${error.failure}`);
  return error;
}

async function metricOf(
  original: Model,
  model: Model,
  { labelled, settings: { dims } }: PruneModelOptions,
  { evaluator, context }: { readonly evaluator: RuntimeEvaluator; readonly context: MeasurementContext },
): Promise<PruneReport['metric']> {
  if (labelled === undefined) return undefined;
  const data = await openLabelled(original, labelled, dims);
  const judge = (each: Model) =>
    accuracy(each, data, {
      evaluator,
      ...(context.signal ? { signal: context.signal } : {}),
      onProgress: (fraction) => context.onProgress?.({ message: english`Accuracy on labelled data`, fraction }),
    });
  const before = await judge(original);
  const after = await judge(model);
  return { name: 'accuracy', before: before.share, after: after.share, samples: after.samples };
}

function adviceOf(
  pattern: PrunePattern,
  outside: number | undefined,
  verdict: 'faster' | 'slower' | 'no-difference' | undefined,
): string[] {
  if (pattern !== 'channels') {
    return [
      english`ONNX Runtime multiplies zeros like any number: pruning makes nothing faster here, and the file smaller only once it is compressed. What it costs in exactness, training alone can win back.`,
      ...(outside
        ? [
            english`${outside} weights stay as they are: along what is summed over they are in no whole four, as in depthwise convolutions.`,
          ]
        : []),
    ];
  }
  return [
    english`What channels cost in exactness, training alone can win back: train the smaller model on, or take a smaller ratio.`,
    ...(verdict !== undefined && verdict !== 'faster'
      ? [english`It is not measurably faster on this machine: there is no reason to use it for speed.`]
      : []),
  ];
}
