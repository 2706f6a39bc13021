/**
 * ONNX Runtime's profile: a JSON array of Chrome trace events, one a line. A kernel's event ends in `_kernel_time` and
 * is written when the kernel ends, so a body's kernels come before the `Loop` that ran them; `model_run` closes a run.
 * Fields that are not known here are passed over, and an event that cannot be read is counted, not fatal: what ORT
 * writes changes from version to version, and it does not escape node names.
 */

import { type GpuEvent, withGpuTimes } from './gpu-times.ts';
import { isRecord, kernelOf, parseJson, type TraceKernel } from './trace-kernel.ts';
import { haveSameName, type KernelEvent, kernelEvent, kernelEventOf, withNameOnly } from './trace-line.ts';

/** One run. Event i is a call of `kernel[i]`; times are milliseconds, `start` since the session began. Ordered by start. */
export interface TraceRun {
  readonly start: number;
  readonly duration: number;
  /** Milliseconds of `duration` in which the graph was executed; before and after come what goes in and out. */
  readonly executing: number;
  /** Milliseconds of `executing` in which no kernel of the main graph ran. */
  readonly gaps: number;
  readonly kernel: Uint32Array;
  readonly starts: Float64Array;
  readonly durations: Float64Array;
  /** Durations without what ran inside: the time of a `Loop` less that of its body. On a GPU by its own clock, where the trace has that. */
  readonly self: Float64Array;
}

export interface Trace {
  readonly kernels: readonly TraceKernel[];
  readonly runs: readonly TraceRun[];
  /** Times of kernels on a GPU are the GPU's own, not those that the CPU took to hand them over. */
  readonly gpuTimes: boolean;
  /** Events that could not be read. */
  readonly unread: number;
  /** Milliseconds that session creation took, if the trace says so. */
  readonly sessionMs: number;
}

/** A stretch of time, in microseconds. */
interface Span {
  readonly start: number;
  readonly duration: number;
}

const kernelSuffix = '_kernel_time';
const executorSuffix = 'Executor::Execute';
const holdsBody = /^(?:If|Loop|Scan|SequenceMap|\w*(?:Search|Sampling))$/;
// A name may hold quotes, so it ends where `args` begins.
const eventHead = /"dur"\s*:\s*(\d+),\s*"ts"\s*:\s*(\d+),\s*"ph"\s*:\s*"X",\s*"name"\s*:\s*"(.*?)",\s*"args"\s*:/;

/** Of the category that the WebGPU provider files what the GPU did under. */
const gpuEvent = /"cat"\s*:\s*"Api"/;

/** Reads a trace piece by piece. `finish` may be called once. */
export interface TraceReader {
  /** Whole lines, in UTF-8; they are kept until their run ends. */
  lines(bytes: Uint8Array): void;
  finish(): Trace;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const lineEnd = encoder.encode('\n')[0]!;

export function createTraceReader(): TraceReader {
  const kernels: KernelList = { list: [], first: [], byIndex: new Map(), following: [], shapes: new Map() };
  const runs: TraceRun[] = [];
  const onGpu: GpuEvent[] = [];
  let pending: KernelEvent[] = [];
  let executor: Span | undefined;
  let unread = 0;
  let sessionMs = Number.NaN;

  const event = (name: string, start: number, duration: number, details: string) => {
    if (name.endsWith(kernelSuffix)) {
      pending.push(kernelEventOf(name.slice(0, -kernelSuffix.length), start, duration, details));
    } else if (name.endsWith(executorSuffix)) {
      // That of the main graph ends after those of bodies.
      executor = { start, duration };
    } else if (name === 'model_run') {
      runs.push(closeRun(pending, { start, duration }, executor, kernels));
      pending = [];
      executor = undefined;
    } else if (name === 'session_initialization') {
      sessionMs = duration / 1000;
    }
  };

  const line = (text: string) => {
    const start = text.indexOf('{');
    if (start < 0) return;
    const head = eventHead.exec(text);
    if (head && gpuEvent.test(text.slice(start, head.index))) {
      onGpu.push({ node: head[3]!.replace(/&[^&]*&[^&]*$/, ''), milliseconds: Number(head[1]) / 1000 });
      return;
    }
    if (head) {
      event(head[3]!, Number(head[2]), Number(head[1]), text.slice(head.index + head[0].length));
      return;
    }
    const parsed = parseObject(text.slice(start).replace(/[,\]\s]+$/, ''));
    const { name, ts, dur, args } = parsed;
    if (typeof name !== 'string') unread++;
    else if (typeof ts === 'number' && typeof dur === 'number') event(name, ts, dur, JSON.stringify(args ?? {}));
  };

  return {
    lines: (bytes) => {
      for (let from = 0; from < bytes.length; ) {
        const found = bytes.indexOf(lineEnd, from);
        const to = found < 0 ? bytes.length : found;
        const kernel = kernelEvent(bytes, from, to);
        if (kernel) pending.push(kernel);
        else line(decoder.decode(bytes.subarray(from, to)));
        from = to + 1;
      }
    },
    finish: () => {
      const timed = withGpuTimes(kernels.list, runs, onGpu);
      return { kernels: kernels.list, runs: timed, gpuTimes: onGpu.length > 0, unread, sessionMs };
    },
  };
}

/** A trace from the whole text of its file, whether it has one event a line or not. */
export function readTrace(text: string): Trace {
  const reader = createTraceReader();
  reader.lines(encoder.encode(text));
  const trace = reader.finish();
  if (trace.runs.length > 0) return trace;
  const parsed = parseJson(text);
  const events: readonly unknown[] = Array.isArray(parsed)
    ? parsed
    : isRecord(parsed) && Array.isArray(parsed.traceEvents)
      ? parsed.traceEvents
      : [];
  const again = createTraceReader();
  for (const item of events) again.lines(encoder.encode(JSON.stringify(item)));
  return again.finish();
}

/** Kernels as they are met, and what finds one again. */
interface KernelList {
  readonly list: TraceKernel[];
  /** By kernel: the event that it was met in first. */
  readonly first: KernelEvent[];
  /** By index of the node: the places of the kernels that have it. */
  readonly byIndex: Map<number, number[]>;
  /** By kernel: the place of the one that followed it when it last ran, which is nearly always the one that follows it again. */
  readonly following: number[];
  /** Lists of shapes by their text: most kernels have those of others. */
  readonly shapes: Map<string, readonly string[]>;
}

/** The run that the pending events make up, its kernels added to the list. */
function closeRun(
  events: KernelEvent[],
  { start, duration }: Span,
  executor: Span | undefined,
  kernels: KernelList,
): TraceRun {
  sortByStart(events);
  const kernel = new Uint32Array(events.length);
  const starts = new Float64Array(events.length);
  const durations = new Float64Array(events.length);
  const self = new Float64Array(events.length);
  const open: { readonly at: number; readonly end: number }[] = [];
  // A trace that says nothing of it leaves what goes in and out among the gaps.
  const execution = executor ?? { start, duration };
  let idleSince = execution.start;
  let gaps = 0;
  let before: number | undefined;
  for (let at = 0; at < events.length; at++) {
    const item = events[at]!;
    while (open.length > 0 && item.start >= open.at(-1)!.end) open.pop();
    const holder = open.at(-1);
    const place = placeOf(item, holder ? kernel[holder.at]! : -1, before, kernels);
    if (before !== undefined) kernels.following[before] = place;
    before = place;
    kernel[at] = place;
    starts[at] = item.start / 1000;
    durations[at] = item.duration / 1000;
    self[at] = durations[at]!;
    if (holder) self[holder.at]! -= durations[at]!;
    else {
      gaps += Math.max(0, item.start - idleSince);
      idleSince = Math.max(idleSince, item.start + item.duration);
    }
    if (holdsBody.test(kernels.list[place]!.opType)) open.push({ at, end: item.start + item.duration });
  }
  // Whole microseconds are truncated one by one, so the parts may exceed the whole by a little.
  for (let at = 0; at < self.length; at++) self[at] = Math.max(0, self[at]!);
  gaps += Math.max(0, execution.start + execution.duration - idleSince);
  const times = { start: start / 1000, duration: duration / 1000, executing: execution.duration / 1000 };
  return { ...times, gaps: gaps / 1000, kernel, starts, durations, self };
}

/** A holder starts no later than what it holds, lasts at least as long, and is written after it. */
function sortByStart(events: KernelEvent[]): void {
  const isSorted = events.every(({ start }, at) => at === 0 || start > events[at - 1]!.start);
  if (isSorted) return;
  const written = new Map(events.map((event, index) => [event, event.duration > 0 ? -index : index]));
  events.sort((a, b) => a.start - b.start || b.duration - a.duration || written.get(a)! - written.get(b)!);
}

/** The place of an event's kernel; `before` is that of the event before it. */
function placeOf(event: KernelEvent, parent: number, before: number | undefined, kernels: KernelList): number {
  const { list, first, byIndex, following } = kernels;
  const expected = before === undefined ? undefined : following[before];
  if (expected !== undefined && isAt(expected, event, parent, kernels)) return expected;
  const places = byIndex.get(event.index);
  const known = places?.find((place) => isAt(place, event, parent, kernels));
  if (known !== undefined) return known;
  if (places) places.push(list.length);
  else byIndex.set(event.index, [list.length]);
  first.push(withNameOnly(event));
  list.push(kernelOf(event, parent, kernels.shapes));
  return list.length - 1;
}

function isAt(place: number, event: KernelEvent, parent: number, { list, first }: KernelList): boolean {
  const { index, parent: holder } = list[place]!;
  return index === event.index && holder === parent && haveSameName(first[place]!, event);
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  return isRecord(value) ? value : {};
}
