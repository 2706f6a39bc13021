import { peakActivationBytes } from '../core/cost/memory.ts';
import { english } from '../core/english.ts';
import type { Evaluator, OptimizationLevel } from '../core/evaluator.ts';
import { Draft } from '../core/graph/draft.ts';
import type { Model, Node } from '../core/graph/model.ts';
import {
  type CompareReport,
  type MetricPair,
  type ModelSize,
  reportSchema,
  type Verdict,
} from '../core/report/report.ts';
import { createFacts } from '../core/shapes/infer.ts';
import { type Feeds, verifyModels } from '../core/verify/verify-models.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { openSamples, type SampleOptions } from './calibration-data.ts';
import { compareLatency } from './compare-latency.ts';
import { createEvaluator } from './evaluator.ts';
import { graphDifference } from './graph-difference.ts';
import { accuracy, openLabelled } from './labelled-data.ts';
import { measurementEnvironment, withChecksum } from './machine.ts';
import type { MeasuredModel, MeasurementContext } from './profile.ts';
import { symbolicDims } from './symbolic-dims.ts';
import { verificationFeeds } from './verification-feeds.ts';

export interface CompareOptions {
  readonly settings: RunSettings;
  readonly level: OptimizationLevel;
  /** A file of samples to compare outputs on where the settings name no inputs. */
  readonly samples?: string | undefined;
  /** The samples are images, prepared so. */
  readonly image?: string | undefined;
  /** Compare latency too. */
  readonly measure: boolean;
  /** Keep every time in the report. */
  readonly keepSamples?: boolean;
  /** Data with labels, on which the accuracy of both is measured. */
  readonly labelled?: string | undefined;
}

/**
 * Compares two models: their graphs, their outputs on the same inputs, and, when asked, their latency. A part that
 * cannot be done is told in `problems` and leaves the others standing; cancelling rejects with `CancelledError`.
 */
export async function compareModels(
  a: MeasuredModel,
  b: MeasuredModel,
  options: CompareOptions,
  context: MeasurementContext,
): Promise<CompareReport> {
  const { settings, level } = options;
  const [known, other] = [await withChecksum(a), await withChecksum(b)];
  const environment = await measurementEnvironment(known, settings, level, context);
  const graphs = await compareGraphs(known, other, settings.dims);
  const problems = [...graphs.problems];
  const evaluator = createEvaluator(context.manager);
  context.onProgress?.({ message: english`Comparing outputs` });
  // With data of the user's, made inputs would only blur what is asked: how the models differ on that data.
  const image = settings.inputs === undefined ? options.image : undefined;
  const data = settings.inputs ?? options.samples;
  const feeds =
    data === undefined
      ? verificationFeeds(a.model, { dims: settings.dims, seed: settings.seed })
      : await sampleFeeds(a.model, data, { dims: settings.dims, ...(image === undefined ? {} : { image }) });
  const verdict = await verifyModels(
    a.model,
    b.model,
    evaluator,
    feeds,
    context.signal ? { signal: context.signal } : {},
  );
  const metric =
    options.labelled === undefined
      ? {}
      : { metric: await accuracyOfBoth(a.model, b.model, options.labelled, settings.dims, evaluator, context) };
  // What the outputs needed must not take memory while the clock runs.
  await evaluator.dispose();
  let latency: CompareReport['latency'];
  if (options.measure) {
    try {
      latency = await compareLatency(known, other, { settings, level, samples: options.keepSamples === true }, context);
    } catch (error) {
      if (context.signal?.aborted) throw error;
      problems.push(
        english`The latency could not be compared: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  return {
    ...graphs,
    verdict,
    outputs: verdict.outputs,
    ...metric,
    ...(latency ? { latency } : {}),
    environment,
    problems,
  };
}

const notRun: Verdict = { status: 'not-run', outputs: [], runs: 0, reason: english`Neither model was run.` };

/** Compares two models without running them: their graphs and sizes, with the sizes of dimensions that are free. */
export async function compareGraphs(
  a: MeasuredModel,
  b: MeasuredModel,
  dims: RunSettings['dims'] = {},
): Promise<CompareReport> {
  const { pairs, changed, added, removed, problems } = await graphDifference(a.model, b.model);
  return {
    schema: reportSchema,
    a: a.identity,
    b: b.identity,
    graph: {
      same: pairs.length - changed.length,
      changed: changed.length,
      added: added.length,
      removed: removed.length,
    },
    before: sizeOf(a, dims),
    after: sizeOf(b, dims),
    verdict: notRun,
    outputs: [],
    problems,
  };
}

/** The share of labelled samples that each model gets right. Rejects with `InputError` when the data does not fit. */
async function accuracyOfBoth(
  a: Model,
  b: Model,
  path: string,
  dims: RunSettings['dims'],
  evaluator: Evaluator,
  { signal, onProgress }: MeasurementContext,
): Promise<MetricPair> {
  const labelled = await openLabelled(a, path, dims);
  const work = {
    evaluator,
    ...(signal ? { signal } : {}),
    onProgress: (fraction: number) => onProgress?.({ message: english`Accuracy on labelled data`, fraction }),
  };
  const before = await accuracy(a, labelled, work);
  const after = await accuracy(b, labelled, work);
  return { name: english`accuracy`, before: before.share, after: after.share, samples: before.samples };
}

/** Most samples that outputs are compared on. */
const mostSamples = 8;

async function sampleFeeds(model: Model, path: string, options: SampleOptions): Promise<readonly Feeds[]> {
  const samples = await openSamples(model, path, { ...options, limit: mostSamples });
  const feeds: Feeds[] = [];
  for await (const feed of samples.feeds()) feeds.push(feed);
  return feeds;
}

function sizeOf({ model, identity }: MeasuredModel, dims: RunSettings['dims']): ModelSize {
  const operators: Record<string, number> = {};
  const nodes = nodesOf(model);
  for (const { opType } of nodes) operators[opType] = (operators[opType] ?? 0) + 1;
  const draft = new Draft(model);
  const sizes = symbolicDims(model).map(({ name, suggestion }) => [name, dims[name] ?? suggestion] as const);
  const activations = peakActivationBytes(draft.main, createFacts(draft, { dims: new Map(sizes) }));
  const memory = activations === null ? {} : { activationBytes: activations };
  return { nodes: nodes.length, bytes: identity.bytes, operators, ...memory };
}

function nodesOf(model: Model): readonly Node[] {
  return new Draft(model).graphs().flatMap((graph) => graph.nodes());
}
