import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { TensorValue } from '../core/evaluator.ts';

/** Bytes of tensors that may pass through a process before what is left of them is cleared away, most of which is young. */
const mostYoungBytes = 4 << 20;
/** And before the rest is, which takes ten times as long. */
const mostBytes = 8 << 20;

type Collect = (options?: { readonly type: 'minor' }) => void;

let young = 0;
let passed = 0;
let collect: Collect | undefined;

/**
 * Counts the bytes of tensors that were passed on and are, or soon will be, needed no more. V8 sees only the small
 * objects that hold them and lets some 60 MB of memory pile up before it looks: with many samples that was a fifth of
 * what calibrating took. Called between timed runs, never within one.
 */
export function tensorsPassed(tensors: Iterable<TensorValue>): void {
  for (const { bytes } of tensors) {
    young += bytes.byteLength;
    passed += bytes.byteLength;
  }
  if (young < mostYoungBytes) return;
  if (passed >= mostBytes) {
    collectGarbage();
    return;
  }
  collector()({ type: 'minor' });
  young = 0;
}

/** Clears away all that is needed no more: for when that is known to be large. */
export function collectGarbage(): void {
  collector()();
  young = 0;
  passed = 0;
}

function collector(): Collect {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  return collect;
}
