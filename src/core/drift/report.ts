import { firstWrong, number, oneOf, type Shape, text, whole } from '../report/json-shape.ts';
import { type Drift, type DriftVerdict, drift } from './drift.ts';
import type { Distribution } from './sketch.ts';

export const baselineSchema = 1;

/** The distribution of one input or output over all samples. */
export interface ValueStatistics extends Distribution {
  readonly name: string;
  readonly kind: 'input' | 'output';
  readonly dtype: string;
}

/** Distributions of a model's inputs and outputs; kept as JSON, in which fields are only ever added. */
export interface Baseline {
  readonly schema: number;
  readonly opscope: string;
  /** Of the model that gave the outputs. */
  readonly modelSha256: string;
  readonly samples: number;
  readonly values: readonly ValueStatistics[];
}

export interface StatsReport {
  readonly schema: number;
  readonly model: string;
  readonly data: string;
  readonly samples: number;
  readonly values: readonly (Omit<ValueStatistics, 'sketch'> & { readonly drift?: Drift })[];
  /** The worst of all values, when there is a baseline. */
  readonly verdict?: DriftVerdict;
  readonly saved?: string;
  readonly notes: readonly string[];
  readonly milliseconds: number;
}

/** The file is no baseline, or not one for this model; the message says why. */
export class BaselineError extends Error {
  override readonly name = 'BaselineError';
}

const sketchShape = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each, at) => number(each) && (at === 0 || each >= value[at - 1]));
const baselineShape: Shape = {
  opscope: text,
  modelSha256: text,
  samples: whole,
  values: [
    {
      name: text,
      kind: oneOf('input', 'output'),
      dtype: text,
      elements: whole,
      nonFinite: whole,
      mean: number,
      deviation: number,
      min: number,
      max: number,
      sketch: sketchShape,
    },
  ],
};

/** The baseline in a JSON text. Throws `BaselineError` for anything else. */
export function parseBaseline(json: string): Baseline {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new BaselineError('The baseline is not JSON.');
  }
  const { schema } = (value ?? {}) as Partial<Baseline>;
  if (schema !== baselineSchema) {
    throw new BaselineError(`The baseline has schema ${JSON.stringify(schema)}; this Opscope reads ${baselineSchema}.`);
  }
  const wrong = firstWrong(value, baselineShape, 'baseline');
  if (wrong) throw new BaselineError(`${wrong} is missing or not what a baseline has there. Save it again.`);
  return value as Baseline;
}

/** Sets every value beside that of the baseline, and says what cannot be compared. */
export function compareWithBaseline(
  now: Pick<Baseline, 'modelSha256' | 'samples' | 'values'>,
  baseline: Baseline,
): { readonly drifts: ReadonlyMap<string, Drift>; readonly verdict: DriftVerdict; readonly notes: readonly string[] } {
  const known = new Map(baseline.values.map((value) => [`${value.kind} ${value.name}`, value]));
  const drifts = new Map<string, Drift>();
  const notes: string[] = [];
  for (const value of now.values) {
    const key = `${value.kind} ${value.name}`;
    const before = known.get(key);
    if (!before) notes.push(`The baseline has no ${key}.`);
    else drifts.set(key, drift(before, value, [baseline.samples, now.samples]));
  }
  if (drifts.size === 0) throw new BaselineError('The baseline is of another model: it shares no input and no output.');
  if (now.modelSha256 !== baseline.modelSha256) {
    notes.push('The outputs of the baseline are from another file of the model, so they may differ for that reason.');
  }
  const verdicts = [...drifts.values()].map(({ verdict }) => verdict);
  const verdict = (['drifted', 'shifted'] as const).find((each) => verdicts.includes(each)) ?? 'stable';
  return { drifts, verdict, notes };
}
