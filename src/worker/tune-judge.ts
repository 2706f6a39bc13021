import type { Model } from '../core/graph/model.ts';
import type { MetricPair } from '../core/report/report.ts';
import { openSamples } from './calibration-data.ts';
import { createEvaluator } from './evaluator.ts';
import { accuracy, openLabelled } from './labelled-data.ts';
import { outputError, referenceRuns } from './quantize-error.ts';
import { comparedInputs, comparedRuns } from './quantize-options.ts';
import type { Search } from './tune-steps.ts';

/** What a model's outputs are worth beside the original's, all steps together. */
export interface Judged {
  readonly sqnrDb: number | null;
  readonly metric?: MetricPair;
}

/** Runs the original and a model on the same data: calibration data where there is some, made-up inputs else. */
export async function judge({ source, options, context }: Search, model: Model): Promise<Judged> {
  const { settings, calibration, labelled } = options;
  const { signal } = context;
  const evaluator = createEvaluator(context.manager);
  try {
    const data = labelled === undefined ? undefined : await openLabelled(source.model, labelled, settings.dims);
    const samples =
      data?.data ??
      (calibration === undefined
        ? await comparedInputs(source.model, { settings })
        : await openSamples(source.model, calibration, { dims: settings.dims }));
    const runs = { evaluator, signal };
    const { sqnrDb } = await outputError(model, await referenceRuns(source.model, samples, comparedRuns, runs), runs);
    if (!data) return { sqnrDb };
    const share = { evaluator, ...(signal ? { signal } : {}) };
    const before = await accuracy(source.model, data, share);
    const after = await accuracy(model, data, share);
    return { sqnrDb, metric: { name: 'accuracy', before: before.share, after: after.share, samples: after.samples } };
  } finally {
    await evaluator.dispose();
  }
}
