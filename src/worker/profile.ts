import { english } from '../core/english.ts';
import { type OptimizationLevel, RuntimeError } from '../core/evaluator.ts';
import type { Model, NodeId } from '../core/graph/model.ts';
import { tensorsOf } from '../core/onnx/tensors-of.ts';
import type { Overlay } from '../core/overlay.ts';
import { summarizeLatency } from '../core/profile/latency.ts';
import { measuredMemory } from '../core/profile/memory.ts';
import { profileOverlays } from '../core/profile/overlays.ts';
import { profileProblems } from '../core/profile/problems.ts';
import { aboveCeilings, rooflineOf } from '../core/profile/roofline.ts';
import { median } from '../core/profile/statistics.ts';
import type { Trace } from '../core/profile/trace.ts';
import { withUniqueNames } from '../core/profile/unique-names.ts';
import type { Ceilings, Latency, ModelIdentity, ProfileReport, Roofline } from '../core/report/profile-report.ts';
import { reportSchema } from '../core/report/report.ts';
import type { Progress } from '../protocol/rpc.ts';
import type { Feeds } from '../protocol/runtime.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { measureCeilings } from './ceilings.ts';
import { type InputSet, makeInputs } from './inputs.ts';
import { measurementEnvironment, withChecksum } from './machine.ts';
import { type PreparedModel, prepareModel } from './model-source.ts';
import { measureProfiled, type Profiled } from './profiled-runs.ts';
import type { RuntimeManager } from './runtime-client.ts';
import { hangLimit, isStop, stopReason } from './stopping.ts';
import { timeRuns, warmupOf } from './timed-runs.ts';

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

/** Share of the time limit. */
const plainShare = 0.6;

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
  { trace, walls, wallMs, asRunModel, costs, attribution, breakdown, waited }: Profiled,
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
    problems: profileProblems(provider, breakdown, { trace, waited, wallMs, runs: walls.length }),
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
