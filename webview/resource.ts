import { effect, type ReadonlySignal, signal, untracked } from '@preact/signals';
import { CancelledError } from '../src/protocol/rpc.ts';

/** Something that is fetched whenever what it depends on changes. */
export interface Resource<R> {
  /** The last answer; it stays while a newer one is on its way. Null before the first and when there is nothing to ask for. */
  readonly value: ReadonlySignal<R | null>;
  /** Why the last request failed. */
  readonly problem: ReadonlySignal<string | null>;
  readonly pending: ReadonlySignal<boolean>;
  /** Asks again. */
  reload(): void;
}

/**
 * Asks for `question()` now and whenever the signals it reads change. Only the newest request counts: an older one is
 * aborted and whatever it still answers is dropped. A question of null means there is nothing to ask; the value is then
 * null. Give questions that are strings, numbers or objects that stay the same, since every new one is asked.
 */
export function resource<Q, R>(
  question: () => Q | null,
  ask: (question: Q, signal: AbortSignal) => Promise<R>,
): Resource<R> {
  const value = signal<R | null>(null);
  const problem = signal<string | null>(null);
  const pending = signal(false);
  const turn = signal(0);

  effect(() => {
    void turn.value;
    const asked = question();
    if (asked === null) {
      value.value = null;
      problem.value = null;
      pending.value = false;
      return;
    }
    const controller = new AbortController();
    pending.value = true;
    untracked(() => ask(asked, controller.signal)).then(
      (answer) => {
        if (controller.signal.aborted) return;
        value.value = answer;
        problem.value = null;
        pending.value = false;
      },
      (error: Error) => {
        if (controller.signal.aborted || error instanceof CancelledError) return;
        problem.value = error.message;
        pending.value = false;
      },
    );
    return () => controller.abort();
  });

  return {
    value,
    problem,
    pending,
    reload: () => {
      turn.value++;
    },
  };
}
