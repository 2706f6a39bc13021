/**
 * Ranges of values over sample data. The model is run with reductions added, so that a run gives two numbers for each
 * value and no activation leaves the runtime: memory does not grow with the number of samples, nor with the model.
 */
import type { Evaluator, TensorValue } from '../evaluator.ts';
import { attributes } from '../graph/attribute.ts';
import { Draft } from '../graph/draft.ts';
import type { Model } from '../graph/model.ts';
import { int64Tensor } from '../passes/tensors.ts';
import { toFloat32 } from '../tensor/convert.ts';
import type { Range } from './ranges.ts';

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
}

/** Reductions along all axes whose results one run gives, by value; `ReduceMin`, `ReduceMax`, `ReduceMean` … */
export type Reduction = 'ReduceMin' | 'ReduceMax' | 'ReduceMean' | 'ReduceSumSquare' | 'ReduceL2';

const resultName = 'opscope_reduced';

/** The model with one more output: the reductions of every value in turn, joined to one vector. */
export function withReductions(model: Model, values: readonly string[], reductions: readonly Reduction[]): Model {
  const draft = new Draft(model);
  draft.currentPass = 'calibrate';
  const graph = draft.main;
  graph.rewrite(values[0] ?? '', 'Calibration reads ranges, not values.', (edit) => {
    const shape = graph.freshName('opscope_one');
    edit.setInitializer(int64Tensor(shape, [1]));
    const parts: string[] = [];
    for (const value of values) {
      for (const opType of reductions) {
        const scalar = graph.freshName(`opscope_${parts.length}`);
        edit.add({ opType, inputs: [value], outputs: [scalar], attributes: attributes({ keepdims: 0 }) }, []);
        const vector = `${scalar}_1`;
        edit.add({ opType: 'Reshape', inputs: [scalar, shape], outputs: [vector] }, []);
        parts.push(vector);
      }
    }
    edit.add({ opType: 'Concat', inputs: parts, outputs: [resultName], attributes: attributes({ axis: 0 }) }, []);
    edit.setOutputs([{ name: resultName, type: { kind: 'tensor', dtype: 'float32', shape: [parts.length] } }]);
  });
  return draft.finish();
}

/** Runs the samples and gives, for each, what the model with reductions put in has as its one result. */
async function* reduced(
  augmented: Model,
  samples: Samples,
  { evaluator, signal, onProgress }: CalibrationContext,
): AsyncGenerator<Float32Array> {
  let done = 0;
  for await (const feeds of samples.feeds()) {
    signal?.throwIfAborted();
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
    onProgress?.(++done / samples.count);
  }
}

/** Lowest and highest number of each value over all samples. Values that were never finite have no range. */
export async function minMaxRanges(
  model: Model,
  values: readonly string[],
  samples: Samples,
  context: CalibrationContext,
): Promise<Map<string, Range>> {
  const low = new Float64Array(values.length).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(values.length).fill(Number.NEGATIVE_INFINITY);
  for await (const result of reduced(withReductions(model, values, ['ReduceMin', 'ReduceMax']), samples, context)) {
    for (let index = 0; index < values.length; index++) {
      const min = result[2 * index]!;
      const max = result[2 * index + 1]!;
      if (min < low[index]! && Number.isFinite(min)) low[index] = min;
      if (max > high[index]! && Number.isFinite(max)) high[index] = max;
    }
  }
  return rangesFrom(values, low, high);
}

/**
 * Ranges that follow the samples: each moves them by `rate` of the way, after Jacob et al., "Quantization and Training of
 * Neural Networks for Efficient Integer-Arithmetic-Only Inference" (2018), section 3.1.
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
  const move = (ends: Float64Array, index: number, to: number) => {
    if (!Number.isFinite(to)) return;
    const now = ends[index]!;
    ends[index] = Number.isNaN(now) ? to : now + rate * (to - now);
  };
  for await (const result of reduced(withReductions(model, values, ['ReduceMin', 'ReduceMax']), samples, context)) {
    for (let index = 0; index < values.length; index++) {
      move(low, index, result[2 * index]!);
      move(high, index, result[2 * index + 1]!);
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
  draft.main.rewrite(values[0] ?? '', 'These values are looked at.', (edit) =>
    edit.setOutputs(values.map((name) => ({ name }))),
  );
  return draft.finish();
}

/** Means along the given axes of each value, which leave one number a channel, over all samples. */
export async function channelMeans(
  model: Model,
  values: ReadonlyMap<string, { readonly axes: readonly number[]; readonly channels: number }>,
  samples: Samples,
  context: CalibrationContext,
): Promise<Map<string, Float32Array>> {
  const names = [...values.keys()];
  const means = new Map(names.map((name) => [name, new Float32Array(values.get(name)!.channels)]));
  if (names.length === 0) return means;
  let runs = 0;
  for await (const numbers of reduced(withMeans(model, values), samples, context)) {
    runs++;
    let at = 0;
    for (const mean of means.values()) {
      for (let channel = 0; channel < mean.length; channel++)
        mean[channel]! += (numbers[at++]! - mean[channel]!) / runs;
    }
  }
  return means;
}

function withMeans(
  model: Model,
  values: ReadonlyMap<string, { readonly axes: readonly number[]; readonly channels: number }>,
): Model {
  const draft = new Draft(model);
  draft.currentPass = 'calibrate';
  const graph = draft.main;
  graph.rewrite([...values.keys()][0]!, 'Calibration reads means, not values.', (edit) => {
    const parts: string[] = [];
    for (const [value, { axes }] of values) {
      const mean = graph.freshName('opscope_mean');
      // From opset 18 on the axes are an input.
      if ((graph.opsets.get('') ?? 0) >= 18) {
        edit.setInitializer(int64Tensor(`${mean}_axes`, axes));
        const inputs = [value, `${mean}_axes`];
        edit.add({ opType: 'ReduceMean', inputs, outputs: [mean], attributes: attributes({ keepdims: 0 }) }, []);
      } else {
        const reduce = attributes({ keepdims: 0, axes });
        edit.add({ opType: 'ReduceMean', inputs: [value], outputs: [mean], attributes: reduce }, []);
      }
      parts.push(mean);
    }
    edit.add({ opType: 'Concat', inputs: parts, outputs: [resultName], attributes: attributes({ axis: 0 }) }, []);
    edit.setOutputs([{ name: resultName }]);
  });
  return draft.finish();
}
