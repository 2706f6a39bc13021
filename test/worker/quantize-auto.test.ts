import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openModel } from '../../src/worker/open-model.ts';
import { type QuantizeOptions, type QuantizeResult, quantizeModel } from '../../src/worker/quantize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { createService } from '../../src/worker/service.ts';
import { sampleModels } from '../corpus.ts';

// The search for the best quantization, on a real model with calibration data and labels.

const [classifier] = sampleModels as [string, string];
const beside = (name: string) => join(dirname(classifier), name);
// A little more than the measurements need: on a busy machine a round takes several times as long.
const settings = { provider: 'cpu', threads: 1, timeLimit: 1, dims: {}, seed: 1 };
const folder = mkdtempSync(join(tmpdir(), 'opscope-auto-'));
const manager = createRuntimeManager();
const context = { manager, opscope: 'test' };
afterAll(() => {
  vi.unstubAllEnvs();
  manager.dispose();
  rmSync(folder, { recursive: true });
});

async function search(options: Partial<QuantizeOptions>): Promise<QuantizeResult> {
  const opened = await openModel(classifier);
  const identity = { path: classifier, bytes: opened.bytes, irVersion: 8, producer: '', opsets: {} };
  try {
    const target = { model: opened.model, path: classifier, identity };
    const choices = { scheme: 'auto', settings, verify: true, measure: false, exclude: [], ...options };
    return await quantizeModel(target, choices, context);
  } finally {
    await opened.close();
  }
}

describe('with calibration data and labels', () => {
  let result: QuantizeResult;
  beforeAll(async () => {
    result = await search({
      calibration: beside('calibration.npz'),
      labelled: beside('evaluation.npz'),
      maxMetricDrop: 1,
      maxSize: 0.5,
      candidatesFolder: folder,
    });
  }, 240_000);

  test('schemes, ranges, granularities, evened layers, blocks and exceptions are tried, each once', () => {
    const labels = result.report.candidates!.map(({ label }) => label);
    for (const part of [
      'percentile',
      'mse',
      'one scale a tensor',
      'lean',
      'nodes float',
      'dynamic-int8',
      'fp16',
      'gptq',
    ])
      expect(labels.join('; ')).toContain(part);
    expect(new Set(labels).size).toBe(labels.length);
  });

  test('all within the budget are measured, and nothing beyond it', () => {
    const { candidates, before } = result.report;
    const best = Math.max(...candidates!.map(({ metric }) => metric!));
    expect(best).toBeGreaterThan(0.9);
    for (const { within, ratio, metric, bytes } of candidates!) {
      expect(ratio !== undefined).toBe(within);
      if (within) expect(bytes).toBeLessThanOrEqual(before.bytes / 2);
      if (within) expect(metric).toBeGreaterThan(0.9);
    }
    expect(candidates!.some(({ within }) => !within)).toBe(true);
    expect(candidates!.some(({ front }) => front)).toBe(true);
  });

  test('the choice keeps the budget, so its outputs are close, whatever signal to noise is usual', () => {
    const { candidates, verdict, keepFloat, after, before } = result.report;
    // The float model is beyond half of its own size: something is chosen, faster or not.
    expect(keepFloat).toBeUndefined();
    expect(verdict.status).toBe('close');
    expect(candidates!.filter(({ chosen }) => chosen)).toMatchObject([{ within: true }]);
    expect(after.bytes).toBeLessThanOrEqual(before.bytes / 2);
    expect(result.decided.minSqnr).toBeLessThanOrEqual(result.report.sqnrDb!);
  });

  test('every candidate is kept as a file of its own, with its report', async () => {
    expect(result.candidates.map(({ label }) => label)).toEqual(result.report.candidates!.map(({ label }) => label));
    const files = new Set(result.candidates.map(({ path }) => path));
    expect(files.size).toBe(result.candidates.length);
    for (const { path, report, label } of result.candidates) {
      const listed = result.report.candidates!.find((each) => each.label === label)!;
      const opened = await openModel(path);
      await opened.close();
      expect(opened.bytes).toBe(listed.bytes);
      expect(report).toMatchObject({ sqnrDb: listed.sqnrDb, metric: { after: listed.metric } });
    }
  });
});

test('a budget that nothing keeps leaves the float model, and says so; static-int8 is missed aloud', async () => {
  const { report } = await search({ minSqnr: 500 });
  expect(report.keepFloat).toBe(true);
  expect(report.advice.join(' ')).toMatch(/Keep fp32: nothing that was tried stays within the budget/);
  expect(report.advice.join(' ')).toMatch(/static-int8 was not tried/);
  expect(report.candidates!.some(({ chosen }) => chosen)).toBe(false);
}, 120_000);

test('a limit that cannot be judged is refused', async () => {
  await expect(search({ maxMetricDrop: 1 })).rejects.toThrow(/--labelled/);
  await expect(search({ scheme: 'dynamic-int8', maxSize: 0.3 })).rejects.toThrow(/--scheme auto/);
});

test('in the editor each candidate opens as a version that can be exported, and none is left when the model closes', async () => {
  const temporary = join(folder, 'temporary');
  mkdirSync(temporary);
  for (const name of ['TMPDIR', 'TEMP']) vi.stubEnv(name, temporary);
  const keptFiles = () => readdirSync(temporary, { recursive: true }).filter((name) => /candidate/.test(String(name)));
  const service = createService();
  const call = { signal: new AbortController().signal, progress: () => {} };
  const { document } = await service.open({ path: classifier }, call);
  const request = { document, version: 0, settings, scheme: 'auto', perChannel: true, exclude: [], minSqnr: 500 };
  const { version, report } = await service.quantize({ ...request, verify: true, measure: false }, call);
  expect(version).toBeNull();
  const { label, bytes, sqnrDb } = report.candidates!.find((each) => each.label === 'int8-weights')!;
  const opened = await service.openCandidate({ document, version: 0, label }, call);
  expect(opened.version).toMatchObject({ id: 1, parent: 0, kind: 'quantized', label: 'int8 weights' });
  expect(opened.report).toMatchObject({ scheme: 'int8-weights', sqnrDb });
  expect(opened.report.fused.of).toBeGreaterThan(0);
  const path = join(folder, 'exported.onnx');
  expect(await service.exportModel({ document, version: 1, path, form: 'auto' }, call)).toEqual({ path, bytes });
  const next = await service.openCandidate({ document, version: 1, label: 'fp16' }, call);
  expect(next.version).toMatchObject({ id: 2, parent: 0 });
  await expect(service.openCandidate({ document, version: 2, label: 'int3' }, call)).rejects.toThrow(/not kept/);
  expect(keptFiles()).not.toEqual([]);
  await service.close({ document }, call);
  expect(keptFiles()).toEqual([]);
}, 120_000);
