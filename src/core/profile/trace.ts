/**
 * ONNX Runtime's profile: a JSON array of Chrome trace events, one a line. A kernel's event ends in `_kernel_time` and
 * is written when the kernel ends, so a body's kernels come before the `Loop` that ran them; `model_run` closes a run.
 * Fields that are not known here are passed over, and an event that cannot be read is counted, not fatal: what ORT
 * writes changes from version to version, and it does not escape node names.
 */

import { type GpuEvent, withGpuTimes } from './gpu-times.ts';

/** A node that ONNX Runtime ran, in the place where it ran it. */
export interface TraceKernel {
  /** Name of the node in the graph that ORT made; for a node without a name, `<opType>_<index>`. */
  readonly name: string;
  readonly opType: string;
  /** Index of the node in ORT's own graph; −1 when the trace does not say. */
  readonly index: number;
  readonly provider: string;
  /** Place of the `If`, `Loop` or `Scan` kernel in whose body it ran, in the list of kernels; −1 in the main graph. */
  readonly parent: number;
  /** As `float32 [1, 3, 224, 224]`, of the first call. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Bytes of weights and of other inputs read, and of outputs, of the first call; NaN when the trace does not say. */
  readonly parameterBytes: number;
  readonly activationBytes: number;
  readonly outputBytes: number;
  /** Bytes that its provider's allocator held before the first call, and at most up to its end; NaN when the trace does not say. */
  readonly memoryBefore: number;
  readonly memoryPeak: number;
}

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

interface PendingEvent extends Span {
  readonly name: string;
  readonly index: number;
  /** The text of its `args`, looked into when its kernel is seen for the first time. */
  readonly details: string;
}

const kernelSuffix = '_kernel_time';
const executorSuffix = 'Executor::Execute';
const holdsBody = /^(?:If|Loop|Scan|SequenceMap|\w*(?:Search|Sampling))$/;
// Only what is in front of `args` is matched on every line; a name may hold quotes, so it ends where `args` begins.
const eventHead = /"dur"\s*:\s*(\d+),\s*"ts"\s*:\s*(\d+),\s*"ph"\s*:\s*"X",\s*"name"\s*:\s*"(.*?)",\s*"args"\s*:/;

/** Of the category that the WebGPU provider files what the GPU did under. */
const gpuEvent = /"cat"\s*:\s*"Api"/;

/** Reads a trace line by line. `finish` may be called once. */
export interface TraceReader {
  line(text: string): void;
  finish(): Trace;
}

export function createTraceReader(): TraceReader {
  const kernels: KernelList = { list: [], places: new Map(), following: [] };
  const runs: TraceRun[] = [];
  const onGpu: GpuEvent[] = [];
  let pending: PendingEvent[] = [];
  let executor: Span | undefined;
  let unread = 0;
  let sessionMs = Number.NaN;

  const event = (name: string, start: number, duration: number, details: string) => {
    if (name.endsWith(kernelSuffix)) {
      pending.push({ name: name.slice(0, -kernelSuffix.length), start, duration, index: nodeIndex(details), details });
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

  return {
    line: (text) => {
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
  for (const line of text.split('\n')) reader.line(line);
  const trace = reader.finish();
  if (trace.runs.length > 0) return trace;
  const parsed = parseJson(text);
  const events: readonly unknown[] = Array.isArray(parsed)
    ? parsed
    : isRecord(parsed) && Array.isArray(parsed.traceEvents)
      ? parsed.traceEvents
      : [];
  const again = createTraceReader();
  for (const item of events) again.line(JSON.stringify(item));
  return again.finish();
}

/** Kernels as they are met, and what finds one again. */
interface KernelList {
  readonly list: TraceKernel[];
  readonly places: Map<string, number>;
  /** By kernel: the place of the one that followed it when it last ran, which is nearly always the one that follows it again. */
  readonly following: number[];
}

/** The run that the pending events make up, its kernels added to the list. */
function closeRun(
  events: PendingEvent[],
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
function sortByStart(events: PendingEvent[]): void {
  const isSorted = events.every(({ start }, at) => at === 0 || start > events[at - 1]!.start);
  if (isSorted) return;
  const written = new Map(events.map((event, index) => [event, event.duration > 0 ? -index : index]));
  events.sort((a, b) => a.start - b.start || b.duration - a.duration || written.get(a)! - written.get(b)!);
}

/** The place of an event's kernel; `before` is that of the event before it. */
function placeOf(
  event: PendingEvent,
  parent: number,
  before: number | undefined,
  { list, places, following }: KernelList,
): number {
  const expected = before === undefined ? undefined : following[before];
  if (expected !== undefined) {
    const kernel = list[expected]!;
    if (kernel.index === event.index && kernel.parent === parent && kernel.name === event.name) return expected;
  }
  const key = `${parent}/${event.index}/${event.name}`;
  const known = places.get(key);
  if (known !== undefined) return known;
  const field = (key: string): unknown => fieldOf(event.details, key);
  places.set(key, list.length);
  list.push({
    name: event.name,
    opType: textOf(field('"op_name"')),
    index: event.index,
    provider: textOf(field('"provider"')),
    parent,
    inputs: typedShapes(field('"input_type_shape"')),
    outputs: typedShapes(field('"output_type_shape"')),
    parameterBytes: numberOf(field('"parameter_size"')),
    activationBytes: numberOf(field('"activation_size"')),
    outputBytes: numberOf(field('"output_size"')),
    memoryBefore: numberOf(field('"mem_bytes_in_use"')) - numberOf(field('"mem_in_use_delta"')),
    memoryPeak: numberOf(field('"mem_in_use_peak"')),
  });
  return list.length - 1;
}

const typeNames: Readonly<Record<string, string>> = { float: 'float32', double: 'float64' };

/** Index of the node in ORT's graph; −1 where the event does not say. */
function nodeIndex(details: string): number {
  const index = numberOf(fieldOf(details, '"node_index"'));
  return Number.isNaN(index) ? -1 : index;
}

/**
 * A field of `args`, by its key with the quotes. Only that field is read: they stand in another order in every event,
 * and JSON.parse takes longer for the objects that this makes than everything else takes.
 */
function fieldOf(details: string, key: string): unknown {
  const at = details.indexOf(key);
  if (at < 0) return undefined;
  fieldValue.lastIndex = at + key.length;
  const found = fieldValue.exec(details);
  return found ? (found[1] ?? parseJson(found[2]!)) : undefined;
}

/** After a key: a text without escapes, or a list of shapes by type, or a number. */
const fieldValue = /\s*:\s*(?:"([^"\\]*)"|(\[(?:\{[^{}]*\},?\s*)*\]|-?\d+))/y;

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** `[{"float": [1, 3]}]` → `float32 [1, 3]`. */
function typedShapes(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).flatMap((entry) =>
    Object.entries(entry).map(([type, shape]) => {
      const name = typeNames[type] ?? type;
      return Array.isArray(shape) ? `${name} [${shape.join(', ')}]` : name;
    }),
  );
}

function numberOf(value: unknown): number {
  return typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  return isRecord(value) ? value : {};
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
