import { english } from '../core/english.ts';
import type { Model } from '../core/graph/model.ts';
import type { createCalibrator } from './calibrator.ts';
import type { RuntimeEvaluator } from './evaluator.ts';
import { accuracy, type LabelledData } from './labelled-data.ts';
import type { MeasuredModel, MeasurementContext } from './profile.ts';
import type { referenceRuns } from './quantize-error.ts';
import type { QuantizeOptions } from './quantize-options.ts';
import type { Prepared } from './quantize-preparation.ts';

/** What every part of the work shares. */
export interface QuantizeWork {
  readonly target: MeasuredModel;
  readonly prepared: Prepared;
  readonly evaluator: RuntimeEvaluator;
  readonly calibrator: ReturnType<typeof createCalibrator> | undefined;
  readonly reference: Awaited<ReturnType<typeof referenceRuns>>;
  readonly options: QuantizeOptions;
  readonly context: MeasurementContext;
  readonly labelled: LabelledData | undefined;
  /** Share of labelled samples that the float model gets right. */
  readonly floatMetric: number | undefined;
  /** Strength of SmoothQuant that was applied. */
  readonly smooth: number | undefined;
  /** The data over another model made from the prepared one; absent without data. */
  readonly calibratorOf?: (prepared: Prepared) => ReturnType<typeof createCalibrator>;
  readonly say: (message: string, fraction?: number) => void;
}

/** Share of labelled samples that a model gets right. */
export function accuracyOf(
  model: Model,
  labelled: LabelledData,
  { evaluator, context: { signal }, say }: Pick<QuantizeWork, 'evaluator' | 'context' | 'say'>,
): ReturnType<typeof accuracy> {
  const onProgress = (fraction: number) => say(english`Accuracy on labelled data`, fraction);
  return accuracy(model, labelled, { evaluator, signal, onProgress });
}
