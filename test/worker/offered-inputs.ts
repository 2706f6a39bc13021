import type { Verdict } from '../../src/core/report/report.ts';

/** How many sets of inputs there were to compare on; on a busy machine not all of them are run. */
export function offeredInputs({ runs, reason = '' }: Verdict): number {
  return Number(/ of (\d+) sets of inputs, to save time/.exec(reason)?.[1] ?? runs);
}
