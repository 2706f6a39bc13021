import { english } from '../english.ts';
import { firstWrong, isObject, number, oneOf, type Shape, sizes, text, whole } from '../report/json-shape.ts';
import type { ProfileReport, SweepPoint, SweepReport } from '../report/profile-report.ts';
import { batchSymbol, ExportError, type ExportedMeasurement, type ExportedModel } from './exported-model.ts';

const level = oneOf('disabled', 'basic', 'extended', 'layout', 'all');
const latency: Shape = {
  runs: whole,
  warmup: whole,
  median: number,
  interval95: [number],
  mean: number,
  min: number,
  max: number,
  stable: (value) => typeof value === 'boolean',
};
const environment: Shape = {
  cpu: text,
  features: (value) => value === null || (Array.isArray(value) && value.every((each) => typeof each === 'string')),
  cores: whole,
  load: number,
  memory: number,
  os: text,
  provider: text,
  threads: whole,
  level,
  onnxruntime: text,
  opscope: text,
  'modelSha256?': text,
  date: text,
};
const profileShape: Shape = { environment, latency, inputs: [{ name: text, shape: [whole] }] };
const sweepShape: Shape = {
  environment,
  points: [{ provider: text, threads: whole, level, dims: sizes, 'latency?': latency }],
  fastest: [{ point: whole }],
};

/**
 * The settings to go on with, from what `opscope profile --json` printed: those of the profile, or of a sweep the ones
 * that serve most samples a second. `sha256` is of the model's file, when it has one. Throws an `ExportError` for another text, and
 * for a measurement of another model.
 */
export function readMeasurement(
  json: string,
  model: Pick<ExportedModel, 'inputs' | 'outputs'>,
  sha256: string | undefined,
): ExportedMeasurement {
  const report = parse(json);
  const isSweep = isObject(report) && 'points' in report;
  const wrong = firstWrong(report, isSweep ? sweepShape : profileShape, 'report');
  if (wrong)
    throw new ExportError(english`This is not what opscope profile --json prints: ${wrong} is missing or wrong.`);
  const { modelSha256 } = (report as ProfileReport | SweepReport).environment;
  if (modelSha256 !== undefined && sha256 !== undefined && modelSha256 !== sha256) {
    throw new ExportError(english`The measurement is of another model. Measure this one with opscope profile --json.`);
  }
  return isSweep ? ofSweep(report as unknown as SweepReport, model) : ofProfile(report as ProfileReport, model);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new ExportError(english`The measurement is not JSON. Write it with opscope profile --json.`);
  }
}

function ofProfile(
  { environment, latency, inputs }: ProfileReport,
  model: Pick<ExportedModel, 'inputs' | 'outputs'>,
): ExportedMeasurement {
  const dims: Record<string, number> = {};
  for (const { name, shape } of model.inputs) {
    const run = inputs.find((input) => input.name === name)?.shape;
    for (const [axis, dim] of shape?.entries() ?? []) {
      const size = run?.[axis];
      if (typeof dim === 'string' && dim !== '?' && size !== undefined) dims[dim] = size;
    }
  }
  const { provider, threads } = environment;
  const settings = { provider, threads, level: environment.level as SweepPoint['level'], dims };
  return { settings, latency, environment, ...batchOf([settings], settings, model) };
}

function ofSweep(
  { environment, points, fastest }: SweepReport,
  model: Pick<ExportedModel, 'inputs' | 'outputs'>,
): ExportedMeasurement {
  const symbol = batchSymbol(model);
  const measured = points.filter((point) => point.latency);
  const rate = ({ dims, latency }: SweepPoint) =>
    (sizeOf(dims, symbol) ?? 1) / (latency?.median ?? Number.POSITIVE_INFINITY);
  const [best] = fastest
    .flatMap(({ point }) => points[point] ?? [])
    .filter((point) => point.latency)
    .sort((a, b) => rate(b) - rate(a));
  if (!best?.latency) throw new ExportError(english`No settings of this sweep ran, so there are none to export.`);
  const { provider, threads, level, dims, latency } = best;
  const settings = { provider, threads, level, dims };
  return {
    settings,
    latency,
    environment: { ...environment, provider, threads, level },
    ...batchOf(measured, settings, model),
  };
}

/** The batch of the best settings, and the largest of all that were measured. */
function batchOf(
  measured: readonly Pick<SweepPoint, 'dims'>[],
  best: Pick<SweepPoint, 'dims'>,
  model: Pick<ExportedModel, 'inputs' | 'outputs'>,
): Pick<ExportedMeasurement, 'batch'> {
  const symbol = batchSymbol(model);
  const size = sizeOf(best.dims, symbol);
  if (!size) return {};
  return { batch: { best: size, largest: Math.max(...measured.map(({ dims }) => sizeOf(dims, symbol) ?? size)) } };
}

/** Symbols are names from a file, so also such as every object has. */
const sizeOf = (dims: SweepPoint['dims'], symbol: string | undefined): number | undefined =>
  symbol !== undefined && Object.hasOwn(dims, symbol) ? dims[symbol] : undefined;
