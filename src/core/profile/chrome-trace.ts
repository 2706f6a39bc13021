import type { Trace } from './trace.ts';

/** A complete event of the Trace Event Format; times are microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  readonly ph: 'X';
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly args: Readonly<Record<string, string | readonly string[]>>;
}

/** Profiled runs in the Trace Event Format, for Perfetto, `chrome://tracing` or speedscope: one row of kernels, one of whole runs. */
export function toChromeTrace({ kernels, runs }: Trace): { readonly traceEvents: readonly TraceEvent[] } {
  const traceEvents: TraceEvent[] = [];
  for (const [index, { start, duration, kernel, starts, durations }] of runs.entries()) {
    const run = { name: `run ${index + 1}`, cat: 'run', ph: 'X', pid: 1, tid: 0 } as const;
    traceEvents.push({ ...run, ts: start * 1000, dur: duration * 1000, args: {} });
    for (const [call, at] of kernel.entries()) {
      const { name, opType, provider, inputs, outputs } = kernels[at]!;
      traceEvents.push({
        name: opType,
        cat: 'kernel',
        ph: 'X',
        pid: 1,
        tid: 1,
        ts: starts[call]! * 1000,
        dur: durations[call]! * 1000,
        args: { name, provider, inputs, outputs },
      });
    }
  }
  return { traceEvents };
}
