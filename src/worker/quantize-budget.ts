import type { QuantizeRequest } from '../protocol/worker.ts';

/** What a search for the fastest quantized model may cost, in the user's terms: every limit that is given holds. */
export type Budget = Pick<QuantizeRequest, 'minSqnr' | 'maxMetricDrop' | 'maxSize'>;

/** A budget for one model, in the figures that candidates have. */
export interface Limits {
  readonly sqnrDb?: number;
  /** As a share of 1. */
  readonly metric?: number;
  readonly bytes?: number;
}

/** In dB, where no labelled data judges. */
const usualSqnr = 20;
/** Percentage points, where there is labelled data. */
const usualDrop = 0.5;

/** What a budget comes to for a float model of these bytes and, with labelled data, this metric. */
export function limitsOf(
  { minSqnr, maxMetricDrop = usualDrop, maxSize }: Budget,
  float: { readonly bytes: number; readonly metric: number | undefined },
): Limits {
  const sqnrDb = minSqnr ?? (float.metric === undefined ? usualSqnr : undefined);
  return {
    ...(sqnrDb === undefined ? {} : { sqnrDb }),
    ...(float.metric === undefined ? {} : { metric: float.metric - maxMetricDrop / 100 }),
    ...(maxSize === undefined ? {} : { bytes: maxSize <= 1 ? maxSize * float.bytes : maxSize }),
  };
}

/** Shares are counts over counts: what differs by less than this differs by how it was computed. */
const rounding = 1e-9;

/** Whether a candidate keeps every limit. A signal to noise of null is that of equal outputs. */
export function isWithin(
  {
    sqnrDb,
    metric,
    bytes,
  }: { readonly sqnrDb: number | null; readonly metric?: number | undefined; readonly bytes: number },
  limits: Limits,
): boolean {
  const { sqnrDb: leastSqnr = Number.NEGATIVE_INFINITY, metric: leastMetric, bytes: most = Infinity } = limits;
  if (bytes > most || (sqnrDb !== null && sqnrDb < leastSqnr)) return false;
  return leastMetric === undefined || metric === undefined || metric >= leastMetric - rounding;
}

/**
 * Those that no other is better than: less time and at least the quality, or more quality in no more time.
 */
export function front<T>(all: readonly T[], { time, quality }: Record<'time' | 'quality', (each: T) => number>): T[] {
  return all.filter((each) =>
    all.every(
      (other) =>
        time(other) > time(each) ||
        quality(other) < quality(each) ||
        (time(other) === time(each) && quality(other) === quality(each)),
    ),
  );
}
