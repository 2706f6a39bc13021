import { english } from '../core/english.ts';
import { CancelledError } from '../protocol/rpc.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { TimeLimitError } from './runtime-client.ts';

/** Whether a measurement was ended from outside, so that what it has measured is good. */
export function isStop(error: unknown): error is CancelledError | TimeLimitError {
  return error instanceof CancelledError || error instanceof TimeLimitError;
}

/** What a report says of it. */
export function stopReason(error: CancelledError | TimeLimitError): string {
  return error instanceof CancelledError ? english`The measurement was stopped.` : error.message;
}

/** After so many milliseconds without a word a measurement counts as hung: one run, or one session, took as long as all may take. */
export function hangLimit({ timeLimit }: Pick<RunSettings, 'timeLimit'>): number {
  return Math.max(10_000, timeLimit * 1000);
}
