/** What the fields of the Quantize form offer, in words. */
import type { BlockMethod } from '../../src/core/quantize/blocks.ts';
import type { CalibrationMethod, Scheme } from '../../src/core/quantize/quantize-model.ts';
import { t } from '../l10n.ts';

type OfferedScheme = Scheme | 'auto';

const schemeTexts: Readonly<Record<OfferedScheme, { readonly label: string; readonly description: string }>> = {
  'dynamic-int8': {
    label: t('Dynamic int8'),
    description: t('MatMul, Gemm, LSTM; ranges are found while running. Needs no data.'),
  },
  'static-int8': {
    label: t('Static int8'),
    description: t('Convolutions too; ranges are found beforehand, from calibration data.'),
  },
  'int8-weights': {
    label: t('int8 weights'),
    description: t('Weights of MatMul and Gemm in 8 bits, arithmetic in float.'),
  },
  'int4-weights': {
    label: t('int4 weights'),
    description: t('Weights of MatMul and Gemm in 4 bits, arithmetic in float.'),
  },
  fp16: { label: t('fp16'), description: t('Half precision: half the size; faster on GPUs, seldom on CPUs.') },
  auto: {
    label: t('Find the best'),
    description: t(
      'Tries schemes, ranges and exceptions, measures the best of them, and says so when float stays best.',
    ),
  },
};

export const schemes = Object.entries(schemeTexts).map(([value, text]) => ({ value, ...text }));

const methodTexts: Readonly<Record<CalibrationMethod, { readonly label: string; readonly description: string }>> = {
  minmax: { label: t('Least and greatest'), description: t('The whole range that was seen') },
  'moving-average': { label: t('Moving average'), description: t('Least and greatest of each sample, smoothed') },
  percentile: { label: t('Percentile'), description: t('Leaves out the rarest values') },
  entropy: { label: t('Entropy'), description: t('The range that keeps the distribution best') },
  mse: { label: t('Least squared error'), description: t('The range with the least rounding and clipping error') },
};

export const methods = Object.entries(methodTexts).map(([value, text]) => ({ value, ...text }));

export const dataChoices = [
  { value: 'files', label: t('Files') },
  { value: 'random', label: t('Random values'), description: t('Ranges of random values: the result says so') },
] as const;

export const activationTypes = (['uint8', 'int8', 'uint16', 'int16'] as const).map((value) => ({
  value,
  label: value,
}));
export const formats = [
  { value: 'qdq', label: t('Conversions around float nodes (QDQ)') },
  { value: 'qoperator', label: t('Operators on integers (QOperator)') },
] as const;
export const blockSizes = ['16', '32', '64', '128', '256'].map((value) => ({ value, label: value }));

const blockMethodTexts: Readonly<Record<BlockMethod, string>> = {
  round: t('Nearest'),
  search: t('Least squared error'),
  hqq: 'HQQ',
  gptq: t('GPTQ, from data'),
};
export const blockMethods = Object.entries(blockMethodTexts).map(([value, label]) => ({
  value: value as BlockMethod,
  label,
}));
