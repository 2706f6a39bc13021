import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Model } from '../../src/core/graph/model.ts';
import { type OpenedModel, openModel } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import type { TuneOptions } from '../../src/worker/tune.ts';
import { measured, prune, type Search } from '../../src/worker/tune-steps.ts';
import { sampleModels } from '../corpus.ts';

// Pruning as a step of tune: what the limits allow decides which share is measured at all.

const [classifier] = sampleModels as [string, string];
const labelled = join(dirname(classifier), 'evaluation.npz');
const folder = mkdtempSync(join(tmpdir(), 'opscope-tune-prune-'));
const manager = createRuntimeManager();
const files: OpenedModel[] = [await openModel(classifier)];
afterAll(async () => {
  for (const file of files) await file.close();
  manager.dispose();
  rmSync(folder, { recursive: true });
});

async function asFile(model: Model): Promise<OpenedModel> {
  const path = join(folder, `${files.length}.onnx`);
  await saveModel(model, path);
  files.push(await openModel(path));
  return files.at(-1)!;
}

async function pruneWith(limits: Partial<TuneOptions>) {
  const [opened] = files as [OpenedModel];
  const settings = { provider: 'cpu', threads: 1, timeLimit: 0.2, dims: {}, seed: 1 };
  const context = { manager, opscope: 'test' };
  const rest = { steps: [], recipe: [], threads: 1, options: { settings, p90: 0.001, ...limits } };
  const search = { source: await measured(opened), opened, current: opened, float: opened, context, ...rest };
  await prune(search as unknown as Search, asFile);
  return (search as unknown as Search).steps;
}

test('without a limit nothing is pruned', async () => {
  expect(await pruneWith({})).toMatchObject([{ step: 'prune', kept: false, why: /only with labelled data/ }].map(said));
});

test('what loses more than is allowed is left, and the loss is told', async () => {
  const [step] = await pruneWith({ labelled, maxMetricDrop: 0.2 });
  expect(step).toMatchObject({ kept: false, what: 'channels' });
  expect(step!.why).toMatch(/too much is lost: accuracy 91\.8/);
}, 60_000);

test('what the limit allows is measured against the model so far', async () => {
  const [step] = await pruneWith({ labelled, maxMetricDrop: 20 });
  expect(step!.what).toMatch(/% of the channels/);
  expect(step!.why).toMatch(/runs\)$/);
}, 60_000);

function said<T extends { readonly why: RegExp }>(step: T) {
  return { ...step, why: expect.stringMatching(step.why) };
}
