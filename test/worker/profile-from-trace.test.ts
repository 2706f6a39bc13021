import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { modelIdentity } from '../../src/worker/inspect.ts';
import { type OpenedModel, openModel } from '../../src/worker/open-model.ts';
import type { MeasuredModel } from '../../src/worker/profile.ts';
import { profileFromTrace } from '../../src/worker/profile-from-trace.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';

const path = 'samples/image-classifier/image-classifier.onnx';
const manager = createRuntimeManager();
const context = { manager, opscope: '0.0.0' };
let folder: string;
let trace: string;
let opened: OpenedModel;
let target: MeasuredModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opscope-trace-'));
  trace = join(folder, 'trace.json');
  opened = await openModel(path);
  target = { model: opened.model, path, identity: await modelIdentity(opened) };
  await manager.use(async ({ client }) => {
    const options = { provider: 'cpu', level: 'all', threads: 1, profilePrefix: join(folder, 'run') } as const;
    const { session, inputs } = await client.createSession({ model: { path }, options });
    const dims = [1, 3, 32, 32];
    const bytes = fromNumbers('float32', new Array<number>(3 * 32 * 32).fill(0.5));
    await client.time({ session, feeds: { [inputs[0]!.name]: { dtype: 'float32', dims, bytes } }, count: 10 });
    await copyFile((await client.endProfiling({ session })).tracePath, trace);
  });
});

afterAll(async () => {
  manager.dispose();
  await opened.close();
  await rm(folder, { recursive: true });
});

test('a trace from elsewhere is put onto the nodes of the model', async () => {
  const { report, asRun, overlays } = await profileFromTrace(target, trace, 'all', context);
  expect(report.profiledRuns).toBe(10);
  expect(report.unattributedMs).toBe(0);
  expect(report.nodes.length).toBeGreaterThan(30);
  expect(report.nodes.reduce((sum, { milliseconds }) => sum + milliseconds, 0)).toBeCloseTo(report.kernelMs, 6);
  expect(report.environment).toMatchObject({ provider: 'cpu', cpu: 'not recorded' });
  expect(report.problems[0]).toContain('include what profiling itself takes');
  expect(asRun!.milliseconds.size).toBeGreaterThan(20);
  expect(overlays.map(({ id }) => id)).toEqual(['time', 'provider', 'measured-memory']);
});

test('a trace that a program wrote anew on one line reads the same', async () => {
  const again = join(folder, 'again.json');
  await writeFile(again, JSON.stringify({ traceEvents: JSON.parse(await readFile(trace, 'utf8')) }));
  const { report } = await profileFromTrace(target, again, 'all', context);
  expect(report.kernelMs).toBe((await profileFromTrace(target, trace, 'all', context)).report.kernelMs);
});

test('a file without a run is refused in a sentence, a trace of another model is told', async () => {
  const empty = join(folder, 'empty.json');
  await writeFile(empty, '[]');
  await expect(profileFromTrace(target, empty, 'all', context)).rejects.toThrow('holds no run');
  const other = join(folder, 'other.json');
  await writeFile(
    other,
    (await readFile(trace, 'utf8')).replaceAll('/blocks/', '/elsewhere/').replace(/reorder/gi, ''),
  );
  const { report } = await profileFromTrace(target, other, 'all', context);
  expect(report.unattributedMs).toBeGreaterThan(0.5 * report.kernelMs);
  expect(report.problems.join()).toContain('another model');
});
