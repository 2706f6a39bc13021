import { expect, test } from 'vitest';
import { summarizeLatency } from '../../src/core/profile/latency.ts';
import { createRandom } from '../../src/core/random.ts';
import { missingRuns, warmupOf } from '../../src/worker/timed-runs.ts';

/** Runs as `timeRuns` would make them, a few at a time, with made times. */
function collect(timeOf: (run: number) => number, counts: { runs: number; warmup: number }): number[] {
  const times: number[] = [];
  for (let missing = missingRuns(times, counts); missing > 0; missing = missingRuns(times, counts)) {
    for (let left = Math.min(missing, times.length === 0 ? 1 : 7); left > 0; left--) times.push(timeOf(times.length));
  }
  return times;
}

const random = createRandom(7);
const noise = () => 1 + 0.05 * random.next();

test.each<[string, (run: number) => number]>([
  ['steady', noise],
  ['slower and slower', (run) => noise() + run / 10],
  ['faster and faster', (run) => noise() * 0.98 ** run],
  ['a long warm-up', (run) => noise() + (run < 17 ? 3 : 0)],
  ['two modes', (run) => noise() + (Math.floor(run / 9) % 2)],
  ['a spike at the end', (run) => noise() + (run % 23 === 22 ? 50 : 0)],
  ['all the same', () => 1],
])('exactly as many runs are kept as were asked for: %s', (_, timeOf) => {
  for (const runs of [1, 3, 8, 20, 50]) {
    for (const warmup of [-1, 0, 5]) {
      const times = collect(timeOf, { runs, warmup });
      const latency = summarizeLatency(times, {
        warmup: warmupOf(times, { runs, warmup }),
        seed: 1,
        keepSamples: true,
      });
      expect(latency.samples).toEqual(times.slice(-runs));
    }
  }
});
