import type { Evaluator } from '../core/evaluator.ts';
import type { Model } from '../core/graph/model.ts';
import { inputMeans } from '../core/quantize/bias-correction.ts';
import { minMaxRanges, movingAverageRanges } from '../core/quantize/calibration.ts';
import { histogramRanges } from '../core/quantize/histogram-calibration.ts';
import type { CalibrationMethod } from '../core/quantize/quantize-model.ts';
import type { Range } from '../core/quantize/ranges.ts';
import type { Target } from '../core/quantize/targets.ts';
import type { SampleData } from './calibration-data.ts';

/** Ranges of a model's values over its sample data, each measured once. */
export interface Calibrator {
  readonly samples: SampleData;
  readonly ranges: (values: readonly string[]) => Promise<ReadonlyMap<string, Range>>;
  /** Means of the inputs of these nodes by channel, measured once. */
  readonly means: (targets: readonly Target[]) => Promise<ReadonlyMap<string, Float32Array>>;
  /** The same data by another method. */
  with(method: CalibrationMethod): Calibrator;
}

export interface CalibratorContext {
  readonly evaluator: Evaluator;
  readonly signal?: AbortSignal | undefined;
  readonly say: (message: string, fraction?: number) => void;
}

export function createCalibrator(
  model: Model,
  samples: SampleData,
  method: CalibrationMethod,
  context: CalibratorContext,
): Calibrator {
  const known = new Map<string, Range | undefined>();
  const knownMeans = new Map<string, Float32Array>();
  const { evaluator, signal, say } = context;
  const progress = {
    evaluator,
    signal,
    onProgress: (fraction: number) => say('Calibrating', fraction),
  };
  return {
    samples,
    means: async (targets) => {
      const missing = targets.filter(({ node }) => !knownMeans.has(node.inputs[0]!));
      const found = missing.length > 0 ? await inputMeans(model, missing, samples, progress) : [];
      for (const [value, mean] of found) knownMeans.set(value, mean);
      return knownMeans;
    },
    with: (other) => createCalibrator(model, samples, other, context),
    ranges: async (values) => {
      const missing = values.filter((value) => !known.has(value));
      if (missing.length > 0) {
        const found = await measure(model, missing, samples, method, progress);
        for (const value of missing) known.set(value, found.get(value));
      }
      return new Map(values.flatMap((value) => (known.get(value) ? [[value, known.get(value)!] as const] : [])));
    },
  };
}

function measure(
  model: Model,
  values: readonly string[],
  samples: SampleData,
  method: CalibrationMethod,
  context: Parameters<typeof minMaxRanges>[3],
): Promise<ReadonlyMap<string, Range>> {
  if (method === 'minmax') return minMaxRanges(model, values, samples, context);
  if (method === 'moving-average') return movingAverageRanges(model, values, samples, context);
  return histogramRanges(model, values, samples, { ...context, method });
}
