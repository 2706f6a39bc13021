import { cpus } from 'node:os';
import { english } from '../core/english.ts';
import type { Model } from '../core/graph/model.ts';
import { counted, decibels, percent } from '../core/report/format.ts';
import type { Latency, SweepReport } from '../core/report/profile-report.ts';
import type { OptimizeStep, PruneStep, QuantizeStep } from '../core/report/recipe.ts';
import type { LatencyComparison, MetricPair, TuneStep } from '../core/report/report.ts';
import { latencySentence, metricSentence, nodesSentence, outputsSentence } from '../core/report/sentences.ts';
import { compareLatency } from './compare-latency.ts';
import { modelIdentity } from './inspect.ts';
import type { OpenedModel } from './open-model.ts';
import type { MeasuredModel, MeasurementContext } from './profile.ts';
import { PruneError } from './prune.ts';
import { QuantizeError, type QuantizeOptions, quantizeModel } from './quantize.ts';
import { isWithin, limitsOf } from './quantize-budget.ts';
import { runOptimizeStep, runPruneStep, type Unhashed } from './recipe.ts';
import type { TuneOptions } from './tune.ts';
import { type Judged, judge } from './tune-judge.ts';

export type TunedStep = Unhashed<OptimizeStep> | Unhashed<QuantizeStep> | Unhashed<PruneStep>;

/** How far a search has come. */
export interface Search {
  readonly source: MeasuredModel;
  readonly opened: OpenedModel;
  readonly options: TuneOptions;
  readonly context: MeasurementContext;
  readonly environment: SweepReport['environment'];
  readonly steps: TuneStep[];
  recipe: TunedStep[];
  current: OpenedModel;
  /** The last that is not quantized. */
  float: OpenedModel;
  latency: Latency;
  threads: number;
  /** What the current model's outputs are worth, once a step has changed them. */
  judged?: Judged & { readonly metric?: MetricPair };
}

export type AsFile = (model: Model) => Promise<OpenedModel>;

/** What changes no outputs stays unless it is slower by more than this; what changes them or the settings must gain as much. */
const margin = 0.03;

const clearlyFaster = ({ interval95 }: LatencyComparison): boolean => interval95[1] < 1 - margin;
const clearlySlower = ({ interval95 }: LatencyComparison): boolean => interval95[0] > 1 + margin;

/** The passes, kept unless the outputs differ or the result is slower. */
export async function simplify(search: Search, asFile: AsFile): Promise<void> {
  const { options, context, current, steps } = search;
  const { dims, seed } = options.settings;
  const step = { command: 'optimize', preset: 'default', dims, seed, verify: true } as const;
  const { model, report } = await runOptimizeStep(current, step, context);
  const what = nodesSentence(report.before, report.after);
  const drop = (why: string) => steps.push({ step: 'simplify', what, kept: false, why });
  if (model === current.model) return void drop(english`There is nothing to simplify.`);
  if (report.verdict.status === 'different') return void drop(english`The outputs would differ.`);
  const file = await asFile(model);
  const comparison = await compare(search, file);
  if (clearlySlower(comparison)) return void drop(latencySentence(comparison));
  search.recipe.push(step);
  search.float = file;
  const why = `${outputsSentence(report.verdict)}; ${latencySentence(comparison)}`;
  keep(search, file, comparison, { step: 'simplify', what, why });
}

/** One number of threads after the other against the best so far, in turns; kept is what is clearly faster. */
export async function chooseThreads(search: Search): Promise<void> {
  const { options, context, current, steps, environment } = search;
  const inUse = search.threads === 0 ? (environment.defaultThreads ?? 0) : search.threads;
  const counts = threadCounts(cpus().length).filter((count) => count !== inUse);
  const step = 'threads';
  if (counts.length === 0) {
    const what = counted(inUse, 'thread');
    return void steps.push({ step, what, kept: false, why: english`There is one core.` });
  }
  const target = await measured(current);
  // Together they take the time limit, each as long as a comparison of short runs needs.
  const { timeLimit } = options.settings;
  const each = Math.max(timeLimit / counts.length, Math.min(timeLimit, 5));
  const seen: string[] = [];
  let best: LatencyComparison | undefined;
  for (const threads of counts) {
    const settings = { ...options.settings, timeLimit: each, threads: search.threads };
    const comparison = await compareLatency(target, target, { settings, level: 'all', second: { threads } }, context);
    const against = search.threads === 0 ? english`ONNX Runtime's choice` : counted(search.threads, 'thread');
    seen.push(english`${counted(threads, 'thread')} against ${against}: ${latencySentence(comparison)}`);
    if (!clearlyFaster(comparison)) continue;
    search.threads = threads;
    best = comparison;
  }
  const why = seen.join('; ');
  if (best) return keep(search, current, best, { step, what: counted(search.threads, 'thread'), why });
  steps.push({ step, what: english`${counts.join(', ')} threads`, kept: false, why });
}

/** 1, 2, 4 … up to the number of cores. */
function threadCounts(cores: number): number[] {
  const counts: number[] = [];
  for (let count = 1; count < cores; count *= 2) counts.push(count);
  return [...counts, cores];
}

/** The best quantization within the limits, kept when it is clearly faster. */
export async function quantize(search: Search, asFile: AsFile): Promise<void> {
  const { context, current, steps } = search;
  const drop = (what: string, why: string) => void steps.push({ step: 'quantize', what, kept: false, why });
  let result: Awaited<ReturnType<typeof quantizeModel>>;
  try {
    result = await quantizeModel(await measured(current), { ...quantizing(search), scheme: 'auto' }, context);
  } catch (error) {
    if (!(error instanceof QuantizeError)) throw error;
    return drop('auto', error.message);
  }
  const { model, report, decided } = result;
  const { latency } = report;
  if (report.keepFloat || !latency) return drop('auto', report.advice.at(-1) ?? english`Nothing was faster.`);
  if (!clearlyFaster(latency)) return drop(report.scheme, latencySentence(latency));
  const file = await asFile(model);
  const judged = await judge(search, model);
  if (!allowed(search, judged))
    return drop(report.scheme, english`Beside the original too much is lost: ${lossOf(judged)}.`);
  search.judged = judged;
  search.recipe.push(quantizeStep(search, decided));
  keep(search, file, latency, {
    step: 'quantize',
    what: report.scheme,
    why: `${lossOf(judged)}; ${latencySentence(latency)}`,
  });
}

/** Options of a quantization that keeps the limits of the search. */
function quantizing({ options, threads }: Search): Omit<QuantizeOptions, 'scheme'> {
  const { labelled, minSqnr, maxMetricDrop } = options;
  return {
    settings: { ...options.settings, threads },
    perChannel: true,
    exclude: [],
    verify: true,
    measure: true,
    ...calibrating(options),
    ...(labelled ? { labelled } : {}),
    ...(labelled && maxMetricDrop !== undefined ? { maxMetricDrop } : {}),
    ...(minSqnr === undefined ? {} : { minSqnr }),
  };
}

/** The data that calibrate. */
function calibrating({ calibration, image }: TuneOptions): Pick<QuantizeOptions, 'calibration' | 'image'> {
  return { ...(calibration === undefined ? {} : { calibration }), ...(image === undefined ? {} : { image }) };
}

function quantizeStep({ options }: Search, decided: Awaited<ReturnType<typeof quantizeModel>>['decided']): TunedStep {
  const { calibration, image, settings } = options;
  const data = calibration ? { data: { path: calibration }, ...(image === undefined ? {} : { image }) } : {};
  return { command: 'quantize', ...decided, ...data, dims: settings.dims, seed: settings.seed };
}

/** Shares of the channels that pruning tries to take, the smallest first. */
const prunedShares = [0.1, 0.2, 0.3];

/**
 * As many of the weakest channels gone as the limits allow, before the same quantization as was kept. Only with labelled
 * data or a limit in dB: pruning without training always costs something, and no usual limit says how much is too much.
 */
export async function prune(search: Search, asFile: AsFile): Promise<void> {
  const { options, context, steps, float } = search;
  const { dims, seed } = options.settings;
  const drop = (what: string, why: string) => void steps.push({ step: 'prune', what, kept: false, why });
  if (!options.labelled && options.minSqnr === undefined)
    return drop(
      'channels',
      english`It costs accuracy: it is tried only with labelled data or a least signal to noise.`,
    );
  const quantized = search.recipe.find(({ command }) => command === 'quantize') as Unhashed<QuantizeStep> | undefined;
  let best: { file: OpenedModel; judged: Judged; recipe: TunedStep[]; share: number } | undefined;
  let why = '';
  for (const share of prunedShares) {
    const step = { command: 'prune', pattern: 'channels', ratio: share, keep: [], minSqnr: 1, dims, seed } as const;
    let model: Model;
    try {
      model = (await runPruneStep(float, step, context, { verify: false, measure: false })).model;
    } catch (error) {
      if (!(error instanceof PruneError)) throw error;
      why ||= error.message;
      continue;
    }
    let file = await asFile(model);
    const before = search.recipe.filter(({ command }) => command !== 'quantize');
    const recipe: TunedStep[] = [...before, step];
    if (quantized) {
      const { command: _, data: __, dims: ___, seed: ____, ...choices } = quantized;
      const { settings } = quantizing(search);
      const same = { settings, ...choices, ...calibrating(options), exclude: [], verify: false, measure: false };
      const again = await quantizeModel(await measured(file), same, context);
      file = await asFile(again.model);
      recipe.push(quantizeStep(search, again.decided));
    }
    const judged = await judge(search, file.model);
    if (!allowed(search, judged)) {
      why ||= english`Without ${percent(share)} of the channels too much is lost: ${lossOf(judged)}.`;
      break;
    }
    best = { file, judged, recipe, share };
  }
  if (!best) return drop('channels', why);
  const what = english`${percent(best.share)} of the channels`;
  const comparison = await compare(search, best.file);
  if (!clearlyFaster(comparison)) return drop(what, latencySentence(comparison));
  search.judged = best.judged;
  search.recipe = best.recipe;
  const gain = `${lossOf(best.judged)}; ${latencySentence(comparison)}`;
  keep(search, best.file, comparison, { step: 'prune', what, why: gain });
}

function allowed({ options, source }: Search, { sqnrDb, metric }: Judged): boolean {
  const limits = limitsOf(options, { bytes: source.identity.bytes, metric: metric?.before });
  return isWithin({ sqnrDb, metric: metric?.after, bytes: 0 }, limits);
}

const lossOf = ({ metric, sqnrDb }: Judged): string =>
  metric ? metricSentence(metric) : english`${decibels(sqnrDb ?? Number.POSITIVE_INFINITY)} signal to noise`;

/** Goes on from a result; its latency is that of the comparison that kept it. */
function keep(
  search: Search,
  file: OpenedModel,
  { b }: LatencyComparison,
  step: Pick<TuneStep, 'step' | 'what' | 'why'>,
): void {
  search.current = file;
  search.latency = b;
  search.steps.push({ ...step, kept: true, p90: b.p90 ?? b.max });
}

/** An opened model for a measurement. */
export const measured = async (opened: OpenedModel): Promise<MeasuredModel> => ({
  model: opened.model,
  path: opened.path,
  identity: await modelIdentity(opened),
});

async function compare({ current, options, context, threads }: Search, file: OpenedModel) {
  const settings = { ...options.settings, threads };
  return compareLatency(await measured(current), await measured(file), { settings, level: 'all' }, context);
}
