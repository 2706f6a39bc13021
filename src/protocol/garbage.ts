import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { TensorValue } from '../core/evaluator.ts';

/** Bytes of tensors that may pass through a process before what is left of them is cleared away. */
const mostBytes = 8 << 20;

let passed = 0;
let collect: (() => void) | undefined;

/**
 * Counts the bytes of tensors that were passed on and are, or soon will be, needed no more. V8 sees only the small
 * objects that hold them and lets some 60 MB of memory pile up before it looks: with many samples that was a fifth of
 * what calibrating took. Never called while something is timed.
 */
export function tensorsPassed(tensors: Iterable<TensorValue>): void {
  for (const { bytes } of tensors) passed += bytes.byteLength;
  if (passed < mostBytes) return;
  passed = 0;
  collect ??= exposedCollector();
  collect();
}

function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
