/** The measurements of models over time, as the editor keeps them. */

import { type Machine, machineDifferences } from './environment.ts';
import { interval, time } from './format.ts';
import type { Latency } from './profile-report.ts';
import type { LatencyComparison } from './report.ts';

/** A file as it was when it was measured: bytes, and milliseconds since 1970. */
export interface FileState {
  readonly size: number;
  readonly mtime: number;
}

/** One measurement of one version of a model. Milliseconds. */
export interface MeasuredRun {
  readonly id: string;
  /** Address of the model's file. */
  readonly model: string;
  /** Label of the version that ran. */
  readonly version: string;
  /** ISO. */
  readonly date: string;
  readonly median: number;
  readonly interval95: readonly [number, number];
  readonly runs: number;
  readonly provider: string;
  /** Intra-op threads; 0: ONNX Runtime's choice. */
  readonly threads: number;
  /** Where it was measured: settings and storage may come from another machine. */
  readonly machine?: Machine;
  /** Of the model's file as it was then. */
  readonly sha256?: string;
  readonly file?: FileState;
  /** Of a comparison: what this version was measured against, and what came out. */
  readonly against?: {
    readonly version: string;
    readonly latency: LatencyComparison;
  };
}

/** The latency without the single times, of which there may be thousands. */
export function withoutSamples({ samples: _, ...latency }: Latency): Latency {
  return latency;
}

/** A comparison likewise. */
export function smallerComparison(latency: LatencyComparison): LatencyComparison {
  return { ...latency, a: withoutSamples(latency.a), b: withoutSamples(latency.b) };
}

/** More than this are not kept. */
export const mostRuns = 200;

/** The runs with one more, newest first, without the oldest when there are too many. */
export function withRun(runs: readonly MeasuredRun[], run: MeasuredRun): readonly MeasuredRun[] {
  return [run, ...runs.filter(({ id }) => id !== run.id)]
    .sort((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0))
    .slice(0, mostRuns);
}

/** `1.82 ms (1.79–1.86 ms)`. */
export function runFigure({ median, interval95 }: Pick<MeasuredRun, 'median' | 'interval95'>): string {
  return `${time(median)} (${interval(interval95, 'ms')})`;
}

const bars = '▁▂▃▄▅▆▇█';

/** The last of these values as bars from zero on, `▆█▇`, so that noise looks small; empty for fewer than two. */
export function sparkline(values: readonly number[], most = 12): string {
  const shown = values.slice(-most).filter(Number.isFinite);
  if (shown.length < 2) return '';
  const top = Math.max(...shown);
  const height = (value: number) => (top > 0 ? Math.max(0, Math.ceil((value / top) * bars.length) - 1) : 0);
  return shown.map((value) => bars[height(value)]).join('');
}

/** Medians of one model's runs, oldest first. */
export function mediansOf(runs: readonly MeasuredRun[], model: string): readonly number[] {
  return runs
    .filter((run) => run.model === model)
    .map(({ median }) => median)
    .reverse();
}

/**
 * Whether a model's file is another than the one that was measured. A file that was only touched, or written back as it
 * was, is known again by a later run with the same checksum.
 */
export function hasChangedSince(run: MeasuredRun, now: FileState, runs: readonly MeasuredRun[]): boolean {
  const isNow = (file: FileState | undefined) => file?.size === now.size && file.mtime === now.mtime;
  if (!run.file || isNow(run.file)) return false;
  return !runs.some(
    (other) =>
      other.model === run.model && isNow(other.file) && run.sha256 !== undefined && other.sha256 === run.sha256,
  );
}

export type RunDifference = 'faster' | 'slower' | 'overlap';

/** Whether two runs are of one machine, as far as that is known. */
export function sameMachine(a: MeasuredRun, b: MeasuredRun): boolean {
  return !a.machine || !b.machine || machineDifferences(a.machine, b.machine).length === 0;
}

/** The second run against the first. Where the intervals of the medians overlap, it says nothing. */
export function compareRuns(
  a: MeasuredRun,
  b: MeasuredRun,
): { readonly ratio: number; readonly difference: RunDifference } {
  const difference =
    b.interval95[1] < a.interval95[0] ? 'faster' : b.interval95[0] > a.interval95[1] ? 'slower' : 'overlap';
  return { ratio: b.median / a.median, difference };
}
