/**
 * From traces to times by node. A kernel's time is the mean over the middle half of its own times in the profiled runs:
 * on a busy machine each run has a few kernels that wait for milliseconds, others each time, and a mean over whole runs
 * gives those to nodes that take microseconds. What kernels took beyond that is a part of its own. The other parts are
 * means over the middle half of the runs by their duration, so that together they are the whole.
 */
import { english } from '../english.ts';
import type { Graph, Model, Node, NodeId } from '../graph/model.ts';
import type { ProfiledKernel, ProfiledNode } from '../report/profile-report.ts';
import { type Attribution, bodiesOf, type Cover } from './attribution.ts';
import { mean, median, sorted, spread } from './statistics.ts';
import type { Trace, TraceRun } from './trace.ts';

/** Where the time of a run goes. All times are milliseconds a run. */
export interface Breakdown {
  /** Most time first. */
  readonly nodes: readonly ProfiledNode[];
  /** In the order of `trace.kernels`. */
  readonly kernels: readonly ProfiledKernel[];
  /** All kernels together, each with its usual time. */
  readonly kernelMs: number;
  /** Kernels that no node was found for. */
  readonly unattributedMs: number;
  /** Kernels that ORT put in to convert layouts and types; they count with the nodes whose values they convert. */
  readonly insertedMs: number;
  /** Kernels that ORT put in to copy between devices; they count with no node. With the nodes and `unattributedMs`, this is `kernelMs`. */
  readonly transferMs: number;
  /** What kernels took beyond their usual time: other work on the machine interrupted them. */
  readonly interruptedMs: number;
  /** Of the execution of the graph, what no kernel took. */
  readonly gapsMs: number;
  /** Of the run, what comes before and after the execution of the graph. */
  readonly frameworkMs: number;
  /** The whole run as the trace has it. */
  readonly runMs: number;
  /** What the clock outside says above the trace, the median over the runs behind no other figure, where there are enough: whether all parts are the whole is so left open. */
  readonly callMs: number;
  /** Which runs of the trace stand behind the times. */
  readonly runs: readonly number[];
}

/** Every node of a model, bodies included. */
export function allNodes(model: Model): ReadonlyMap<NodeId, Node> {
  const nodes = new Map<NodeId, Node>();
  const open: Graph[] = [model.graph];
  for (let graph = open.pop(); graph; graph = open.pop()) {
    for (const node of graph.nodes) {
      nodes.set(node.id, node);
      open.push(...bodiesOf(node));
    }
  }
  return nodes;
}

/**
 * Adds the runs of a trace up by kernel and by node. `walls` are the runs as timed from outside, where something did:
 * by them one also knows a run that was disturbed before or after what the trace has. Throws when the trace holds no run.
 */
export function breakDown(
  source: Model,
  trace: Trace,
  attribution: Attribution,
  walls: readonly number[] = [],
): Breakdown {
  const runs = middleHalf(trace.runs.map(({ duration }, run) => walls[run] ?? duration));
  if (runs.length === 0) throw new Error(english`The trace holds no complete run.`);
  const times = trace.runs.map((run) => kernelTimes(run, trace.kernels.length));
  const calls = new Float64Array(trace.kernels.length);
  for (const run of runs) for (const kernel of trace.runs[run]!.kernel) calls[kernel]!++;
  const average = (of: (run: number) => number) => mean(runs.map(of));
  const kernels = trace.kernels.map(
    ({ name, opType, provider, activationBytes, outputBytes }, index): ProfiledKernel => ({
      name,
      opType,
      provider: provider.replace(/ExecutionProvider$/, ''),
      milliseconds: middleMean(times.map((time) => time[index]!)),
      calls: calls[index]! / runs.length,
      nodes: attribution.covers[index]!.nodes,
      inserted: attribution.covers[index]!.inserted,
      ...(Number.isNaN(activationBytes) ? {} : { activationBytes }),
      ...(Number.isNaN(outputBytes) ? {} : { outputBytes }),
    }),
  );
  const sumWhere = (wanted: (cover: Cover, kernel: ProfiledKernel) => boolean) =>
    kernels.reduce((sum, kernel, at) => sum + (wanted(attribution.covers[at]!, kernel) ? kernel.milliseconds : 0), 0);
  const kernelMs = sumWhere(() => true);
  const runMs = average((run) => trace.runs[run]!.duration);
  const inKernels = average((run) => times[run]!.reduce((sum, time) => sum + time, 0));
  return {
    nodes: nodeTimes(source, kernels, attribution, times, kernelMs),
    kernels,
    kernelMs,
    unattributedMs: sumWhere(({ nodes }, kernel) => nodes.length === 0 && !isCopy(kernel)),
    insertedMs: sumWhere(({ inserted }, kernel) => inserted && !isCopy(kernel)),
    transferMs: sumWhere((_, kernel) => isCopy(kernel)),
    interruptedMs: Math.max(0, inKernels - kernelMs),
    ...betweenKernels(trace, runs, runMs - inKernels),
    runMs,
    callMs: callTime(trace, runs, walls),
    runs,
  };
}

/** 0 where nothing was timed from outside. One of two or three calls that waits would be the median: then all runs tell. */
function callTime({ runs }: Trace, behind: readonly number[], walls: readonly number[]): number {
  const timed = [...runs.keys()].filter((run) => walls[run] !== undefined);
  const others = timed.filter((run) => !behind.includes(run));
  const calls = (others.length > 3 ? others : timed).map((run) => walls[run]! - runs[run]!.duration);
  return calls.length > 0 ? Math.max(0, median(calls)) : 0;
}

/** By the CPU's clock; where kernels count by the GPU's, all that is left of the run is time in which the GPU had nothing to do. */
function betweenKernels({ runs, gpuTimes }: Trace, which: readonly number[], rest: number) {
  if (gpuTimes) return { gapsMs: Math.max(0, rest), frameworkMs: 0 };
  const average = (of: (run: TraceRun) => number) => mean(which.map((run) => of(runs[run]!)));
  return {
    gapsMs: average(({ gaps }) => gaps),
    frameworkMs: average(({ duration, executing }) => Math.max(0, duration - executing)),
  };
}

/** Where the middle half of so many ordered values lies; all of them when there are fewer than four. */
const middle = (count: number): readonly [from: number, to: number] =>
  count < 4 ? [0, count] : [Math.floor(count / 4), Math.ceil((count * 3) / 4)];

const middleMean = (values: ArrayLike<number>): number => mean(sorted(values).subarray(...middle(values.length)));

/** Indices of the values in the middle half. */
function middleHalf(values: readonly number[]): readonly number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  return order.slice(...middle(values.length));
}

/** A copy between devices is no node's work: it is there because two nodes run in different places. */
const isCopy = ({ opType }: ProfiledKernel): boolean => opType.startsWith('Memcpy');

/** Own time of each kernel in a run. */
function kernelTimes({ kernel, self }: TraceRun, kernels: number): Float64Array {
  const times = new Float64Array(kernels);
  for (let at = 0; at < kernel.length; at++) times[kernel[at]!]! += self[at]!;
  return times;
}

/** Times by node. A node's share of a kernel is the same in every run, so means of kernels give means of nodes. */
function nodeTimes(
  source: Model,
  kernels: readonly ProfiledKernel[],
  { covers }: Attribution,
  times: readonly Float64Array[],
  kernelMs: number,
): readonly ProfiledNode[] {
  const parts = new Map<NodeId, { readonly kernel: number; readonly milliseconds: number; readonly share: number }[]>();
  for (const [kernel, { nodes, shares }] of covers.entries()) {
    if (isCopy(kernels[kernel]!)) continue;
    for (const [index, node] of nodes.entries()) {
      const list = parts.get(node);
      const share = shares[index]!;
      const part = { kernel, share, milliseconds: kernels[kernel]!.milliseconds * share };
      if (list) list.push(part);
      else parts.set(node, [part]);
    }
  }
  const written = writtenBytes(source, kernels);
  const profiled: ProfiledNode[] = [];
  for (const [id, { name, opType }] of allNodes(source)) {
    const own = parts.get(id);
    if (!own) continue;
    const milliseconds = own.reduce((sum, part) => sum + part.milliseconds, 0);
    const main = own.reduce((a, b) => (b.milliseconds > a.milliseconds ? b : a));
    profiled.push({
      id,
      name,
      opType,
      milliseconds,
      spread: spread(times.map((time) => own.reduce((sum, { kernel, share }) => sum + time[kernel]! * share, 0))),
      share: kernelMs > 0 ? milliseconds / kernelMs : 0,
      calls: own.reduce((most, { kernel }) => Math.max(most, kernels[kernel]!.calls), 0),
      provider: kernels[main.kernel]!.provider,
      kernels: own.map(({ kernel }) => kernel),
      ...(own.some(({ kernel }) => kernels[kernel]!.outputBytes === undefined)
        ? {}
        : { outputBytes: written.get(id) ?? 0 }),
    });
  }
  return profiled.sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Bytes that kernels write, at the node that writes them: of those that a kernel stands for only the last one's values come to be. */
function writtenBytes(source: Model, kernels: readonly ProfiledKernel[]): ReadonlyMap<NodeId, number> {
  const order = new Map([...allNodes(source).keys()].map((id, index) => [id, index]));
  const written = new Map<NodeId, number>();
  for (const kernel of kernels) {
    const { nodes, outputBytes = 0 } = kernel;
    if (nodes.length === 0 || isCopy(kernel)) continue;
    const last = nodes.reduce((a, b) => (order.get(b)! > order.get(a)! ? b : a));
    written.set(last, (written.get(last) ?? 0) + outputBytes);
  }
  return written;
}
