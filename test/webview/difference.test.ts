import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorkerHost, type WorkerHost } from './harness/worker-host.ts';

let host: WorkerHost;

beforeAll(async () => {
  host = await startWorkerHost('samples/image-classifier/image-classifier.onnx');
}, 60_000);
afterAll(() => host?.stop());

test('times of a version are compared with another’s once both were profiled, node by node', async () => {
  const { settings } = host.state();
  const { document, worker } = host;
  const context = { signal: new AbortController().signal, progress: () => {} };
  const profile = (version: number) =>
    host.handlers.profile({ version, settings, runs: 3, warmup: 1, level: 'disabled' }, context);
  const idsOf = async (version: number, against?: number) =>
    (await worker.overlays({ document, version, ...(against === undefined ? {} : { against }) })).map(({ id }) => id);
  await profile(0);
  await host.handlers.optimize({ version: 0, settings, preset: 'default', verify: false, measure: false }, context);
  expect(await idsOf(1, 0)).not.toContain('difference');
  await profile(1);
  expect(await idsOf(1)).not.toContain('difference');
  expect(await idsOf(1, 1)).not.toContain('difference');
  expect(await idsOf(1, 0)).toContain('difference');
  const valuesOf = async (version: number, id: string, against?: number) => {
    const overlay = await worker.overlay({ document, version, id, ...(against === undefined ? {} : { against }) });
    return [...overlay.values].filter((value) => !Number.isNaN(value));
  };
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const [before, after] = [sum(await valuesOf(0, 'time')), sum(await valuesOf(1, 'time'))];
  const differences = await valuesOf(1, 'difference', 0);
  expect(differences).toHaveLength((await valuesOf(1, 'time')).length);
  // What nothing is left of takes no time here, so the sum is of nodes that are still there.
  expect(sum(differences)).toBeLessThanOrEqual(after);
  expect(sum(differences)).toBeGreaterThanOrEqual(after - before - 0.01);
}, 120_000);
