import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fromNumbers, toFloat32 } from '../../src/core/tensor/convert.ts';
import { writeNpz } from '../../src/core/tensor/npz.ts';
import type { SampleData } from '../../src/worker/calibration-data.ts';
import { makeTemporaryFolder } from '../../src/worker/model-source.ts';
import { quantizeModel } from '../../src/worker/quantize.ts';
import { samplesFor } from '../../src/worker/quantize-options.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { buildModel } from './build-model.ts';

const manager = createRuntimeManager();
const folder = await makeTemporaryFolder();
afterAll(async () => {
  manager.dispose();
  await folder.remove();
});

const settings = { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 };
const model = buildModel({
  inputs: { x: ['float32', ['n', 2]] },
  outputs: { y: ['float32', ['n', 2]] },
  initializers: { w: { dtype: 'float32', dims: [2, 2], bytes: fromNumbers('float32', [0.5, -0.25, 0.75, 1]) } },
  nodes: [{ opType: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
});

/** A file with so many samples, each of which is its own number. */
function numbered(count: number): string {
  const path = join(folder.path, `${count}.npz`);
  const bytes = fromNumbers(
    'float32',
    Array.from({ length: 2 * count }, (_, at) => Math.floor(at / 2)),
  );
  writeFileSync(path, writeNpz(new Map([['x', { dtype: 'float32', dims: [count, 2], bytes }]])));
  return path;
}

async function numbersOf(samples: SampleData): Promise<number[]> {
  const numbers: number[] = [];
  for await (const feed of samples.feeds()) numbers.push(toFloat32('float32', feed.get('x')!.bytes)[0]!);
  expect(numbers).toHaveLength(samples.count);
  return numbers;
}

describe('samples to compare on are not those that calibrate', () => {
  test.each([
    [32, [0, 8, 16, 24]],
    [33, [0, 8, 16, 24, 32]],
    [100, [0, 8, 16, 24, 32, 40, 48, 56]],
  ])('of %i samples, every eighth is held back, 8 at most', async (count, heldBack) => {
    const options = { scheme: 'static-int8', settings, calibration: numbered(count), verify: true, measure: false };
    const { calibrating, compared, comparedOn } = await samplesFor(model, options);
    expect(comparedOn).toBe('held-out');
    expect(await numbersOf(compared!)).toEqual(heldBack);
    const others = Array.from({ length: count }, (_, at) => at).filter((at) => !heldBack.includes(at));
    expect(await numbersOf(calibrating!)).toEqual(others);
  });

  test('of fewer there is none to spare, and the report says so', async () => {
    const calibration = numbered(31);
    const { report } = await quantizeModel(
      { model, identity: { path: 'built', bytes: 0, irVersion: 8, producer: '', opsets: {} } },
      { scheme: 'static-int8', settings, calibration, verify: true, measure: false },
      { manager, opscope: 'test' },
    );
    expect(report.comparedOn).toBe('calibration');
    expect(report.calibration).toMatchObject({ samples: 31 });
  });

  test('the report says how many there were of both', async () => {
    const { report } = await quantizeModel(
      { model, identity: { path: 'built', bytes: 0, irVersion: 8, producer: '', opsets: {} } },
      { scheme: 'static-int8', settings, calibration: numbered(64), verify: true, measure: false },
      { manager, opscope: 'test' },
    );
    expect(report.comparedOn).toBe('held-out');
    expect(report.calibration).toMatchObject({ samples: 56 });
    expect(report.verdict.runs).toBe(8);
  });
});
