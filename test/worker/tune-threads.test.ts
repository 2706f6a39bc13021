import { cpus } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { openModel } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { chooseThreads, measured, type Search } from '../../src/worker/tune-steps.ts';
import { sampleModels } from '../corpus.ts';

// Threads as a step of tune: every number is measured in turns with the best so far, never by a run of its own.

const manager = createRuntimeManager();
const opened = await openModel(sampleModels[0]!);
afterAll(async () => {
  await opened.close();
  manager.dispose();
});

async function choose(threads: number, defaultThreads?: number): Promise<Search> {
  const settings = { provider: 'cpu', threads, timeLimit: 0.2, dims: {}, seed: 1 };
  const environment = defaultThreads === undefined ? {} : { defaultThreads };
  const rest = { steps: [], recipe: [], threads, environment, options: { settings, p90: 1 } };
  const context = { manager, opscope: 'test' };
  const search = { source: await measured(opened), opened, current: opened, float: opened, context, ...rest };
  await chooseThreads(search as unknown as Search);
  return search as unknown as Search;
}

test('what is in use is not measured against itself, the rest is compared with the best so far', async () => {
  const { steps, threads } = await choose(1);
  expect(steps).toHaveLength(1);
  const [{ kept, why, what }] = steps as [(typeof steps)[0]];
  if (cpus().length === 1) {
    expect(why).toBe('There is one core.');
    return;
  }
  expect(why).toMatch(/^2\u00a0threads against 1\u00a0thread: /);
  expect(why).not.toMatch(/^1\u00a0thread against/);
  // Which is faster depends on the machine.
  expect(kept).toBe(threads !== 1);
  if (kept) expect(what).toMatch(new RegExp(`^${threads}\u00a0thread`));
}, 60_000);

test("where ONNX Runtime's own choice is known, the same number is not tried again", async () => {
  const { steps } = await choose(0, 1);
  expect(steps[0]!.why).not.toMatch(/^1\u00a0thread against/);
  if (cpus().length > 1) expect(steps[0]!.why).toMatch(/threads against ONNX Runtime's choice: /);
}, 60_000);
