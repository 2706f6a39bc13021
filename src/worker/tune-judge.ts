import type { Model } from '../core/graph/model.ts';
import type { MetricPair } from '../core/report/report.ts';
import { createEvaluator } from './evaluator.ts';
import { accuracy, openLabelled } from './labelled-data.ts';
import { outputError, referenceRuns } from './quantize-error.ts';
import { comparedInputs, comparedRuns, samplesFor } from './quantize-options.ts';
import type { Search } from './tune-steps.ts';

/** What a model's outputs are worth beside the original's, all steps together. */
export interface Judged {
  readonly sqnrDb: number | null;
  readonly metric?: MetricPair;
}

/** Runs the original and a model on the same data: of calibration data what was held back, or made-up inputs. */
export async function judge({ source, options, context }: Search, model: Model): Promise<Judged> {
  const { settings, labelled } = options;
  const { signal } = context;
  const evaluator = createEvaluator(context.manager);
  try {
    const data = labelled === undefined ? undefined : await openLabelled(source.model, labelled, settings.dims);
    const { compared } = await samplesFor(source.model, options);
    const samples = data?.data ?? compared ?? (await comparedInputs(source.model, { settings }));
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
