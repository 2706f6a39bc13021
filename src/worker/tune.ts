import { english } from '../core/english.ts';
import type { Model } from '../core/graph/model.ts';
import { summarizeLatency } from '../core/profile/latency.ts';
import { quantile } from '../core/profile/statistics.ts';
import { isKept, roundsP90 } from '../core/profile/target.ts';
import { time } from '../core/report/format.ts';
import { reportSchema, type TuneReport } from '../core/report/report.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { compareLatency } from './compare-latency.ts';
import { makeTemporaryFolder } from './model-source.ts';
import { type OpenedModel, openModel } from './open-model.ts';
import type { MeasurementContext } from './profile.ts';
import { requireImages, samplesFor } from './quantize-options.ts';
import { saveModel } from './save-model.ts';
import { sweepModel } from './sweep.ts';
import {
  type AsFile,
  chooseThreads,
  measured,
  prune,
  quantize,
  type Search,
  simplify,
  type TunedStep,
} from './tune-steps.ts';

export interface TuneOptions {
  readonly settings: RunSettings;
  /** Milliseconds within which 90 % of the runs must end. */
  readonly p90: number;
  /** Percentage points that the metric on the labelled data may lose. Default 0.5. */
  readonly maxMetricDrop?: number;
  /** In dB. Default 20 where there is no labelled data. */
  readonly minSqnr?: number;
  readonly calibration?: string;
  /** The calibration data are images, prepared so: see `QuantizeOptions`. */
  readonly image?: string;
  readonly labelled?: string;
}

export interface Tuned {
  readonly report: TuneReport;
  readonly model: Model;
  /** What was kept of it, for a recipe. */
  readonly steps: readonly TunedStep[];
  /** The last measurement as `profile --json` prints one, for the settings of a deployment. */
  readonly measured: string;
  /** Closes the model. */
  close(): Promise<void>;
}

/** Rounds that decide whether the target is met; each measures both models, in fresh sessions and turn by turn. */
const rounds = 6;
/** A result within this much of the target is worth deciding on before more is tried. */
const near = 1.1;

/** Why steps come in this order, for the report. */
const order = english`First what leaves the outputs as they are: simplification, then threads. Then what costs accuracy, the least first: quantization, then channels that go.`;

/**
 * Looks for a way to run a model within a time: simplification, threads, quantization, fewer channels, in the order of
 * what they risk. A step is kept when the whole interval of its A/B comparison says so, by a margin; nothing more is
 * tried once the target is surely met. Rejects when the model does not run.
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
  const asFile: AsFile = async (model) => {
    const path = `${folder.path}/step-${files.length + 1}.onnx`;
    await saveModel(model, path, { temporary: true, ...(context.signal ? { signal: context.signal } : {}) });
    const file = await openModel(path);
    files.push(file);
    return file;
  };
  try {
    const search = await startSearch(opened, options, context);
    let outcome = await decide(search, near);
    const before = outcome?.before;
    search.steps.push({
      step: 'measure',
      what: time(search.latency.median),
      kept: true,
      ...said(outcome, options.p90),
    });
    for (const attempt of [simplify, chooseThreads, quantize, prune]) {
      if (outcome?.met) break;
      context.signal?.throwIfAborted();
      const last = search.steps.length;
      await attempt(search, asFile);
      if (search.steps.slice(last).some(({ kept }) => kept)) outcome = await decide(search, near);
    }
    outcome ??= await decide(search, Number.POSITIVE_INFINITY);
    const measurement = await sweepOf(search);
    return {
      report: reportOf(search, outcome!, before),
      model: search.current.model,
      steps: search.recipe,
      measured: JSON.stringify(measurement),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startSearch(opened: OpenedModel, options: TuneOptions, context: MeasurementContext): Promise<Search> {
  const source = await measured(opened);
  requireImages(options);
  // Data that cannot be read is told before minutes are spent on what needs none.
  if (options.calibration !== undefined) await samplesFor(source.model, options);
  const { points, environment } = await sweepModel(
    source,
    { settings: options.settings, level: 'all', axes: {} },
    context,
  );
  const [{ latency, failure } = { failure: 'It was not run.' }] = points;
  if (!latency) throw new Error(failure);
  return {
    source,
    opened,
    options,
    context,
    environment,
    steps: [],
    recipe: [],
    current: opened,
    float: opened,
    latency,
    threads: options.settings.threads,
  };
}

/** What the rounds say of the original and of what was made of it. */
interface Outcome {
  readonly met: boolean | null;
  readonly before: ReturnType<typeof sideOf>;
  readonly after: ReturnType<typeof sideOf>;
}

/**
 * Measures the original and the current model in interleaved rounds. Nothing, when the last plain measurement lies
 * beyond `limit` times the target: more can be tried before this is worth its time.
 */
async function decide(
  { source, options, context, current, latency, threads }: Search,
  limit: number,
): Promise<Outcome | undefined> {
  const { settings, p90 } = options;
  if ((latency.p90 ?? latency.max) > p90 * limit) return undefined;
  const target = await measured(current);
  const times: [number[][], number[][]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const own = { ...settings, timeLimit: settings.timeLimit / rounds, seed: settings.seed + round };
    const turn = { settings: own, level: 'all', samples: true, second: { threads } } as const;
    const { a, b } = await compareLatency(source, target, turn, context);
    times[0].push([...a.samples!]);
    times[1].push([...b.samples!]);
  }
  const after = sideOf(times[1], settings.seed);
  return { before: sideOf(times[0], settings.seed), after, met: isKept(after.p90, p90) };
}

function sideOf(times: readonly (readonly number[])[], seed: number) {
  return {
    latency: summarizeLatency(times.flat(), { warmup: 0, seed }),
    p90: roundsP90(times.map((each) => quantile(each, 0.9))),
  };
}

function said(outcome: Outcome | undefined, p90: number) {
  const why = !outcome
    ? english`The target is missed by far.`
    : outcome.met
      ? english`The target is met as it is.`
      : outcome.met === null
        ? english`Rounds lie on both sides of ${time(p90)}.`
        : english`The target is missed.`;
  return { why, ...(outcome ? { p90: outcome.after.p90.median } : {}) };
}

/** The last settings with their latency, as a deployment reads them. */
async function sweepOf({ options, current, threads, context }: Search) {
  const settings = { ...options.settings, threads };
  const report = await sweepModel(await measured(current), { settings, level: 'all', axes: {} }, context);
  const { modelSha256: _, ...environment } = report.environment;
  return { ...report, environment };
}

function reportOf(search: Search, { met, before, after }: Outcome, first: Outcome['before'] | undefined): TuneReport {
  const { source, options, environment, steps, threads, judged } = search;
  const { p90, maxMetricDrop, minSqnr, settings } = options;
  const advice: string[] = [];
  const best = `${time(after.p90.median)} (${after.p90.interval.map((bound) => time(bound)).join(' to ')})`;
  if (met === false) advice.push(english`Nothing that was tried reaches ${time(p90)}: the best is ${best}.`);
  if (met === null)
    advice.push(
      english`Whether ${time(p90)} is kept cannot be told: the rounds' 90th percentiles are ${best}. Measure on a quieter machine, for longer, or leave more room.`,
    );
  if (!met && !options.calibration)
    advice.push(english`With calibration data, static int8 and mixed schemes are tried, too.`);
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
    before: (first ?? before).latency,
    after: after.latency,
    p90: { before: before.p90, after: after.p90 },
    settings: { provider: settings.provider, threads, level: 'all', dims: settings.dims },
    order,
    steps,
    ...(judged?.metric ? { metric: judged.metric } : {}),
    ...(judged ? { sqnrDb: judged.sqnrDb } : {}),
    advice,
  };
}
