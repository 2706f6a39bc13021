import type { TensorValue } from '../../src/core/evaluator.ts';
import type { Model } from '../../src/core/graph/model.ts';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import { toNumbers } from '../../src/core/tensor/convert.ts';
import { createEvaluator } from '../../src/worker/evaluator.ts';
import { makeInputs } from '../../src/worker/inputs.ts';
import type { RuntimeManager } from '../../src/worker/runtime-client.ts';

/** Decibels by which the figure found here may differ from the one stated. */
const tolerance = 0.2;
/** Made-up inputs that results are compared on have seeds from here on, counted from that of the settings. */
const firstSeed = 1000;

type Outputs = ReadonlyMap<string, TensorValue>;

/**
 * Runs both models on inputs made up anew and works the signal to noise out on its own. Gives what is wrong, if anything:
 * the result does not load or run, its outputs are of another form, or its error is not the one that the report states.
 */
export async function judge(
  float: Model,
  made: Model,
  {
    report,
    settings,
    manager,
    signal,
  }: {
    readonly report: QuantizeReport;
    readonly settings: { readonly dims: Readonly<Record<string, number>>; readonly seed: number };
    readonly manager: RuntimeManager;
    readonly signal: AbortSignal;
  },
): Promise<string | undefined> {
  const evaluator = createEvaluator(manager);
  const powers = new Map<string, { signal: number; noise: number }>();
  try {
    for (let run = 0; run < report.verdict.runs; run++) {
      const { feeds } = await makeInputs(float, { dims: settings.dims, seed: settings.seed + firstSeed + run });
      const feed = [new Map(Object.entries(feeds[0]!))];
      const [expected] = await evaluator.run({ model: float, feeds: feed, level: 'all', signal });
      const [found] = await evaluator.run({ model: made, feeds: feed, level: 'all', signal });
      const fault = add(powers, expected!, found!);
      // A model that draws numbers gives others each time.
      const [again] = await evaluator.run({ model: float, feeds: feed, level: 'all', signal });
      if (!isSame(expected!, again!)) return undefined;
      if (fault === undefined) continue;
      return report.verdict.status === 'different' ? undefined : fault;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    return `it does not run: ${(error as Error).message}`;
  } finally {
    await evaluator.dispose();
  }
  const noisy = [...powers.values()].filter(({ noise }) => noise > 0);
  const decibels = Math.min(...noisy.map(({ signal, noise }) => 10 * Math.log10(signal / noise)));
  const stated = report.sqnrDb ?? Number.POSITIVE_INFINITY;
  if (decibels === stated || Math.abs(decibels - stated) <= tolerance) return undefined;
  return `the report states ${stated} dB, and it has ${decibels}`;
}

const isSame = (a: Outputs, b: Outputs): boolean =>
  [...a].every(([name, { bytes }]) => Buffer.compare(bytes, b.get(name)!.bytes) === 0);

function add(
  powers: Map<string, { signal: number; noise: number }>,
  expected: Outputs,
  found: Outputs,
): string | undefined {
  for (const [name, { dtype, dims, bytes, strings }] of expected) {
    const other = found.get(name);
    if (!other || other.dtype !== dtype || other.dims.join() !== dims.join())
      return `its output ${name} is ${other?.dtype} [${other?.dims}], not ${dtype} [${dims}]`;
    if (strings || !dtype.startsWith('float')) continue;
    const count = dims.reduce((product, size) => product * size, 1);
    const [a, b] = [toNumbers(dtype, bytes, count), toNumbers(dtype, other.bytes, count)];
    const sums = powers.get(name) ?? { signal: 0, noise: 0 };
    powers.set(name, sums);
    for (let at = 0; at < count; at++) {
      const [value, now] = [a[at]!, b[at]!];
      if (Object.is(value, now) && !Number.isFinite(value)) continue;
      if (!Number.isFinite(value) || !Number.isFinite(now)) return `its output ${name} has ${now} where ${value} was`;
      sums.signal += value ** 2;
      sums.noise += (value - now) ** 2;
    }
  }
  return undefined;
}
