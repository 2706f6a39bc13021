import { join } from 'node:path';
import { english } from '../core/english.ts';
import { type OptimizationLevel, RuntimeError } from '../core/evaluator.ts';
import type { Model, NodeId } from '../core/graph/model.ts';
import { tensorsOf } from '../core/onnx/tensors-of.ts';
import type { Overlay } from '../core/overlay.ts';
import { type Attribution, attributeKernels, typicalWork, type Weigh } from '../core/profile/attribution.ts';
import { allNodes, type Breakdown, breakDown } from '../core/profile/breakdown.ts';
import { summarizeLatency } from '../core/profile/latency.ts';
import { measuredMemory } from '../core/profile/memory.ts';
import { profileOverlays } from '../core/profile/overlays.ts';
import { profileProblems } from '../core/profile/problems.ts';
import { aboveCeilings, rooflineOf } from '../core/profile/roofline.ts';
import { mean, median } from '../core/profile/statistics.ts';
import type { Trace } from '../core/profile/trace.ts';
import { withUniqueNames } from '../core/profile/unique-names.ts';
import type { Ceilings, Latency, ModelIdentity, ProfileReport, Roofline } from '../core/report/profile-report.ts';
import { reportSchema } from '../core/report/report.ts';
import { CancelledError, type Progress } from '../protocol/rpc.ts';
import type { Feeds } from '../protocol/runtime.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { measureCeilings } from './ceilings.ts';
import { type FedCosts, fedCosts } from './fed-costs.ts';
import { type InputSet, makeInputs } from './inputs.ts';
import { measurementEnvironment, withChecksum } from './machine.ts';
import { makeTemporaryFolder, type PreparedModel, prepareModel } from './model-source.ts';
import { openModel } from './open-model.ts';
import { type Runtime, type RuntimeManager, TimeLimitError } from './runtime-client.ts';
import { timeRuns, warmupOf } from './timed-runs.ts';
import { joinTraces, readTraceFile } from './trace-file.ts';

/** A model to measure. */
export interface MeasuredModel {
  readonly model: Model;
  /** A file that holds exactly this model; absent for a version that only exists here. */
  readonly path?: string | undefined;
  readonly identity: ModelIdentity;
}

/** What every measurement needs beside the model. */
export interface MeasurementContext {
  readonly manager: RuntimeManager;
  /** Version of Opscope, for the report. */
  readonly opscope: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface ProfileOptions {
  readonly settings: RunSettings;
  /** Timed runs; 0: as many as a stable median needs within the time limit. */
  readonly runs: number;
  /** Runs before timing; −1: until the times have settled. */
  readonly warmup: number;
  readonly level: OptimizationLevel;
  /** Keep every time in the report. */
  readonly samples?: boolean;
  /** Events that a session may write, where it is not ONNX Runtime's own limit that counts. */
  readonly mostEvents?: number;
  /** Measure what the machine does at most, and place the kernels under it; on the CPU only. */
  readonly roofline?: boolean;
}

/** The graph that ONNX Runtime ran, and how it belongs to the model's own. */
export interface AsRun {
  readonly model: Model;
  /** Node as run → nodes of the model that it covers. */
  readonly origins: ReadonlyMap<NodeId, readonly NodeId[]>;
  /** Node as run → milliseconds a run. */
  readonly milliseconds: ReadonlyMap<NodeId, number>;
}

export interface ProfileResult {
  readonly report: ProfileReport;
  readonly overlays: readonly Overlay[];
  /** Null when the profiled runs failed. */
  readonly asRun: AsRun | null;
  /** The profiled runs, for a timeline; null when they failed. */
  readonly trace: Trace | null;
}

/** ONNX Runtime drops what is beyond 1,000,000 events; sessions end well before. */
const mostEventsPerSession = 900_000;
/** Reading 100,000 events takes a third of a second; more runs than that buys say little more about the shares. */
const eventsWorthReading = 100_000;
const profiledRuns = { least: 5, most: 50 } as const;
/** Runs before the profiled ones that count: three, fewer where a run is long and what it settles is a small part. */
const profiledWarmup = (latency: Latency) => Math.max(1, Math.min(3, Math.round(50 / latency.median)));
/** Shares of the time limit. */
const plainShare = 0.6;
const profiledShare = 0.3;

/**
 * Measures a model: first plain runs for its latency, then runs with ORT's profiler on for where the time goes. When
 * the second part fails, the report has the latency and says so; when it is stopped by the signal or because the runtime
 * hangs, within a second the report has what there is. Rejects when the model does not run, and with `CancelledError`
 * when it was stopped before the first runs.
 */
export async function profileModel(
  target: MeasuredModel,
  options: ProfileOptions,
  context: MeasurementContext,
): Promise<ProfileResult> {
  const { settings } = options;
  // The process starts while inputs and model are made ready and the file is read for its checksum.
  const beginning = measurementEnvironment(target, settings, options.level, context);
  beginning.catch(() => {});
  const { identity } = await withChecksum(target);
  const inputs = await makeInputs(target.model, { ...settings, path: settings.inputs });
  const named = withUniqueNames(target.model);
  const prepared = await sourceOf(target, named, context.signal);
  try {
    const modelSha256 = identity.sha256;
    const environment = { ...(await beginning), ...(modelSha256 === undefined ? {} : { modelSha256 }) };
    const plain = await measurePlain(prepared, inputs.feeds[0]!, options, context).catch((error: unknown) => {
      throw settings.inputs === undefined ? explainRun(error, inputs) : error;
    });
    const latency = latencySoFar(plain, options);
    const profiled =
      plain.stopped === undefined
        ? await measureProfiled(named, prepared, inputs, latency, options, context)
        : { failure: plain.stopped };
    const base = {
      schema: reportSchema,
      model: identity,
      environment,
      inputs: inputs.described,
      latency,
      sessionMs: plain.sessionMs,
    };
    if ('failure' in profiled) {
      return { report: { ...base, ...nothingProfiled(profiled.failure) }, overlays: [], asRun: null, trace: null };
    }
    const roofline = options.roofline ? await placeUnderRoof(profiled, options, context) : {};
    const { report, ...rest } = describeProfile(base, latency, profiled, settings);
    const whole = { ...report, ...roofline, problems: [...report.problems, ...(roofline.problems ?? [])] };
    return { ...rest, report: whole, overlays: profileOverlays(target.model, whole), trace: profiled.trace };
  } finally {
    await prepared.dispose();
  }
}

/** What a failed run may be due to that ONNX Runtime cannot know: sizes and values of inputs that we made. */
function explainRun(error: unknown, { described }: InputSet): unknown {
  if (!(error instanceof RuntimeError) || !error.message.includes('failed while running')) return error;
  const inputs = described.map(({ name, shape }) => `${name} ${shape.join('×')}`).join(', ');
  return new RuntimeError(
    english`${error.message}. The inputs were made up (${inputs}): other sizes of its dimensions, or a file with real inputs, may suit the model.`,
  );
}

/** The file itself where it serves, else what is written for the runtime. */
export async function sourceOf(
  { model, path }: Pick<MeasuredModel, 'model' | 'path'>,
  named: Model,
  signal: AbortSignal | undefined,
): Promise<PreparedModel> {
  if (named !== model || path === undefined) return prepareModel(named, signal);
  // A weights file that is missing is better named by us than by ONNX Runtime.
  for (const { data } of tensorsOf(model)) await data.read(0, 0);
  return { source: { path }, dispose: async () => {} };
}

/** Plain runs; `stopped` says why there are fewer than were to be. */
interface PlainRuns {
  readonly times: readonly number[];
  readonly sessionMs: number;
  readonly stopped?: string;
}

function latencySoFar({ times, stopped }: PlainRuns, options: ProfileOptions): Latency {
  const { seed } = options.settings;
  const samples = options.samples ? { keepSamples: true } : {};
  if (stopped === undefined) return summarizeLatency(times, { warmup: warmupOf(times, options), seed, ...samples });
  // Warm-up runs that were all there is are better than nothing.
  const warmup = options.warmup < times.length ? options.warmup : 0;
  const latency = summarizeLatency(times, { warmup, seed, ...samples });
  const message = english`Stopped after ${times.length} runs: the figures are from those.`;
  return { ...latency, stable: false, problems: [message, ...latency.problems] };
}

async function measurePlain(
  { source }: PreparedModel,
  feeds: Feeds,
  { settings, runs, warmup, level }: ProfileOptions,
  { manager, signal, onProgress }: MeasurementContext,
): Promise<PlainRuns> {
  onProgress?.({ message: english`Creating a session` });
  const times: number[] = [];
  let sessionMs = Number.NaN;
  const measuring = manager.use(
    async (runtime) => {
      const { provider, threads } = settings;
      const { session, milliseconds } = await runtime.client.createSession({
        model: source,
        options: { provider, threads, level },
      });
      sessionMs = milliseconds;
      const timeLimit = settings.timeLimit * 1000 * plainShare;
      await timeRuns(runtime, { session, feeds, runs, warmup, timeLimit, onProgress, times });
      await runtime.client.release({ session });
    },
    { signal, silence: hangLimit(settings), fresh: true },
  );
  try {
    await measuring;
    return { times, sessionMs };
  } catch (error) {
    if (times.length === 0 || !isStop(error)) throw error;
    return { times, sessionMs, stopped: stopReason(error) };
  }
}

/** Whether a measurement was ended from outside, so that what it has measured is good. */
export function isStop(error: unknown): error is CancelledError | TimeLimitError {
  return error instanceof CancelledError || error instanceof TimeLimitError;
}

function stopReason(error: CancelledError | TimeLimitError): string {
  return error instanceof CancelledError ? english`The measurement was stopped.` : error.message;
}

/** After so many milliseconds without a word a measurement counts as hung: one run, or one session, took as long as all may take. */
export function hangLimit({ timeLimit }: Pick<RunSettings, 'timeLimit'>): number {
  return Math.max(10_000, timeLimit * 1000);
}

/** Profiled runs, and what they say about the model. */
export interface Profiled {
  readonly trace: Trace;
  /** Profiled runs as timed from outside, warm-up left out. */
  readonly walls: readonly number[];
  /** The same for the runs behind the breakdown. */
  readonly wallMs: number;
  readonly asRunModel: Model;
  readonly costs: FedCosts;
  readonly attribution: Attribution;
  readonly breakdown: Breakdown;
}

async function measureProfiled(
  model: Model,
  prepared: PreparedModel,
  inputs: InputSet,
  latency: Latency,
  options: ProfileOptions,
  context: MeasurementContext,
): Promise<Profiled | { readonly failure: string }> {
  const folder = await makeTemporaryFolder();
  try {
    context.onProgress?.({ message: english`Profiling` });
    const warmup = profiledWarmup(latency);
    const feeds = inputs.feeds[0]!;
    let costs: FedCosts | undefined;
    // While ONNX Runtime writes the trace nothing is measured, and nothing else is done.
    const whileWriting = () => {
      costs ??= fedCosts(model, feeds);
    };
    const { paths, walls } = await context.manager.use(
      (runtime) => runProfiled(runtime, folder.path, model, prepared, feeds, latency, options, whileWriting),
      { signal: context.signal, silence: hangLimit(options.settings) },
    );
    context.onProgress?.({ message: english`Reading the trace` });
    const traces: Trace[] = [];
    for (const path of paths) {
      const trace = await readTraceFile(path);
      traces.push({ ...trace, runs: trace.runs.slice(warmup) });
    }
    const trace = joinTraces(traces);
    const asRun = await openModel(join(folder.path, 'as-run.onnx'));
    await asRun.close();
    return attributeTrace({ model, asRunModel: asRun.model, trace, walls, feeds, costs });
  } catch (error) {
    if (isStop(error)) return { failure: stopReason(error) };
    return { failure: error instanceof Error ? error.message : String(error) };
  } finally {
    await folder.remove();
  }
}

/** What a trace says about a model; `walls` are its runs as timed from outside. Throws when it holds no run. */
export function attributeTrace({
  model,
  asRunModel,
  trace,
  walls,
  feeds,
  costs = fedCosts(model, feeds),
}: Pick<Profiled, 'asRunModel' | 'trace' | 'walls'> & {
  readonly model: Model;
  readonly feeds: Feeds;
  readonly costs?: FedCosts | undefined;
}): Profiled {
  const attribution = attributeKernels(model, asRunModel, trace.kernels, weighByCost(costs));
  const breakdown = breakDown(model, trace, attribution, walls);
  // A trace that was cut short has fewer runs than were timed.
  const wallMs = mean(breakdown.runs.map((run) => walls[run]!));
  return { trace, walls, wallMs, asRunModel, costs, attribution, breakdown };
}

/** Profiled runs in as many sessions as the cap on events asks for. Gives the trace files and the times from outside. */
async function runProfiled(
  { client }: Runtime,
  folder: string,
  model: Model,
  { source }: PreparedModel,
  feeds: Feeds,
  latency: Latency,
  { settings, level, runs, mostEvents = mostEventsPerSession }: ProfileOptions,
  whileWriting: () => void,
): Promise<{ paths: readonly string[]; walls: readonly number[] }> {
  const paths: string[] = [];
  const walls: number[] = [];
  const warmup = profiledWarmup(latency);
  const oneSession = async (count: number) => {
    const { session } = await client.createSession({
      model: source,
      options: {
        provider: settings.provider,
        threads: settings.threads,
        level,
        profilePrefix: join(folder, `trace-${paths.length}`),
        ...(paths.length === 0 ? { optimizedModelPath: join(folder, 'as-run.onnx') } : {}),
      },
    });
    const timeLimit = settings.timeLimit * 1000 * profiledShare;
    const times = await client.time({ session, feeds, count: count + warmup, timeLimit });
    const ending = client.endProfiling({ session });
    whileWriting();
    paths.push((await ending).tracePath);
    // The trace is there to be read; the next call waits for this one in any case.
    client.release({ session }).catch(() => {});
    walls.push(...times.subarray(warmup));
  };
  const afford = Math.floor((settings.timeLimit * 1000 * profiledShare) / latency.median) - warmup;
  const wanted = Math.max(1, Math.min(afford, runs > 0 ? runs : profiledRuns.most, profiledRuns.most));
  const events = await eventsPerRun(model, async () => {
    await oneSession(1);
    // Without a run that ended the warm-up was cut off already.
    return (await readTraceFile(paths[0]!)).runs.at(-1)?.kernel.length ?? Number.POSITIVE_INFINITY;
  });
  if (events * (1 + warmup) > mostEvents) {
    throw new Error(
      english`One run has too many kernels for ONNX Runtime's profiler, which keeps 1,000,000 of a session: most likely a loop has many rounds. With smaller inputs there are fewer.`,
    );
  }
  const worthwhile = Math.max(profiledRuns.least, Math.floor(eventsWorthReading / events));
  const perSession = Math.max(1, Math.floor(mostEvents / events) - warmup);
  const total = Math.min(wanted, worthwhile);
  for (let done = walls.length; done < total; done = walls.length) {
    await oneSession(Math.min(perSession, total - done));
    // The time limit was reached before a run that counts.
    if (walls.length === done) break;
  }
  if (walls.length === 0)
    throw new Error(english`One run takes longer than the time limit leaves for profiled runs. Raise it.`);
  return { paths, walls };
}

/** An upper bound of the events of a run: ORT may put conversions in, but without loops no node runs twice. With loops, or functions of the model's own, one run tells. */
async function eventsPerRun(model: Model, measure: () => Promise<number>): Promise<number> {
  const nodes = [...allNodes(model).values()];
  const repeats =
    model.functions.length > 0 ||
    nodes.some(({ opType }) => /^(?:Loop|Scan|SequenceMap)$|Search$|Sampling$/.test(opType));
  return (repeats ? await measure() : 2 * nodes.length) + 10;
}

/** Work of a node from its shapes, as seconds on a machine of 20 GMAC/s and 10 GB/s; only the ratios matter. */
function weighByCost({ nodes: costs }: FedCosts): Weigh {
  return (node) => {
    const { macs = null, bytes = null } = costs.get(node.id) ?? {};
    return bytes === null ? typicalWork(node) * 1e-6 : (macs ?? 0) / 2e10 + bytes / 1e10;
  };
}

function nothingProfiled(failure: string) {
  return {
    nodes: [],
    kernels: [],
    kernelMs: 0,
    unattributedMs: 0,
    insertedMs: 0,
    transferMs: 0,
    interruptedMs: 0,
    gapsMs: 0,
    frameworkMs: 0,
    callMs: 0,
    wallMs: 0,
    overheadRatio: 1,
    profiledRuns: 0,
    problems: [english`The time could not be broken down by node: ${failure}`],
  };
}

/** The part of a report that does not come from the profiled runs. */
type ReportBase = Omit<ProfileReport, keyof ReturnType<typeof nothingProfiled>>;

/** The report of profiled runs, and the graph that they ran. */
export function describeProfile(
  base: ReportBase,
  latency: Latency,
  { trace, walls, wallMs, asRunModel, costs, attribution, breakdown }: Profiled,
  { provider }: Pick<RunSettings, 'provider'>,
): Omit<ProfileResult, 'trace' | 'overlays'> {
  const { runs: _, runMs: __, ...parts } = breakdown;
  const memory = measuredMemory(trace);
  const report: ProfileReport = {
    ...base,
    ...parts,
    wallMs,
    overheadRatio: median(walls) / latency.median,
    profiledRuns: walls.length,
    ...(memory ? { memory } : {}),
    ...(costs.peakActivationBytes === null ? {} : { peakActivationBytes: costs.peakActivationBytes }),
    problems: profileProblems(provider, breakdown, trace, wallMs, walls.length),
  };
  const origins = new Map<NodeId, readonly NodeId[]>();
  const milliseconds = new Map<NodeId, number>();
  for (const [index, node] of attribution.asRun.entries()) {
    if (node === null) continue;
    origins.set(node, attribution.covers[index]!.nodes);
    milliseconds.set(node, parts.kernels[index]!.milliseconds);
  }
  return { report, asRun: { model: asRunModel, origins, milliseconds } };
}

const computesInHalf = ({ kernels }: Trace): boolean =>
  kernels.some(({ inputs, outputs }) => [...inputs, ...outputs].some((type) => type.startsWith('float16')));

/** Which ceiling half precision is held against, where it is not one of its own. */
function halfPrecision(trace: Trace, { fp16Gflops }: Ceilings): readonly string[] {
  return !computesInHalf(trace) || fp16Gflops !== undefined
    ? []
    : [
        english`ONNX Runtime computes products of float16 in float32 here: they are held against the ceiling of float32.`,
      ];
}

/** The roofline of a profile; a problem instead when there is none. */
async function placeUnderRoof(
  { breakdown, trace, attribution, costs }: Profiled,
  { settings }: ProfileOptions,
  { manager, signal, onProgress }: MeasurementContext,
): Promise<{ readonly roofline?: Roofline; readonly problems?: readonly string[] }> {
  if (settings.provider !== 'cpu') {
    return { problems: [english`There is no roofline: outside the CPU the trace does not say how long a kernel ran.`] };
  }
  onProgress?.({ message: english`Measuring what the machine can do` });
  try {
    const half = computesInHalf(trace);
    const ceilings = await measureCeilings(manager, { threads: settings.threads, half }, signal);
    const work = { kernels: breakdown.kernels, traced: trace.kernels, covers: attribution.covers, costs: costs.nodes };
    const roofline = rooflineOf(work, ceilings);
    return { roofline, problems: [...halfPrecision(trace, ceilings), ...aboveCeilings(roofline)] };
  } catch (error) {
    if (isStop(error)) return { problems: [english`There is no roofline: ${stopReason(error)}`] };
    return { problems: [english`There is no roofline: ${error instanceof Error ? error.message : String(error)}`] };
  }
}
