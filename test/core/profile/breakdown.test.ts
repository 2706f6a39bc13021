import { expect, test } from 'vitest';
import { breakDown } from '../../../src/core/profile/breakdown.ts';
import { readTrace } from '../../../src/core/profile/trace.ts';
import { buildModel } from '../../worker/build-model.ts';

const model = buildModel({ inputs: {}, outputs: {}, nodes: [] });
const attribution = { covers: [{ nodes: [], shares: [], inserted: false }], asRun: [null] };

/** One kernel a run, of so many microseconds; the run takes 10 more. */
const traceOf = (...kernels: number[]) =>
  readTrace(
    kernels
      .flatMap((duration, run) => [
        `{"cat" : "Node","pid" :1,"tid" :1,"dur" :${duration},"ts" :${1000 * run + 5},"ph" : "X","name" :"a_kernel_time","args" : {"op_name" : "Add","node_index" : "0"}},`,
        `{"cat" : "Session","pid" :1,"tid" :1,"dur" :${duration + 10},"ts" :${1000 * run},"ph" : "X","name" :"model_run","args" : {}},`,
      ])
      .join('\n'),
  );

test('runs that were disturbed inside are left out of the means', () => {
  const { kernelMs, runs } = breakDown(model, traceOf(10, 90, 20, 10, 20, 90, 1, 20), attribution);
  expect(runs.toSorted()).toEqual([2, 3, 4, 7]);
  expect(kernelMs).toBeCloseTo(0.0175, 9);
});

test('so are runs that were disturbed outside of what the trace has', () => {
  const trace = traceOf(10, 12, 14, 16, 18, 20, 22, 24);
  const walls = [0.02, 0.5, 0.024, 0.6, 0.028, 0.03, 0.032, 0.034];
  const { runs } = breakDown(model, trace, attribution, walls);
  expect(runs.toSorted()).toEqual([4, 5, 6, 7]);
  // A trace may have runs that nothing timed.
  expect(breakDown(model, trace, attribution, []).runs.toSorted()).toEqual([2, 3, 4, 5]);
});
