import { afterAll, describe, expect, test } from 'vitest';
import { createEvaluator } from '../../src/worker/evaluator.ts';
import { cpuFeatures } from '../../src/worker/machine.ts';
import { quantizeAdvice, quantizeModel } from '../../src/worker/quantize.ts';
import { machineAdvice } from '../../src/worker/quantize-advice.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saturates } from '../../src/worker/saturation.ts';
import { buildModel } from './build-model.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

const zeros = (...dims: number[]) => ({
  dtype: 'float32' as const,
  dims,
  bytes: new Uint8Array(4 * dims.reduce((a, b) => a * b, 1)),
});
const depthwise = buildModel({
  inputs: { x: ['float32', [1, 8, 8, 8]] },
  outputs: { y: ['float32', [1, 8, 6, 6]] },
  initializers: { w: zeros(8, 1, 3, 3) },
  nodes: [{ opType: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { group: 8 } }],
});

test('ONNX Runtime is asked whether 8-bit products saturate, and the processor agrees where the system says what it is', async () => {
  const evaluator = createEvaluator(manager);
  const found = await saturates(evaluator);
  await evaluator.dispose();
  const features = (await cpuFeatures()) ?? [];
  const exact = ['AVX-VNNI', 'AVX512-VNNI', 'AMX-INT8', 'DOTPROD', 'I8MM', 'NEON'];
  if (features.some((name) => exact.includes(name))) expect(found).toBe(false);
  else if (features.includes('AVX2')) expect(found).toBe(true);
  else expect(typeof found).toBe('boolean');
});

describe('what is said before anything is done', () => {
  const exact = { features: ['AVX2', 'AVX-512', 'AVX512-VNNI'], saturates: false };

  test.each([
    ['static-int8', { features: [], saturates: true }, /saturate, so weights use 7 bits/],
    ['static-int8', { features: ['NEON'], saturates: false }, /no instructions for 8-bit products/],
    ['static-int8', exact, /depthwise/],
    ['fp16', exact, /computes most operators in 32 bits/],
    ['dynamic-int8', exact, /dynamic-int8 leaves float/],
    ['int4-weights', exact, /weight-only schemes leave float/],
  ] as const)('%s on %o', (scheme, machine, said) => {
    expect(machineAdvice(machine, scheme, depthwise, 'cpu').join(' ')).toMatch(said);
  });

  test('nothing where nothing speaks against it', () => {
    expect(machineAdvice({ features: [], saturates: false }, 'static-int8', depthwise, 'cpu')).toEqual([]);
  });

  test.each(['fp16', 'static-int8'] as const)('what the processor lacks does not matter elsewhere: %s', (scheme) => {
    expect(machineAdvice({ features: ['AVX2'], saturates: true }, scheme, depthwise, 'cuda')).toEqual([]);
  });

  test('it comes before the first step, and can be asked for alone', async () => {
    const settings = { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 };
    const identity = { path: 'built', bytes: 0, irVersion: 8, producer: '', opsets: {} };
    const heard: string[] = [];
    const work = quantizeModel(
      { model: depthwise, identity },
      { scheme: 'dynamic-int8', settings, verify: true, measure: false },
      {
        manager,
        opscope: 'test',
        onAdvice: (advice) => heard.push(...advice),
        onProgress: ({ message }) => heard.push(message),
      },
    );
    // Conv is no target of dynamic-int8: it is said before, and refused after.
    await expect(work).rejects.toThrow(/Nothing could be quantized/);
    const advice = await quantizeAdvice(depthwise, 'dynamic-int8', 'cpu', { manager });
    expect(advice.join(' ')).toMatch(/dynamic-int8 leaves float/);
    expect(heard.slice(0, advice.length)).toEqual(advice);
    expect(heard.length).toBeGreaterThan(advice.length);
  });
});
