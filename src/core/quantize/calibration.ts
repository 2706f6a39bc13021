/**
 * Ranges of values over sample data. The model is run with reductions added, so that a run gives two numbers for each
 * value and no activation leaves the runtime: memory does not grow with the number of samples, nor with the model.
 */
import { english } from '../english.ts';
import type { Evaluator, TensorValue } from '../evaluator.ts';
import { Draft } from '../graph/draft.ts';
import type { Model } from '../graph/model.ts';
import { toFloat32 } from '../tensor/convert.ts';
import type { Range } from './ranges.ts';
import { type Reduction, reductionOver, resultName, withReductions } from './reductions.ts';

/** Sample data that can be gone through several times, one set of inputs at a time. */
export interface Samples {
  readonly count: number;
  feeds(): AsyncIterable<ReadonlyMap<string, TensorValue>>;
}

export interface CalibrationContext {
  readonly evaluator: Evaluator;
  readonly signal?: AbortSignal;
  /** Share done, 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
  /** Where a pass stands that an earlier call began; what tells it from others is what is measured. */
  readonly checkpoint?: ((pass: readonly string[]) => Promise<Checkpoint>) | undefined;
}

/** How far a pass over the samples got: all numbers that it fills, one after the other. */
export interface PassState {
  readonly samples: number;
  readonly numbers: Float64Array;
}

export interface Checkpoint {
  readonly from: PassState | undefined;
  save(state: PassState): Promise<void>;
}

/** Samples that an interruption without notice loses at most. */
const savedEvery = 16;

/**
 * The samples that a pass has still to see, with their number. `filled` are the arrays that it fills: they are brought to
 * where the pass was left, and kept every 16 samples and at the end, be it by an error.
 */
export async function* remaining(
  samples: Samples,
  { signal, checkpoint }: Pick<CalibrationContext, 'signal' | 'checkpoint'>,
  pass: readonly string[],
  filled: readonly (Float64Array | Float32Array)[],
): AsyncGenerator<readonly [feeds: ReadonlyMap<string, TensorValue>, index: number]> {
  const kept = await checkpoint?.(pass);
  let done = restore(filled, kept?.from);
  let saved = done;
  const save = async () => {
    if (!kept || done === saved) return;
    await kept.save({ samples: done, numbers: Float64Array.from(filled.flatMap((numbers) => [...numbers])) });
    saved = done;
  };
  let at = 0;
  try {
    for await (const feeds of ahead(samples.feeds())) {
      if (at++ < done) continue;
      signal?.throwIfAborted();
      yield [feeds, done];
      done++;
      if (done - saved >= savedEvery) await save();
    }
  } finally {
    await save();
  }
}

/** The same, with the next one being read while the current one is run. */
async function* ahead<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  const pull = () => {
    const next = iterator.next();
    // Whoever waits for it is told; nobody does when the current one fails.
    next.catch(() => {});
    return next;
  };
  try {
    for (let next = pull(); ; ) {
      const { done, value } = await next;
      if (done) return;
      next = pull();
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** Fills arrays from what was kept, and tells how many samples that stands for. */
function restore(filled: readonly (Float64Array | Float32Array)[], from: PassState | undefined): number {
  const length = filled.reduce((sum, numbers) => sum + numbers.length, 0);
  if (from?.numbers.length !== length) return 0;
  let at = 0;
  for (const numbers of filled) {
    numbers.set(from.numbers.subarray(at, at + numbers.length));
    at += numbers.length;
  }
  return from.samples;
}

/** Values whose means are wanted by channel: along which axes, and how many channels these leave. */
export type Channels = ReadonlyMap<string, { readonly axes: readonly number[]; readonly channels: number }>;

/** Lowest and highest number of each of `values` in turn, then the means of `channels`. */
function rangesAndMeans(model: Model, values: readonly string[], channels: Channels): Model {
  const lowest = reductionOver(model, 'ReduceMin');
  const highest = reductionOver(model, 'ReduceMax');
  const reductions = [
    ...values.flatMap((value): Reduction[] => [
      { value, add: (edit, name) => lowest(edit, value, name) },
      { value, add: (edit, name) => highest(edit, value, name) },
    ]),
    ...Array.from(channels, ([value, { axes }]): Reduction => {
      const mean = reductionOver(model, 'ReduceMean', axes);
      return { value, add: (edit, name) => mean(edit, value, name) };
    }),
  ];
  return withReductions(model, reductions, english`Calibration reads ranges, not values.`);
}

/**
 * Runs the samples and gives, for each, what the model with reductions put in has as its one result. `pass` and `filled`
 * as in `remaining`, for passes that can be gone on with.
 */
export async function* reduced(
  augmented: Model,
  samples: Samples,
  context: CalibrationContext,
  pass: readonly string[] = [],
  filled: readonly (Float64Array | Float32Array)[] = [],
): AsyncGenerator<Float32Array> {
  const { evaluator, signal, onProgress, checkpoint } = context;
  const resumable = pass.length > 0 ? { signal, checkpoint } : { signal };
  for await (const [feeds, index] of remaining(samples, resumable, pass, filled)) {
    // Every value is read by a reduction, so no optimization takes it away, and convolutions run at full speed.
    const [outputs] = await evaluator.run({
      model: augmented,
      feeds: [feeds],
      outputs: [resultName],
      level: 'all',
      signal,
    });
    const result = outputs!.get(resultName)!;
    yield toFloat32(result.dtype, result.bytes);
    onProgress?.((index + 1) / samples.count);
  }
}

/** What one pass over the samples finds. */
export interface Observed {
  readonly ranges: Map<string, Range>;
  /** Value → one mean a channel. */
  readonly means: Map<string, Float32Array>;
}

/** Lowest and highest number of each value over all samples. Values that were never finite have no range. */
export async function minMaxRanges(
  model: Model,
  values: readonly string[],
  samples: Samples,
  context: CalibrationContext,
): Promise<Map<string, Range>> {
  return (await observe(model, values, new Map(), samples, context)).ranges;
}

/** `minMaxRanges` of some values and means by channel of others, in one pass over the samples. */
export async function observe(
  model: Model,
  values: readonly string[],
  channels: Channels,
  samples: Samples,
  context: CalibrationContext,
): Promise<Observed> {
  const means = new Map(Array.from(channels, ([name, each]) => [name, new Float32Array(each.channels)]));
  if (values.length + channels.size === 0) return { ranges: new Map(), means };
  const low = new Float64Array(values.length).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(values.length).fill(Number.NEGATIVE_INFINITY);
  const runs = new Float64Array(1);
  const pass = ['ranges', ...values, 'means', ...channels.keys()];
  const filled = [low, high, runs, ...means.values()];
  for await (const result of reduced(rangesAndMeans(model, values, channels), samples, context, pass, filled)) {
    runs[0]!++;
    let at = 2 * values.length;
    for (const mean of means.values()) {
      for (let channel = 0; channel < mean.length; channel++)
        mean[channel]! += (result[at++]! - mean[channel]!) / runs[0]!;
    }
    for (let index = 0; index < values.length; index++) {
      const min = result[2 * index]!;
      const max = result[2 * index + 1]!;
      if (min < low[index]! && Number.isFinite(min)) low[index] = min;
      if (max > high[index]! && Number.isFinite(max)) high[index] = max;
    }
  }
  return { ranges: rangesFrom(values, low, high), means };
}

/**
 * Ranges that follow the samples: each moves them by `rate` of the way, after Jacob et al., "Quantization and Training of
 * Neural Networks for Efficient Integer-Arithmetic-Only Inference" (2018), section 3.1. The first 1/`rate` samples count
 * alike: moved by `rate` from the very first, a range would stay where one sample happened to have it.
 */
export async function movingAverageRanges(
  model: Model,
  values: readonly string[],
  samples: Samples,
  context: CalibrationContext,
  rate = 0.01,
): Promise<Map<string, Range>> {
  const low = new Float64Array(values.length).fill(Number.NaN);
  const high = new Float64Array(values.length).fill(Number.NaN);
  const seen = new Float64Array(values.length);
  const move = (ends: Float64Array, index: number, to: number) => {
    const now = ends[index]!;
    ends[index] = Number.isNaN(now) ? to : now + Math.max(rate, 1 / seen[index]!) * (to - now);
  };
  const pass = ['moving-average', String(rate), ...values];
  const filled = [low, high, seen];
  for await (const result of reduced(rangesAndMeans(model, values, new Map()), samples, context, pass, filled)) {
    for (let index = 0; index < values.length; index++) {
      const [min, max] = [result[2 * index]!, result[2 * index + 1]!];
      if (!Number.isFinite(min) || !Number.isFinite(max)) continue;
      seen[index]!++;
      move(low, index, min);
      move(high, index, max);
    }
  }
  return rangesFrom(values, low, high);
}

function rangesFrom(values: readonly string[], low: Float64Array, high: Float64Array): Map<string, Range> {
  const ranges = new Map<string, Range>();
  for (const [index, value] of values.entries()) {
    const range = { min: low[index]!, max: high[index]! };
    if (range.min <= range.max) ranges.set(value, range);
  }
  return ranges;
}

/** The model with these values as its only outputs; their types are inferred. */
export function withOutputs(model: Model, values: readonly string[]): Model {
  const draft = new Draft(model);
  draft.currentPass = 'observe';
  draft.main.rewrite(values[0] ?? '', english`These values are looked at.`, (edit) =>
    edit.setOutputs(values.map((name) => ({ name }))),
  );
  return draft.finish();
}
