import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
import { modelBytes } from '../../src/core/onnx/model-bytes.ts';
import { createRandom } from '../../src/core/random.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { makeTemporaryFolder } from '../../src/worker/model-source.ts';
import { type QuantizeOptions, quantizeModel } from '../../src/worker/quantize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { buildModel } from './build-model.ts';

const manager = createRuntimeManager();
const folder = await makeTemporaryFolder();
afterAll(async () => {
  manager.dispose();
  await folder.remove();
});

const random = createRandom(5);
const weight = (...dims: number[]): TensorValue => {
  const numbers = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal() / 4);
  return { dtype: 'float32', dims, bytes: fromNumbers('float32', numbers) };
};
const model = buildModel({
  inputs: { x: ['float32', ['n', 4, 8, 8]] },
  outputs: { y: ['float32', ['n', 8, 8, 8]] },
  initializers: { w1: weight(8, 4, 3, 3), w2: weight(8, 8, 3, 3) },
  nodes: [
    { opType: 'Conv', inputs: ['x', 'w1'], outputs: ['a'], attributes: { pads: [1, 1, 1, 1] } },
    { opType: 'Relu', inputs: ['a'], outputs: ['b'] },
    { opType: 'Conv', inputs: ['b', 'w2'], outputs: ['y'], attributes: { pads: [1, 1, 1, 1] } },
  ],
});
const identity = { path: 'built', bytes: 0, irVersion: 8, producer: '', opsets: {} };
/** Made-up calibration data has so many samples. */
const samples = 16;

/** Quantizes; `stopAt`: cancelled once so many samples were calibrated on. */
async function quantize(options: Partial<QuantizeOptions>, stopAt = Number.POSITIVE_INFINITY) {
  const abort = new AbortController();
  const settings = { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 };
  let calibrated = 0;
  const work = quantizeModel(
    { model, identity },
    { scheme: 'static-int8', randomCalibration: true, settings, verify: false, measure: false, ...options },
    {
      manager,
      opscope: 'test',
      signal: abort.signal,
      onProgress: ({ message }) => {
        if (message === 'Calibrating' && ++calibrated >= stopAt) abort.abort();
      },
    },
  );
  const result = await work.then(
    async (made) => Buffer.from(await modelBytes(made.model)).toString('base64'),
    (error: Error) => error,
  );
  return { result, calibrated };
}

describe('a calibration cache', () => {
  test.each(['minmax', 'moving-average'])('goes on where %s was cancelled, to the same ranges', async (method) => {
    const calibrationCache = join(folder.path, `${method}.json`);
    const plain = await quantize({ method });
    const cancelled = await quantize({ method, calibrationCache }, 6);
    expect(cancelled.result).toBeInstanceOf(Error);
    expect(existsSync(calibrationCache)).toBe(true);
    const resumed = await quantize({ method, calibrationCache });
    expect(resumed.result).toBe(plain.result);
    expect(plain.calibrated - resumed.calibrated).toBeGreaterThanOrEqual(5);
    const again = await quantize({ method, calibrationCache });
    expect(again.result).toBe(plain.result);
    expect(again.calibrated).toBe(0);
  });

  test('histograms are kept as well', async () => {
    const options = { method: 'percentile', calibrationCache: join(folder.path, 'percentile.json') };
    const plain = await quantize({ method: 'percentile' });
    expect((await quantize(options)).result).toBe(plain.result);
    const kept = readFileSync(options.calibrationCache, 'utf8');
    expect((await quantize(options)).result).toBe(plain.result);
    expect(readFileSync(options.calibrationCache, 'utf8')).toBe(kept);
    const { passes } = JSON.parse(kept) as { passes: readonly { samples: number }[] };
    expect(passes.length).toBeGreaterThanOrEqual(2);
    expect(passes.every((pass) => pass.samples === samples)).toBe(true);
  });

  test('other data are calibrated on afresh', async () => {
    const calibrationCache = join(folder.path, 'minmax.json');
    const settings = { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 2 };
    const plain = await quantize({ settings });
    const cached = await quantize({ settings, calibrationCache });
    expect(cached).toEqual(plain);
    expect(plain.calibrated).toBe(samples);
  });

  test('a file that is none stays as it is', async () => {
    for (const text of ['not JSON', '{"schema":1,"passes":[{"key":"short"}]}', '{"schema":99,"passes":[]}']) {
      const calibrationCache = join(folder.path, 'other.json');
      writeFileSync(calibrationCache, text);
      const { result } = await quantize({ calibrationCache });
      expect(String(result)).toMatch(/no calibration cache/);
      expect(readFileSync(calibrationCache, 'utf8')).toBe(text);
    }
    const { result } = await quantize({ randomCalibration: false, scheme: 'dynamic-int8', calibrationCache: 'x.json' });
    expect(String(result)).toMatch(/give --calibration/);
  });
});
