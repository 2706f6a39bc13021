import { afterAll, expect, test } from 'vitest';
import { hashFile } from '../../src/worker/hash-file.ts';
import { modelIdentity } from '../../src/worker/inspect.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { sweepModel } from '../../src/worker/sweep.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

test('a sweep measures every combination and goes on where one does not run', async () => {
  const path = 'samples/image-classifier/image-classifier.onnx';
  const opened = await openModel(path);
  try {
    const target = { model: opened.model, path, identity: await modelIdentity(opened) };
    const settings = { provider: 'cpu', threads: 1, timeLimit: 1, dims: {}, seed: 1 };
    const axes = { provider: ['cpu', 'nonesuch'], dims: { batch: [1, 8] } };
    const { points, fastest, environment, model } = await sweepModel(
      target,
      { settings, level: 'all', axes },
      { manager, opscope: '0' },
    );
    expect(points.map(({ provider, dims }) => `${provider} ${dims.batch}`)).toEqual([
      'cpu 1',
      'nonesuch 1',
      'cpu 8',
      'nonesuch 8',
    ]);
    expect(points[1]).toMatchObject({ rounds: [], failure: expect.stringContaining('nonesuch') });
    expect(points[0]!.rounds).toHaveLength(5);
    expect(points[2]!.latency!.runs).toBeGreaterThan(0);
    expect(environment.modelSha256).toBe(await hashFile(path));
    expect(model.sha256).toBe(environment.modelSha256);
    expect(fastest.map(({ point }) => point)).toEqual([0, 2]);
  } finally {
    await opened.close();
  }
});

test('a sweep that is stopped gives what it measured until then, and recommends nothing', async () => {
  const path = 'samples/image-classifier/image-classifier.onnx';
  const opened = await openModel(path);
  const target = { model: opened.model, path, identity: await modelIdentity(opened) };
  const settings = { provider: 'cpu', threads: 1, timeLimit: 60, dims: {}, seed: 1 };
  const controller = new AbortController();
  let turns = 0;
  const onProgress = () => {
    // The fourth turn: three combinations have their first round.
    if (++turns === 4) controller.abort();
  };
  const { points, fastest, problems } = await sweepModel(
    target,
    { settings, level: 'all', axes: { threads: [1, 2], level: ['all', 'basic'] } },
    { manager, opscope: '0', signal: controller.signal, onProgress },
  );
  expect(points.map(({ rounds }) => rounds.length).sort()).toEqual([0, 1, 1, 1]);
  expect(points.find(({ rounds }) => rounds.length === 0)!.failure).toContain('Not measured');
  expect(fastest.every(({ clear }) => !clear)).toBe(true);
  expect(problems).toHaveLength(1);
  await opened.close();
});
