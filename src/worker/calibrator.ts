import { english } from '../core/english.ts';
import type { Model } from '../core/graph/model.ts';
import {
  type CalibrationContext,
  type Channels,
  movingAverageRanges,
  type Observed,
  observe,
} from '../core/quantize/calibration.ts';
import { histogramRanges } from '../core/quantize/histogram-calibration.ts';
import type { CalibrationMethod } from '../core/quantize/quantize-model.ts';
import type { Range } from '../core/quantize/ranges.ts';
import { secondMoments } from '../core/quantize/second-moments.ts';
import type { Moments } from '../core/quantize/write-matmul-nbits.ts';
import type { CalibrationCache } from './calibration-cache.ts';
import type { SampleData } from './calibration-data.ts';
import type { RuntimeEvaluator } from './evaluator.ts';

/** What a model's values are over its sample data, each measured once. */
export interface Calibrator {
  readonly samples: SampleData;
  /** Ranges of values and, in the same runs where that can be, means of others by channel. */
  readonly observe: (values: readonly string[], channels?: Channels) => Promise<Observed>;
  /** Products of inputs with each other, for GPTQ. */
  readonly moments: (sizes: ReadonlyMap<string, number>) => Moments;
  /** The same data by another method. */
  with(method: CalibrationMethod): Calibrator;
}

export interface CalibratorContext {
  readonly evaluator: RuntimeEvaluator;
  readonly signal?: AbortSignal | undefined;
  readonly say: (message: string, fraction?: number) => void;
  /** Where passes that were interrupted stand. */
  readonly cache?: CalibrationCache | undefined;
  /** See `HistogramOptions` and `movingAverageRanges`. */
  readonly percentile?: number | undefined;
  readonly movingAverageRate?: number | undefined;
}

export function createCalibrator(
  model: Model,
  samples: SampleData,
  method: CalibrationMethod,
  context: CalibratorContext,
): Calibrator {
  const known = new Map<string, Range | undefined>();
  const knownMeans = new Map<string, Float32Array>();
  const { evaluator, signal, say, cache, percentile, movingAverageRate } = context;
  const progress = {
    evaluator,
    signal,
    onProgress: (fraction: number) => say(english`Calibrating`, fraction),
    checkpoint: cache && ((pass: readonly string[]) => cache.checkpoint(model, pass)),
  };
  return {
    samples,
    moments: (sizes) => secondMoments(model, sizes, samples, progress),
    with: (other) => createCalibrator(model, samples, other, context),
    observe: async (values, channels = new Map()) => {
      const missing = values.filter((value) => !known.has(value));
      const missingMeans = new Map([...channels].filter(([value]) => !knownMeans.has(value)));
      if (missing.length > 0 || missingMeans.size > 0) {
        const found = await measure(
          model,
          missing,
          missingMeans,
          samples,
          { method, percentile, movingAverageRate },
          progress,
        );
        // No one runs a model with reductions again; its session is as large as the model, and weights are written next.
        await evaluator.dispose();
        for (const value of missing) known.set(value, found.ranges.get(value));
        for (const [value, mean] of found.means) knownMeans.set(value, mean);
      }
      const ranges = new Map(
        values.flatMap((value) => (known.get(value) ? [[value, known.get(value)!] as const] : [])),
      );
      return { ranges, means: new Map([...channels.keys()].map((value) => [value, knownMeans.get(value)!])) };
    },
  };
}

async function measure(
  model: Model,
  values: readonly string[],
  channels: Channels,
  samples: SampleData,
  {
    method,
    percentile,
    movingAverageRate,
  }: Pick<CalibratorContext, 'percentile' | 'movingAverageRate'> & {
    readonly method: CalibrationMethod;
  },
  context: CalibrationContext,
): Promise<Observed> {
  if (method === 'minmax') return observe(model, values, channels, samples, context);
  const { means } = await observe(model, [], channels, samples, context);
  const ranges =
    method === 'moving-average'
      ? await movingAverageRanges(model, values, samples, context, movingAverageRate)
      : await histogramRanges(model, values, samples, { ...context, method, percentile });
  return { means, ranges };
}
