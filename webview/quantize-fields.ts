import type { NodeId } from '../src/core/graph/model.ts';
import type { BlockMethod } from '../src/core/quantize/blocks.ts';
import type { QuantizedFormat } from '../src/core/quantize/formats.ts';
import type { NodeType } from '../src/core/quantize/node-types.ts';
import type { QuantizeReport } from '../src/core/report/report.ts';
import type { QuantizeRequest, VersionInfo } from '../src/protocol/worker.ts';

/** The form of the Quantize panel. Texts are as typed; empty where nothing is said. */
export interface QuantizeFields {
  readonly scheme: string;
  readonly data: 'files' | 'random';
  readonly calibration: string;
  readonly image: string;
  readonly method: string;
  readonly perChannel: boolean;
  readonly activations: NonNullable<QuantizeRequest['activations']>;
  readonly blockSize: string;
  readonly blockMethod: BlockMethod;
  readonly equalize: boolean;
  readonly format: QuantizedFormat;
  /** Nothing, `search`, or a number from 0 to 1. */
  readonly smooth: string;
  readonly exclude: readonly NodeId[];
  readonly types: readonly { readonly node: NodeId; readonly label: string; readonly type: NodeType }[];
  readonly labelled: string;
  /** In dB. */
  readonly minSqnr: string;
  /** Percentage points. */
  readonly maxMetricDrop: string;
  /** Percent of the model's size. */
  readonly maxSize: string;
  readonly verify: boolean;
  readonly measure: boolean;
  /** Leaving nodes float one at a time. */
  readonly sensitivity: boolean;
}

/** The form with the defaults that suit most models. */
export const plainQuantization: QuantizeFields = {
  scheme: 'dynamic-int8',
  data: 'files',
  calibration: '',
  image: '',
  method: 'minmax',
  perChannel: true,
  activations: 'uint8',
  blockSize: '32',
  blockMethod: 'search',
  equalize: false,
  format: 'qdq',
  smooth: '',
  exclude: [],
  types: [],
  labelled: '',
  minSqnr: '',
  maxMetricDrop: '',
  maxSize: '',
  verify: true,
  measure: true,
  sensitivity: false,
};

/** Which fields of the form a scheme looks at. */
export function usedBy(scheme: string) {
  const fixed = scheme === 'static-int8';
  const integers = fixed || scheme === 'dynamic-int8';
  const blocks = scheme === 'int8-weights' || scheme === 'int4-weights';
  return { fixed, blocks, smooth: integers || blocks, budget: scheme === 'auto', perChannel: integers };
}

/** Whether the scheme cannot do without data. */
export function needsData({ scheme, blockMethod, smooth }: QuantizeFields): boolean {
  const used = usedBy(scheme);
  return used.fixed || (used.blocks && blockMethod === 'gptq') || (used.smooth && smooth !== '');
}

/** The names of the fields that hold no number of theirs. */
export function wrongFields(form: QuantizeFields): readonly ('smooth' | 'minSqnr' | 'maxMetricDrop' | 'maxSize')[] {
  const { budget, smooth } = usedBy(form.scheme);
  const above = (text: string) => text === '' || Number(text) > 0;
  const share = (text: string) => text === '' || text === 'search' || (Number(text) >= 0 && Number(text) <= 1);
  return [
    ...(smooth && !share(form.smooth) ? (['smooth'] as const) : []),
    ...(budget ? (['minSqnr', 'maxMetricDrop', 'maxSize'] as const).filter((name) => !above(form[name])) : []),
  ];
}

/** What the form asks the worker for: only what its scheme looks at. */
export function quantizeRequest(
  form: QuantizeFields,
): Omit<QuantizeRequest, 'document' | 'version' | 'settings' | 'excludeIn'> {
  const { scheme, data, calibration, image, method, perChannel, exclude, types, labelled, verify, measure } = form;
  const used = usedBy(scheme);
  const files = data === 'files' && calibration !== '';
  const { minSqnr, maxMetricDrop, maxSize } = form;
  return {
    scheme,
    perChannel,
    exclude,
    verify,
    measure,
    ...(files ? { calibration } : {}),
    ...(files && image !== '' ? { image } : {}),
    ...(data === 'random' ? { randomCalibration: true } : {}),
    ...(labelled === '' ? {} : { labelled }),
    ...(used.fixed ? { method, activations: form.activations, equalize: form.equalize } : {}),
    ...(used.fixed && form.format !== 'qdq' ? { format: form.format } : {}),
    ...(verify && form.sensitivity ? { sensitivity: true } : {}),
    ...(used.fixed && types.length > 0
      ? { typed: types.map(({ node, label, type }) => ({ name: label, nodes: [node], type })) }
      : {}),
    ...(used.blocks ? { blockSize: Number(form.blockSize), blockMethod: form.blockMethod } : {}),
    ...(used.smooth && form.smooth !== ''
      ? { smooth: form.smooth === 'search' ? ('search' as const) : Number(form.smooth) }
      : {}),
    ...(used.budget && minSqnr !== '' ? { minSqnr: Number(minSqnr) } : {}),
    ...(used.budget && maxMetricDrop !== '' ? { maxMetricDrop: Number(maxMetricDrop) } : {}),
    ...(used.budget && maxSize !== '' ? { maxSize: Number(maxSize) / 100 } : {}),
  };
}

/** The form as it would have made a version, whatever was asked for in the meantime. */
export function formOf(
  form: QuantizeFields,
  { scheme, options, calibration }: QuantizeReport,
  { samples, image = '' }: Pick<VersionInfo, 'samples' | 'image'>,
): QuantizeFields {
  const { perChannel, activations, equalize, smooth, blockSize, blockMethod, randomCalibration, format } = options;
  return {
    ...form,
    scheme,
    ...(calibration ? { method: calibration.method } : {}),
    data: samples === undefined && randomCalibration === true ? 'random' : 'files',
    calibration: samples ?? '',
    image,
    ...(perChannel === undefined ? {} : { perChannel: perChannel === true }),
    ...(activations === undefined ? {} : { activations: activations as QuantizeFields['activations'] }),
    ...(blockSize === undefined ? {} : { blockSize: String(blockSize) }),
    ...(blockMethod === undefined ? {} : { blockMethod: blockMethod as BlockMethod }),
    equalize: equalize === true,
    format: format === 'qoperator' ? 'qoperator' : 'qdq',
    smooth: smooth === undefined ? '' : String(smooth),
  };
}
