import { english } from '../core/english.ts';
import type { Recipe } from '../core/quantize/quantize-model.ts';
import { channelMaxima } from '../core/quantize/smooth.ts';
import type { SampleData } from './calibration-data.ts';
import type { Calibrator } from './calibrator.ts';
import { outputError, type RunContext, referenceRuns } from './quantize-error.ts';
import { type Prepared, smoothed } from './quantize-preparation.ts';

/** Strengths that a search tries, and samples that it compares them on. */
const triedAlphas = [0.3, 0.4, 0.5, 0.6, 0.7];
const searchedSamples = 4;

export interface Smoothing {
  readonly prepared: Prepared;
  readonly alpha: number;
}

/**
 * A prepared model with SmoothQuant applied. `search` takes the strength whose quantized outputs are nearest to those of
 * the float model, over a few samples.
 */
export async function smoothFor(
  prepared: Prepared,
  samples: SampleData,
  { alpha, recipe, calibratorOf }: SmoothingOptions,
  context: RunContext & { readonly say: (message: string, fraction?: number) => void },
): Promise<Smoothing> {
  const { evaluator, signal, say } = context;
  const onProgress = (fraction: number) => say(english`Reading the size of channels`, fraction);
  const maxima = await channelMaxima(prepared.model, samples, { evaluator, signal, onProgress });
  const apply = (strength: number) => smoothed(prepared, { alpha: strength, maxima, exclude: recipe.exclude, signal });
  if (alpha !== 'search') return { prepared: await apply(alpha), alpha };
  const reference = await referenceRuns(prepared.model, samples, searchedSamples, context);
  let best: (Smoothing & { readonly sqnrDb: number }) | undefined;
  for (const [index, strength] of triedAlphas.entries()) {
    say(english`Searching for the best smoothing`, index / triedAlphas.length);
    const candidate = await apply(strength);
    const quantized = await candidate.quantize(recipe, calibratorOf(candidate), signal);
    const { sqnrDb, failure } = await outputError(quantized.model, reference, context);
    const quality = failure === undefined ? (sqnrDb ?? Number.POSITIVE_INFINITY) : Number.NEGATIVE_INFINITY;
    if (!best || quality > best.sqnrDb) best = { prepared: candidate, alpha: strength, sqnrDb: quality };
  }
  return best!;
}

export interface SmoothingOptions {
  readonly alpha: number | 'search';
  readonly recipe: Recipe;
  readonly calibratorOf: (prepared: Prepared) => Calibrator;
}
