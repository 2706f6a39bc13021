import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Model } from '../core/graph/model.ts';
import { counted, decibels, percent, time } from '../core/report/format.ts';
import type { OptimizeStep, QuantizeStep } from '../core/report/recipe.ts';
import {
  type Latency,
  type QuantizeReport,
  reportSchema,
  type SweepReport,
  type TuneReport,
  type TuneStep,
} from '../core/report/report.ts';
import { latencySentence, nodesSentence, outputsSentence } from '../core/report/sentences.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { compareLatency } from './compare-latency.ts';
import { modelIdentity } from './inspect.ts';
import { makeTemporaryFolder } from './model-source.ts';
import { type OpenedModel, openModel } from './open-model.ts';
import type { MeasuredModel, MeasurementContext } from './profile.ts';
import { quantizeModel } from './quantize.ts';
import { runOptimizeStep, type Unhashed } from './recipe.ts';
import { saveModel } from './save-model.ts';
import { sweepModel } from './sweep.ts';

export interface TuneOptions {
  readonly settings: RunSettings;
  /** Milliseconds within which 90 % of the runs must end. */
  readonly p90: number;
  /** Percentage points that the metric on the labelled data may lose. */
  readonly maxMetricDrop?: number;
  /** In dB; what counts when there is no labelled data. */
  readonly minSqnr?: number;
  readonly calibration?: string;
  readonly labelled?: string;
}

export interface Tuned {
  readonly report: TuneReport;
  readonly model: Model;
  /** What was kept of it, for a recipe. */
  readonly steps: readonly (Unhashed<OptimizeStep> | Unhashed<QuantizeStep>)[];
  /** Closes the model. */
  close(): Promise<void>;
}

/** Signal to noise that is enough when nothing else is said, in dB. */
const defaultSqnr = 20;

/**
 * Looks for a way to run a model within a time: simplification, threads, quantization, in the order of what they risk.
 * Each is kept only when the A/B verdict supports it, and no more is tried once the target is met. The order is fixed
 * and nothing is left to chance but the clock, so a second run ends alike. Rejects when the model does not run.
 */
export async function tuneModel(
  opened: OpenedModel,
  options: TuneOptions,
  context: MeasurementContext,
): Promise<Tuned> {
  const folder = await makeTemporaryFolder();
  const files: OpenedModel[] = [];
  const close = async () => {
    for (const file of files) await file.close();
    await folder.remove();
  };
  /** A result as the file it would be, so that weights stay on disk and a recipe finds the same. */
  const asFile = async (model: Model): Promise<OpenedModel> => {
    const path = join(folder.path, `step-${files.length + 1}.onnx`);
    await saveModel(model, path, { temporary: true, ...(context.signal ? { signal: context.signal } : {}) });
    const file = await openModel(path);
    files.push(file);
    return file;
  };
  try {
    const search = await startSearch(opened, options, context);
    for (const attempt of [simplify, chooseThreads, quantize]) {
      if (isMet(search)) break;
      context.signal?.throwIfAborted();
      await attempt(search, asFile);
    }
    return { report: reportOf(search), model: search.current.model, steps: search.recipe, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Search {
  readonly source: MeasuredModel;
  readonly options: TuneOptions;
  readonly context: MeasurementContext;
  readonly before: Latency;
  readonly environment: SweepReport['environment'];
  readonly steps: TuneStep[];
  readonly recipe: (Unhashed<OptimizeStep> | Unhashed<QuantizeStep>)[];
  current: OpenedModel;
  latency: Latency;
  threads: number;
  quantized?: QuantizeReport;
}

type AsFile = (model: Model) => Promise<OpenedModel>;

/** 90 % of the runs ended within this; of few runs, all. */
const p90Of = ({ p90, max }: Latency): number => p90 ?? max;

const isMet = ({ latency, options }: Search): boolean => p90Of(latency) <= options.p90;

async function startSearch(opened: OpenedModel, options: TuneOptions, context: MeasurementContext): Promise<Search> {
  const source = await measured(opened);
  const { latency, environment } = await measure(source, options.settings, context);
  const why = p90Of(latency) <= options.p90 ? 'The target is met as it is.' : 'The target is missed.';
  return {
    source,
    options,
    context,
    before: latency,
    environment,
    steps: [{ step: 'measure', what: time(latency.median), kept: true, why, p90: p90Of(latency) }],
    recipe: [],
    current: opened,
    latency,
    threads: options.settings.threads,
  };
}

async function simplify(search: Search, asFile: AsFile): Promise<void> {
  const { options, context, current, steps } = search;
  const { dims, seed } = options.settings;
  const step = { command: 'optimize', preset: 'default', dims, seed, verify: true } as const;
  const { model, report } = await runOptimizeStep(current, step, context);
  const what = nodesSentence(report.before, report.after);
  const drop = (why: string) => steps.push({ step: 'simplify', what, kept: false, why });
  if (model === current.model) return void drop('There is nothing to simplify.');
  if (report.verdict.status === 'different') return void drop('The outputs would differ.');
  const file = await asFile(model);
  const comparison = await compare(search, file);
  if (comparison.verdict === 'slower') return void drop(latencySentence(comparison));
  await keep(search, file, {
    step: 'simplify',
    what,
    why: `${outputsSentence(report.verdict)}; ${latencySentence(comparison)}`,
  });
  search.recipe.push(step);
}

async function chooseThreads(search: Search): Promise<void> {
  const { options, context, current, steps } = search;
  const counts = threadCounts(cpus().length);
  const step = 'threads';
  const what = `${counts.join(', ')} beside ONNX Runtime's choice`;
  if (counts.length < 2) return void steps.push({ step, what, kept: false, why: 'There is one core.' });
  const axes = { threads: [0, ...counts] };
  const sweep = await sweepModel(await measured(current), { settings: options.settings, level: 'all', axes }, context);
  const best = sweep.fastest[0];
  const point = best && sweep.points[best.point];
  if (!best?.clear || !point?.latency || point.threads === search.threads) {
    return void steps.push({ step, what, kept: false, why: 'No number of threads is measurably faster.' });
  }
  search.threads = point.threads;
  const file = current;
  await keep(search, file, {
    step,
    what: counted(point.threads, 'thread'),
    why: `Measurably faster than every other number tried: ${time(point.latency.median)}.`,
  });
}

/** 1, 2, 4 … up to the number of cores. */
function threadCounts(cores: number): number[] {
  const counts: number[] = [];
  for (let count = 1; count < cores; count *= 2) counts.push(count);
  return [...counts, cores];
}

async function quantize(search: Search, asFile: AsFile): Promise<void> {
  const { options, context, current, steps, threads } = search;
  const { calibration, labelled, minSqnr = defaultSqnr } = options;
  const scheme = calibration === undefined ? 'dynamic-int8' : 'auto';
  const settings = { ...options.settings, threads };
  const drop = (what: string, why: string) => void steps.push({ step: 'quantize', what, kept: false, why });
  let result: Awaited<ReturnType<typeof quantizeModel>>;
  try {
    const sources = { ...(calibration ? { calibration } : {}), ...(labelled ? { labelled } : {}) };
    const choices = {
      settings,
      scheme,
      perChannel: true,
      exclude: [],
      verify: true,
      measure: true,
      minSqnr,
      ...sources,
    };
    result = await quantizeModel(await measured(current), choices, context);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'QuantizeError') throw error;
    return drop(scheme, error.message);
  }
  const { model, report, decided } = result;
  const { latency, sqnrDb, metric } = report;
  const lost = metric && (metric.before - metric.after) * 100;
  if (latency?.verdict !== 'faster') {
    return drop(report.scheme, latency ? latencySentence(latency) : (report.advice[0] ?? 'Nothing was faster.'));
  }
  if (lost !== undefined && lost > (options.maxMetricDrop ?? Number.POSITIVE_INFINITY)) {
    return drop(report.scheme, `${percent(lost / 100)} of the metric would be lost.`);
  }
  if (lost === undefined && sqnrDb !== null && sqnrDb < minSqnr) {
    return drop(report.scheme, `${decibels(sqnrDb)} signal to noise, ${decibels(minSqnr)} asked for.`);
  }
  const file = await asFile(model);
  const accuracy = metric
    ? `${metric.name} ${percent(metric.before)} → ${percent(metric.after)}`
    : `${decibels(sqnrDb ?? Number.POSITIVE_INFINITY)} signal to noise`;
  await keep(search, file, { step: 'quantize', what: report.scheme, why: `${accuracy}; ${latencySentence(latency)}` });
  search.quantized = report;
  const { dims, seed } = settings;
  search.recipe.push({
    command: 'quantize',
    ...decided,
    ...(calibration ? { data: { path: calibration } } : {}),
    dims,
    seed,
  });
}

/** Goes on from a result, with its latency as it is on its own. */
async function keep(search: Search, file: OpenedModel, step: Pick<TuneStep, 'step' | 'what' | 'why'>): Promise<void> {
  const settings = { ...search.options.settings, threads: search.threads };
  const { latency } = await measure(await measured(file), settings, search.context);
  search.current = file;
  search.latency = latency;
  search.steps.push({ ...step, kept: true, p90: p90Of(latency) });
}

const measured = async (opened: OpenedModel): Promise<MeasuredModel> => ({
  model: opened.model,
  path: opened.path,
  identity: await modelIdentity(opened),
});

async function compare({ current, options, context, threads }: Search, file: OpenedModel) {
  const settings = { ...options.settings, threads };
  return compareLatency(await measured(current), await measured(file), { settings, level: 'all' }, context);
}

/** Plain latency under one setting, with enough runs for a percentile where time allows. */
async function measure(target: MeasuredModel, settings: RunSettings, context: MeasurementContext) {
  const { points, environment } = await sweepModel(target, { settings, level: 'all', axes: {} }, context);
  const [{ latency, failure } = { failure: 'It was not run.' }] = points;
  if (!latency) throw new Error(failure);
  return { latency, environment };
}

function reportOf(search: Search): TuneReport {
  const { source, options, before, latency, environment, steps, threads, quantized } = search;
  const { p90, maxMetricDrop, minSqnr, settings } = options;
  const met = isMet(search);
  const advice: string[] = [];
  if (!met) {
    advice.push(`Nothing that was tried reaches ${time(p90)}: the best is ${time(p90Of(latency))}.`);
    if (!options.calibration) advice.push('With calibration data, static int8 and mixed schemes are tried, too.');
  }
  return {
    schema: reportSchema,
    model: source.identity,
    environment,
    target: {
      p90,
      ...(maxMetricDrop === undefined ? {} : { maxMetricDrop }),
      ...(minSqnr === undefined ? {} : { minSqnr }),
    },
    met,
    before,
    after: latency,
    settings: { provider: settings.provider, threads, level: 'all', dims: settings.dims },
    steps,
    ...(quantized?.metric ? { metric: quantized.metric } : {}),
    ...(quantized ? { sqnrDb: quantized.sqnrDb } : {}),
    advice,
  };
}
