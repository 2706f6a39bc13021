import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { TensorValue } from '../core/evaluator.ts';

/** Bytes of tensors that may pass through a process before what is left of them is cleared away. */
interface Limits {
  /** Before the young part is, which is most. */
  readonly young: number;
  /** Before all is; more where all that lives is more, since looking through it takes as long. */
  readonly all: number;
}

/** For values, of which memory should hold few. */
const whileComputing: Limits = { young: 1 << 19, all: 2 << 20 };
/** For timed runs, which clearing away should seldom come between. */
export const whileTiming: Limits = { young: 4 << 20, all: 8 << 20 };
const shareOfHeap = 1 / 6;

/**
 * Keeps room for a few megabytes of young objects, where V8 would let it grow to 64, most of it empty: an eighth of what
 * quantizing efficientnet_b0 took, in the same time. To be called before there is much.
 */
export function keepSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

type Collect = (options?: { readonly type: 'minor' }) => void;

let young = 0;
let passed = 0;
let collect: Collect | undefined;

/**
 * Counts the bytes of tensors that were passed on and are, or soon will be, needed no more. V8 sees only the small
 * objects that hold them and lets some 60 MB of memory pile up before it looks: with many samples that was a fifth of
 * what calibrating took. Called between timed runs, never within one.
 */
export function tensorsPassed(tensors: Iterable<TensorValue>, limits = whileComputing): void {
  for (const { bytes } of tensors) {
    young += bytes.byteLength;
    passed += bytes.byteLength;
  }
  if (young < limits.young) return;
  if (passed >= Math.max(limits.all, getHeapStatistics().used_heap_size * shareOfHeap)) {
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
