import { english } from '../core/english.ts';
import { type Evaluator, RuntimeError, type TensorValue } from '../core/evaluator.ts';
import type { Model } from '../core/graph/model.ts';
import type { Samples } from '../core/quantize/calibration.ts';
import type { Verdict } from '../core/report/report.ts';
import { addComparison, type Difference, noDifference, reportedDifference } from '../core/verify/difference.ts';
import type { Feed } from './calibration-data.ts';

type Results = ReadonlyMap<string, TensorValue>;

/** What the float model gives for some inputs, kept to hold others against. */
export interface ReferenceRuns {
  readonly feeds: readonly Feed[];
  readonly results: readonly Results[];
  /** Why the float model does not run, when it does not. */
  readonly reason?: string;
}

export interface RunContext {
  readonly evaluator: Evaluator;
  readonly signal?: AbortSignal | undefined;
}

/** Runs the float model as it is deployed, with all of ONNX Runtime's optimizations, on the first `count` inputs. */
export async function referenceRuns(
  model: Model,
  samples: Samples,
  count: number,
  { evaluator, signal }: RunContext,
): Promise<ReferenceRuns> {
  const feeds: Feed[] = [];
  const results: Results[] = [];
  for await (const feed of samples.feeds()) {
    if (feeds.length === count) break;
    try {
      const [result] = await evaluator.run({ model, feeds: [feed], level: 'all', signal });
      feeds.push(feed);
      results.push(result!);
    } catch (error) {
      if (error instanceof RuntimeError)
        return { feeds, results, reason: english`The original does not run: ${error.message}` };
      throw error;
    }
  }
  return { feeds, results };
}

export interface OutputError {
  readonly verdict: Verdict;
  /** Lowest signal to noise of a float output, in dB; null when all are equal or nothing was run. */
  readonly sqnrDb: number | null;
  /** What ONNX Runtime said when the model did not run. */
  readonly failure?: string;
}

/** Runs a model on the same inputs and compares. A model that does not run is `different`, with the reason. */
export async function outputError(
  model: Model,
  reference: ReferenceRuns,
  { evaluator, signal }: RunContext,
): Promise<OutputError> {
  if (reference.feeds.length === 0) {
    return {
      verdict: { status: 'not-run', outputs: [], runs: 0, reason: reference.reason ?? english`There are no inputs.` },
      sqnrDb: null,
    };
  }
  const differences = new Map<string, Difference>();
  for (const [index, feed] of reference.feeds.entries()) {
    let results: Results;
    try {
      results = (await evaluator.run({ model, feeds: [feed], level: 'all', signal }))[0]!;
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      return {
        verdict: {
          status: 'different',
          outputs: [],
          runs: index,
          reason: english`The result does not run: ${error.message}`,
        },
        sqnrDb: null,
        failure: error.message,
      };
    }
    for (const [name, value] of reference.results[index]!) {
      const difference = differences.get(name) ?? noDifference();
      differences.set(name, difference);
      const other = results.get(name);
      if (other) addComparison(difference, value, other);
    }
  }
  const outputs = Array.from(differences, ([name, difference]) => reportedDifference(name, difference));
  const floats = outputs.filter(({ name }) => differences.get(name)!.dtype.startsWith('float'));
  const noisy = floats.map(({ sqnrDb }) => sqnrDb).filter((decibels) => decibels !== null);
  const equal = [...differences.values()].every((difference) => difference.equal);
  const broken = [...differences.values()].find(({ structural }) => structural)?.structural;
  const verdict: Verdict = broken
    ? {
        status: 'different',
        outputs,
        runs: reference.feeds.length,
        reason: english`An output is not comparable: ${broken}.`,
      }
    : { status: equal ? 'equal' : 'close', outputs, runs: reference.feeds.length };
  return { verdict, sqnrDb: noisy.length === 0 ? null : Math.min(...noisy) };
}
