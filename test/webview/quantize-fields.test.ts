import { expect, test } from 'vitest';
import type { NodeId } from '../../src/core/graph/model.ts';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import {
  formOf,
  needsData,
  plainQuantization,
  type QuantizeFields,
  quantizeRequest,
  wrongFields,
} from '../../webview/quantize-fields.ts';

const filled: QuantizeFields = {
  ...plainQuantization,
  calibration: 'images',
  image: 'imagenet',
  activations: 'int8',
  blockSize: '128',
  blockMethod: 'gptq',
  equalize: true,
  smooth: '0.4',
  types: [{ node: 3 as NodeId, label: 'Conv', type: 'uint16' }],
  minSqnr: '30',
  maxMetricDrop: '0.2',
  maxSize: '30',
};
const shared = {
  perChannel: true,
  exclude: [],
  verify: true,
  measure: true,
  calibration: 'images',
  image: 'imagenet',
};

test('each scheme is asked for with what it looks at, and nothing else', () => {
  expect(quantizeRequest({ ...filled, scheme: 'static-int8' })).toEqual({
    ...shared,
    scheme: 'static-int8',
    method: 'minmax',
    activations: 'int8',
    equalize: true,
    smooth: 0.4,
    typed: [{ name: 'Conv', nodes: [3], type: 'uint16' }],
  });
  expect(quantizeRequest({ ...filled, scheme: 'int4-weights', smooth: 'search' })).toEqual({
    ...shared,
    scheme: 'int4-weights',
    blockSize: 128,
    blockMethod: 'gptq',
    smooth: 'search',
  });
  const limits = { minSqnr: 30, maxMetricDrop: 0.2, maxSize: 0.3 };
  expect(quantizeRequest({ ...filled, scheme: 'auto' })).toEqual({ ...shared, scheme: 'auto', ...limits });
  expect(quantizeRequest({ ...filled, scheme: 'fp16', data: 'random', measure: false })).toEqual({
    scheme: 'fp16',
    perChannel: true,
    exclude: [],
    verify: true,
    measure: false,
    randomCalibration: true,
  });
});

test('operators on integers are for static-int8, and leaving nodes float one at a time compares outputs', () => {
  const asked = { ...plainQuantization, format: 'qoperator', sensitivity: true } as const;
  const given = (patch: object) => quantizeRequest({ ...asked, ...patch });
  expect(given({ scheme: 'static-int8' })).toMatchObject({ format: 'qoperator', sensitivity: true });
  expect(given({ scheme: 'dynamic-int8', verify: false })).not.toHaveProperty('format');
  expect(given({ scheme: 'dynamic-int8', verify: false })).not.toHaveProperty('sensitivity');
  const report = { scheme: 'static-int8', options: { format: 'qoperator' } } as unknown as QuantizeReport;
  expect(formOf(plainQuantization, report, {}).format).toBe('qoperator');
});

test('data is needed where a scheme is fitted to it, and only there', () => {
  const needing = (patch: object) => needsData({ ...plainQuantization, ...patch });
  expect(needing({ scheme: 'static-int8' })).toBe(true);
  expect(needing({ scheme: 'int4-weights', blockMethod: 'gptq' })).toBe(true);
  expect(needing({ scheme: 'dynamic-int8', smooth: '0.5' })).toBe(true);
  for (const scheme of ['dynamic-int8', 'int8-weights', 'auto', 'fp16']) expect(needing({ scheme })).toBe(false);
});

test('a text that is no number of its field is named, where the scheme looks at it', () => {
  const wrong = { ...plainQuantization, smooth: '2', minSqnr: 'much', maxSize: '-1' };
  expect(wrongFields({ ...wrong, scheme: 'auto' })).toEqual(['minSqnr', 'maxSize']);
  expect(wrongFields({ ...wrong, scheme: 'dynamic-int8' })).toEqual(['smooth']);
  expect(wrongFields({ ...wrong, scheme: 'fp16' })).toEqual([]);
});

test('the form goes back to what made a version', () => {
  const options = { activations: 'int16', perChannel: false, method: 'mse', smooth: 0.3, excluded: 0 };
  const calibration = { samples: 4, source: 'x', method: 'mse' };
  const report = { scheme: 'static-int8', options, calibration } as unknown as QuantizeReport;
  const form = formOf({ ...filled, scheme: 'fp16', equalize: true }, report, { samples: 'data.npz' });
  expect(quantizeRequest(form)).toMatchObject({
    scheme: 'static-int8',
    calibration: 'data.npz',
    method: 'mse',
    activations: 'int16',
    perChannel: false,
    smooth: 0.3,
    equalize: false,
  });
  expect(form.image).toBe('');
});
