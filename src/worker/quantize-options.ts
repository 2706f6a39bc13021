import { english } from '../core/english.ts';
import type { Model, NodeId } from '../core/graph/model.ts';
import type { Pruning } from '../core/prune/weights.ts';
import {
  type CalibrationMethod,
  calibrationMethods,
  type Recipe,
  type Scheme,
  schemes,
} from '../core/quantize/quantize-model.ts';
import type { QuantizeStep } from '../core/report/recipe.ts';
import type { QuantizeReport } from '../core/report/report.ts';
import type { QuantizeRequest } from '../protocol/worker.ts';
import { type CalibrationCache, openCalibrationCache } from './calibration-cache.ts';
import { openSamples, randomSamples, type SampleData } from './calibration-data.ts';
import { hashData } from './hash-file.ts';
import { InputError } from './inputs.ts';
import { QuantizeError } from './quantize-preparation.ts';

export type QuantizeOptions = Omit<QuantizeRequest, 'document' | 'version' | 'perChannel' | 'exclude'> & {
  readonly perChannel?: boolean;
  readonly exclude?: readonly NodeId[];
  /** Static: `lean` leaves sums, products and activation functions in float. */
  readonly density?: Recipe['density'];
  /** The smallest weights become 0 first: this share of them, or two of every four. */
  readonly prune?: Pruning;
  /** Static: activations have their zero point in the middle. */
  readonly symmetric?: boolean;
  /** Static: type of weights; default int8, whose zero point is 0. */
  readonly weights?: QuantizeStep['weights'];
  /** Method `percentile`: the share, in percent, that stays within the range. Default 99.999. */
  readonly percentile?: number;
  /** Method `moving-average`: how far a sample moves a range, 0 to 1. Default 0.01, and more for the first samples. */
  readonly movingAverageRate?: number;
  /** Static: biases take back what rounded weights shift outputs by: 6 to 7 dB on MobileNetV2 and EfficientNet. Default true. */
  readonly correctBias?: boolean;
  /** Weights of 7 bits, for processors whose 8-bit products saturate. Default: as this machine needs it. */
  readonly reduceRange?: boolean;
  /** As `typed`, by their first output. */
  readonly nodeTypes?: QuantizeStep['nodeTypes'];
  /** More nodes that stay float, by their first output. */
  readonly keepFloat?: readonly string[];
  /** Weight scales of least squared error. */
  readonly searchWeights?: boolean;
  /** File in which passes over the calibration data are kept, so that an interrupted one goes on where it was. */
  readonly calibrationCache?: string;
  /** A search keeps what it tried as files in this folder, and gives them as candidates. */
  readonly candidatesFolder?: string;
};

/** Runs that a result is compared on, and runs of made-up calibration data. */
export const comparedRuns = 8;
const randomRuns = 16;
/** Of so many samples some are held back to compare on: one of every eight, those first that lie near the start. */
const fewestToHoldOut = 32;
const heldOutEvery = 8;

/** What is asked for, with words that are known. Throws `QuantizeError` when it makes no sense. */
export function checked({
  scheme,
  method = 'minmax',
  calibration,
  image,
  randomCalibration,
  smooth,
  typed,
  nodeTypes,
  blockMethod,
  sensitivity,
  verify,
  format,
  activations,
  calibrationCache,
  labelled,
  maxMetricDrop,
  maxSize,
}: QuantizeOptions): {
  scheme: Scheme | 'auto';
  method: CalibrationMethod;
} {
  const known = schemes.find((each) => each === scheme);
  if (!known && scheme !== 'auto')
    throw new QuantizeError(english`There is no scheme ${scheme}. There are: ${schemes.join(', ')}, auto.`);
  const found = calibrationMethods.find((each) => each === method);
  if (!found)
    throw new QuantizeError(
      english`There is no calibration method ${method}. There are: ${calibrationMethods.join(', ')}.`,
    );
  if (known === 'static-int8' && calibration === undefined && !randomCalibration) {
    throw new QuantizeError(
      english`static-int8 needs data that is like what the model will see: give --calibration PATH. Random numbers can stand in (--random-calibration), but then its error says little about your data.`,
    );
  }
  if (scheme !== 'auto' && (maxMetricDrop !== undefined || maxSize !== undefined))
    throw new QuantizeError(english`A budget of metric or size is for a search: --scheme auto.`);
  if (maxMetricDrop !== undefined && labelled === undefined)
    throw new QuantizeError(english`What the metric may lose needs data with labels: give --labelled PATH.`);
  if ((typed?.length || nodeTypes?.length) && known !== 'static-int8')
    throw new QuantizeError(english`Types of single nodes (--node-type) are for static-int8.`);
  if (smooth !== undefined && calibration === undefined && !randomCalibration)
    throw new QuantizeError(
      english`Smoothing needs data that is like what the model will see: give --calibration PATH.`,
    );
  if (blockMethod === 'gptq' && calibration === undefined && !randomCalibration)
    throw new QuantizeError(english`GPTQ needs data that is like what the model will see: give --calibration PATH.`);
  requireImages({ image, calibration });
  if (calibrationCache !== undefined && calibration === undefined && !randomCalibration)
    throw new QuantizeError(
      english`A calibration cache (--calibration-cache) is for data: give --calibration PATH as well.`,
    );
  if (format === 'qoperator' && known !== 'static-int8')
    throw new QuantizeError(english`Operators on integers (--format qoperator) are a form of static-int8.`);
  if (format === 'qoperator' && activations?.endsWith('16'))
    throw new QuantizeError(english`Operators on integers (--format qoperator) have 8 bits, not ${activations}.`);
  if (sensitivity && !verify)
    throw new QuantizeError(english`Sensitivity (--sensitivity) compares outputs, so it needs verification.`);
  return { scheme: known ?? 'auto', method: found };
}

/** What calibrates, and what results are compared on. */
export interface QuantizeSamples {
  /** The user's data or made up; none when not asked for. */
  readonly calibrating: SampleData | undefined;
  /** Absent where they are to be made up. */
  readonly compared?: SampleData;
  readonly comparedOn: NonNullable<QuantizeReport['comparedOn']>;
}

/** How images are prepared says nothing without a folder of them. */
export function requireImages({ image, calibration }: Pick<QuantizeOptions, 'image' | 'calibration'>): void {
  if (image !== undefined && calibration === undefined)
    throw new InputError(english`--image says how images are prepared: give their folder with --calibration PATH.`);
}

/**
 * Calibration data as asked for, and other data to compare on: of the user's those held back, else made up. Of few there
 * is none to spare, and results are compared on what calibrated. What is held back depends on the data alone: a recipe
 * gives the same result, compared or not.
 */
export async function samplesFor(
  model: Model,
  {
    calibration,
    image,
    randomCalibration,
    settings,
  }: Pick<QuantizeOptions, 'calibration' | 'image' | 'randomCalibration' | 'settings'>,
): Promise<QuantizeSamples> {
  const { dims, seed } = settings;
  if (calibration !== undefined) {
    const all = await openSamples(model, calibration, { dims, ...(image === undefined ? {} : { image }) });
    if (all.count < fewestToHoldOut) return { calibrating: all, compared: all, comparedOn: 'calibration' };
    const { rest, held } = holdOut(all, comparedRuns);
    return { calibrating: rest, compared: held, comparedOn: 'held-out' };
  }
  const calibrating = randomCalibration ? await randomSamples(model, randomRuns, { dims, seed }) : undefined;
  return { calibrating, comparedOn: 'made-up' };
}

/** Every eighth sample from the first on, `most` at most, and all the others. */
function holdOut(samples: SampleData, most: number): { readonly rest: SampleData; readonly held: SampleData } {
  const count = Math.min(most, Math.ceil(samples.count / heldOutEvery));
  const isHeld = (index: number) => index % heldOutEvery === 0 && index < count * heldOutEvery;
  const some = (count: number, last: number, isWanted: (index: number) => boolean): SampleData => ({
    ...samples,
    count,
    async *feeds() {
      let index = 0;
      for await (const feed of samples.feeds()) {
        if (isWanted(index)) yield feed;
        if (++index > last) return;
      }
    },
  });
  return {
    held: some(count, (count - 1) * heldOutEvery, isHeld),
    rest: some(samples.count - count, samples.count, (index) => !isHeld(index)),
  };
}

/** The cache that calibration goes on from; none unless asked for. Rejects with `InputError` when the file is another. */
export async function cacheFor({
  calibration,
  calibrationCache,
  image = '',
  settings: { dims, seed },
}: QuantizeOptions): Promise<CalibrationCache | undefined> {
  if (calibrationCache === undefined) return undefined;
  const data = calibration === undefined ? `random ${seed} ${randomRuns}` : await hashData(calibration);
  return openCalibrationCache(calibrationCache, [data, image, JSON.stringify(dims), 'held out']);
}

/** Inputs made up to compare results on, other than those that calibrate. */
export function comparedInputs(
  model: Model,
  { settings: { dims, seed } }: Pick<QuantizeOptions, 'settings'>,
): Promise<SampleData> {
  return randomSamples(model, comparedRuns, { dims, seed: seed + 1000 });
}
