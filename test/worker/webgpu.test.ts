import { existsSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { compareLatency } from '../../src/worker/compare-latency.ts';
import { modelIdentity } from '../../src/worker/inspect.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { profileModel } from '../../src/worker/profile.ts';
import { listProviders } from '../../src/worker/providers.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { sweepModel } from '../../src/worker/sweep.ts';
import { sampleModels } from '../corpus.ts';
import { buildModel } from './build-model.ts';

/** SwiftShader, the software Vulkan that comes with Chromium, Chrome and Edge: slow, but the same path as a graphics card. */
const driver = [
  process.env.OPSCOPE_VULKAN_DRIVER,
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
  '/opt/microsoft/msedge/vk_swiftshader_icd.json',
].find((path) => path !== undefined && existsSync(path));
if (!driver) {
  const missing = 'No vk_swiftshader_icd.json (OPSCOPE_VULKAN_DRIVER): the WebGPU path is not tested.';
  if (process.env.CI && process.platform === 'linux') throw new Error(missing);
  console.warn(missing);
}
const env = { VK_ICD_FILENAMES: driver ?? '', VK_DRIVER_FILES: driver ?? '' };

const manager = createRuntimeManager({ env });
afterAll(() => manager.dispose());

describe.skipIf(!driver)('WebGPU on software Vulkan (needs vk_swiftshader_icd.json)', () => {
  test('is listed as usable', async () => {
    expect(await listProviders({ env })).toContainEqual({ name: 'webgpu', available: true, note: 'Works here.' });
  });

  test('a profile names the provider of every node and says what fell back to the CPU', async () => {
    const path = sampleModels[1]!;
    const opened = await openModel(path);
    const target = { model: opened.model, path, identity: await modelIdentity(opened) };
    const { report, overlays } = await profileModel(
      target,
      {
        settings: { provider: 'webgpu', threads: 1, timeLimit: 120, dims: {}, seed: 1 },
        runs: 3,
        warmup: 1,
        level: 'all',
      },
      { manager, opscope: '0.0.0' },
    );
    await opened.close();
    expect(report.nodes.some(({ provider }) => provider === 'WebGpu')).toBe(true);
    expect(overlays.find(({ id }) => id === 'provider')!.categories).toContain('WebGpu');
    const onCpu = report.kernels.filter(({ provider }) => provider === 'CPU').length;
    expect(report.problems.some((problem) => problem.includes('on the CPU instead of webgpu'))).toBe(onCpu > 0);
    // By the GPU's own clock: what the CPU took to hand the kernels over is a fiftieth of the run here.
    expect(report.kernelMs).toBeGreaterThan(0.5 * report.wallMs);
    expect(report.problems.some((problem) => problem.includes("the GPU's own clock"))).toBe(true);
    const copies = report.kernels.filter(({ opType }) => opType.startsWith('Memcpy'));
    expect(copies.length).toBeGreaterThan(0);
    expect(copies.every(({ inserted }) => inserted)).toBe(true);
    const copied = copies.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    expect(report.transferMs).toBeCloseTo(copied, 9);
    expect(report.transferMs).toBeGreaterThan(0);
    const ofNodes = report.nodes.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    expect(ofNodes + report.unattributedMs + report.transferMs).toBeCloseTo(report.kernelMs, 6);
    expect(report.unattributedMs).toBeLessThanOrEqual(0.01 * report.kernelMs);
  });
});

describe.skipIf(!driver)('what runs on the CPU instead of WebGPU (needs vk_swiftshader_icd.json)', () => {
  const settings = { provider: 'webgpu', threads: 1, timeLimit: 1, dims: {}, seed: 1 };
  const context = { manager, opscope: '0.0.0' };
  const target = (opType: string) => ({
    model: buildModel({
      inputs: { x: ['float32', [4, 4]] },
      outputs: { y: ['float32', [4, 4]] },
      nodes: [
        { opType: 'Relu', name: 'first', inputs: ['x'], outputs: ['p'] },
        { opType, name: 'second', inputs: ['p'], outputs: ['y'] },
      ],
    }),
    identity: { path: 'm.onnx', bytes: 0, irVersion: 10, producer: '', opsets: {} },
  });
  const said = 'Nodes run on the CPU instead of webgpu: a profile says which.';

  test('is told by a comparison and a sweep, once', async () => {
    // WebGPU has no kernel for it.
    const elsewhere = target('Hardmax');
    const options = { settings, level: 'all' } as const;
    const { problems } = await compareLatency(elsewhere, elsewhere, options, context);
    expect(problems!.filter((problem) => problem === said)).toHaveLength(1);
    const swept = await sweepModel(elsewhere, { ...options, axes: { threads: [1] } }, context);
    expect(swept.problems).toEqual([said]);
  }, 120_000);

  test('is not claimed of what runs there, or was asked for the CPU', async () => {
    const sweep = { settings, level: 'all', axes: { threads: [1] } } as const;
    expect((await sweepModel(target('Neg'), sweep, context)).problems).toEqual([]);
    const onCpu = { ...sweep, settings: { ...settings, provider: 'cpu' } };
    expect((await sweepModel(target('Hardmax'), onCpu, context)).problems).toEqual([]);
  }, 120_000);
});

test('providers that this machine cannot use are listed with the reason', async () => {
  const providers = await listProviders();
  expect(providers[0]).toMatchObject({ name: 'cpu', available: true });
  for (const { available, note } of providers) if (!available) expect(note.length).toBeGreaterThan(40);
});
