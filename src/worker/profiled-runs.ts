import { join } from 'node:path';
import { english } from '../core/english.ts';
import type { Model } from '../core/graph/model.ts';
import { type Attribution, attributeKernels, typicalWork, type Weigh } from '../core/profile/attribution.ts';
import { allNodes, type Breakdown, breakDown } from '../core/profile/breakdown.ts';
import { type GraphMatch, matchGraphs } from '../core/profile/region.ts';
import { mean } from '../core/profile/statistics.ts';
import type { Trace } from '../core/profile/trace.ts';
import type { Latency } from '../core/report/profile-report.ts';
import type { Feeds } from '../protocol/runtime.ts';
import { type FedCosts, fedCosts } from './fed-costs.ts';
import type { InputSet } from './inputs.ts';
import { makeTemporaryFolder, type PreparedModel } from './model-source.ts';
import { openModel } from './open-model.ts';
import type { MeasurementContext, ProfileOptions } from './profile.ts';
import { createRuntimeManager, type Runtime } from './runtime-client.ts';
import { hangLimit, isStop, stopReason } from './stopping.ts';
import { joinTraces, readTraceFile } from './trace-file.ts';

/** ONNX Runtime drops what is beyond 1,000,000 events; sessions end well before. */
const mostEventsPerSession = 900_000;
/** Reading 100,000 events takes a third of a second; more runs than that buys say little more about the shares. */
const eventsWorthReading = 100_000;
const profiledRuns = { least: 5, most: 50 } as const;
/** Runs before the profiled ones that count: three, fewer where a run is long and what it settles is a small part. */
export const profiledWarmup = (latency: Latency): number => Math.max(1, Math.min(3, Math.round(50 / latency.median)));
/** Share of the time limit. */
const profiledShare = 0.3;
/**
 * Has CUDA wait for each kernel that it hands over, so that the trace has the time it ran: ONNX Runtime's builds do not
 * ask the GPU. https://docs.nvidia.com/cuda/cuda-c-programming-guide/#environment-variables
 */
const waitingForKernels = { CUDA_LAUNCH_BLOCKING: '1' };

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
  /** Every kernel on the GPU was waited for. */
  readonly waited: boolean;
}

/** Runs with ORT's profiler on, and what they say; a sentence instead where they fail or are stopped, since the latency is good without them. */
export async function measureProfiled(
  model: Model,
  prepared: PreparedModel,
  inputs: InputSet,
  latency: Latency,
  options: ProfileOptions,
  context: MeasurementContext,
): Promise<Profiled | { readonly failure: string }> {
  const folder = await makeTemporaryFolder();
  const waited = options.settings.provider === 'cuda';
  const manager = waited ? createRuntimeManager({ env: waitingForKernels }) : context.manager;
  try {
    context.onProgress?.({ message: english`Profiling` });
    const feeds = inputs.feeds[0]!;
    const asRunPath = join(folder.path, 'as-run.onnx');
    let costs: FedCosts | undefined;
    let graphs: MatchedGraphs | undefined;
    // What can be known without the trace is found out while ONNX Runtime does what is not measured.
    const meanwhile = {
      creating: () => {
        costs ??= fedCosts(model, feeds);
      },
      writing: async () => {
        graphs ??= await matchedGraphs(model, asRunPath);
      },
    };
    const target = { model, prepared, feeds, folder: folder.path, asRunPath };
    const { paths, walls, warmup } = await manager.use(
      (runtime) => runProfiled(runtime, target, latency, options, meanwhile),
      { signal: context.signal, silence: hangLimit(options.settings) },
    );
    context.onProgress?.({ message: english`Reading the trace` });
    const traces: Trace[] = [];
    for (const path of paths) {
      const trace = await readTraceFile(path);
      traces.push({ ...trace, runs: trace.runs.slice(warmup) });
    }
    return attributeTrace({ model, trace: joinTraces(traces), walls, feeds, costs, waited, ...graphs! });
  } catch (error) {
    if (isStop(error)) return { failure: stopReason(error) };
    return { failure: error instanceof Error ? error.message : String(error) };
  } finally {
    if (waited) manager.dispose();
    await folder.remove();
  }
}

/** The graph that ONNX Runtime saved, and what of the model it covers. */
interface MatchedGraphs {
  readonly asRunModel: Model;
  readonly match: GraphMatch;
}

async function matchedGraphs(model: Model, path: string): Promise<MatchedGraphs> {
  const asRun = await openModel(path);
  await asRun.close();
  return { asRunModel: asRun.model, match: matchGraphs(model.graph, asRun.model.graph) };
}

/** What a trace says about a model; `walls` are its runs as timed from outside. Throws when it holds no run. */
export function attributeTrace({
  model,
  asRunModel,
  trace,
  walls,
  feeds,
  costs = fedCosts(model, feeds),
  waited = false,
  match = matchGraphs(model.graph, asRunModel.graph),
}: Pick<Profiled, 'asRunModel' | 'trace' | 'walls'> & {
  readonly model: Model;
  readonly feeds: Feeds;
  readonly costs?: FedCosts | undefined;
  readonly waited?: boolean;
  readonly match?: GraphMatch | undefined;
}): Profiled {
  const attribution = attributeKernels(match, asRunModel, trace.kernels, weighByCost(costs));
  const breakdown = breakDown(model, trace, attribution, walls);
  // A trace that was cut short has fewer runs than were timed.
  const wallMs = mean(breakdown.runs.map((run) => walls[run]!));
  return { trace, walls, wallMs, asRunModel, costs, attribution, breakdown, waited };
}

/** What profiled runs are of: the model, a file of it, where traces go, and where the graph goes that ONNX Runtime makes. */
interface ProfiledTarget {
  readonly model: Model;
  readonly prepared: PreparedModel;
  readonly feeds: Feeds;
  readonly folder: string;
  readonly asRunPath: string;
}

/** Done while a session is made, and while a trace is written: the graph that ONNX Runtime made is there by then. */
interface Meanwhile {
  readonly creating: () => void;
  readonly writing: () => Promise<void>;
}

/** Profiled runs in as many sessions as the cap on events asks for. Gives the trace files, the times from outside, and how many runs of each session are warm-up. */
async function runProfiled(
  { client }: Runtime,
  { model, prepared, feeds, folder, asRunPath }: ProfiledTarget,
  latency: Latency,
  { settings, level, runs, mostEvents = mostEventsPerSession }: ProfileOptions,
  meanwhile: Meanwhile,
): Promise<{ paths: readonly string[]; walls: readonly number[]; warmup: number }> {
  const paths: string[] = [];
  const walls: number[] = [];
  const warmup = profiledWarmup(latency);
  const oneSession = async (count: number) => {
    const creating = client.createSession({
      model: prepared.source,
      options: {
        provider: settings.provider,
        threads: settings.threads,
        level,
        profilePrefix: join(folder, `trace-${paths.length}`),
        ...(paths.length === 0 ? { optimizedModelPath: asRunPath } : {}),
      },
    });
    meanwhile.creating();
    const { session } = await creating;
    const timeLimit = settings.timeLimit * 1000 * profiledShare;
    const times = await client.time({ session, feeds, count: count + warmup, timeLimit });
    const [{ tracePath }] = await Promise.all([client.endProfiling({ session }), meanwhile.writing()]);
    paths.push(tracePath);
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
  return { paths, walls, warmup };
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
