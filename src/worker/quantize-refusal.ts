import { english } from '../core/english.ts';
import { RuntimeError } from '../core/evaluator.ts';
import type { Model } from '../core/graph/model.ts';
import type { Feed } from './calibration-data.ts';
import { operatorsAsRun } from './kernels-as-run.ts';
import type { MeasurementContext } from './profile.ts';
import type { RunContext } from './quantize-error.ts';
import { QuantizeError } from './quantize-preparation.ts';
import { isRuntimeGone } from './runtime-client.ts';

/**
 * Does work that needs ONNX Runtime. When that refuses or crashes, rejects with a `QuantizeError` that
 * says `what`, or that the model given is at fault: it does not load as it is.
 */
export async function refusing<T>(
  what: (why: string) => string,
  model: Model,
  { manager, signal }: MeasurementContext,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted || !isRuntimeFailure(error)) throw error;
    const own = await operatorsAsRun(manager, model, { level: 'all', signal }).then(
      () => undefined,
      (reason: Error) => reason,
    );
    if (own && !isRuntimeFailure(own)) throw own;
    const message = own
      ? english`The model itself does not load in ONNX Runtime, so it cannot be quantized: ${own.message}`
      : what(error.message);
    throw new QuantizeError(message, { cause: error });
  }
}

export const failsToLoad = (why: string): string =>
  english`The quantized model does not load in ONNX Runtime, so it is not given: ${why}`;

export const failsToRun = (why: string): string =>
  english`The quantized model does not run in ONNX Runtime, so it is not given: ${why}`;

/** What to say of a quantized model that does not run. The float one may run only because it is optimized. */
export async function notRunning(
  failure: string,
  model: Model,
  feed: Feed,
  { evaluator, signal }: RunContext,
): Promise<QuantizeError> {
  try {
    await evaluator.run({ model, feeds: [feed], level: 'disabled', signal });
    return new QuantizeError(failsToRun(failure));
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    return new QuantizeError(
      english`The model runs only where ONNX Runtime optimizes a fault of it away, which it cannot do once it is quantized: ${error.message}`,
    );
  }
}

/** Whether ONNX Runtime refused, failed or crashed. */
function isRuntimeFailure(error: unknown): error is Error {
  return error instanceof Error && (error.name === 'RuntimeError' || isRuntimeGone(error));
}
