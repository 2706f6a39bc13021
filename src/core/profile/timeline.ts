/** One run over time, as a flame chart: scopes of node names above the kernels that ran in them. */
import { quantile } from './statistics.ts';
import type { Trace } from './trace.ts';

/** A stretch of the run in one row; milliseconds since the run began. */
export interface TimelineBar {
  readonly row: number;
  readonly label: string;
  readonly start: number;
  readonly duration: number;
  /** Index into the trace's kernels; −1 for a scope. */
  readonly kernel: number;
}

/** The trace with one run only: the one whose duration is nearest to the median. Null when there is no run. */
export function typicalRun(trace: Trace): Trace | null {
  if (trace.runs.length === 0) return null;
  const middle = quantile(
    trace.runs.map(({ duration }) => duration),
    0.5,
  );
  const distance = ({ duration }: { readonly duration: number }) => Math.abs(duration - middle);
  const run = trace.runs.reduce((best, each) => (distance(each) < distance(best) ? each : best));
  return { ...trace, runs: [run] };
}

/** Scopes deeper than this are not told apart. */
const mostScopes = 6;

/**
 * Bars of the first run of a trace. `nameOf` gives a kernel its name, as a path of scopes: `/encoder/layer.0/MatMul`.
 * Kernels that follow one another in the same scope share its bar; one inside a loop lies below the loop.
 */
export function timelineBars(trace: Trace, nameOf: (kernel: number) => string): readonly TimelineBar[] {
  const run = trace.runs[0];
  if (!run) return [];
  const paths = trace.kernels.map((_, kernel) =>
    nameOf(kernel).split('/').filter(Boolean).slice(0, -1).slice(0, mostScopes),
  );
  const depths: number[] = [];
  for (const { parent } of trace.kernels) depths.push(parent < 0 ? 0 : depths[parent]! + 1);
  const bars: TimelineBar[] = [];
  let open: { label: string; start: number; end: number }[] = [];
  const close = (from: number) => {
    for (const [at, { label, start, end }] of open.slice(from).entries())
      bars.push({ row: from + at, label, start, duration: end - start, kernel: -1 });
    open = open.slice(0, from);
  };
  const rows = Math.max(0, ...paths.map(({ length }) => length));
  for (const [call, kernel] of run.kernel.entries()) {
    const start = run.starts[call]! - run.start;
    const end = start + run.durations[call]!;
    if (depths[kernel] === 0) {
      const path = paths[kernel]!;
      const same = path.findIndex((label, at) => open[at]?.label !== label);
      close(same < 0 ? path.length : same);
      for (const label of path.slice(open.length)) open.push({ label, start, end });
      for (const scope of open) scope.end = end;
    }
    const label = trace.kernels[kernel]!.opType;
    bars.push({ row: rows + depths[kernel]!, label, start, duration: end - start, kernel });
  }
  close(0);
  return bars;
}
