import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { makeTemporaryFolder } from '../../src/worker/model-source.ts';
import { createService } from '../../src/worker/service.ts';
import { sampleModels } from '../corpus.ts';

const folder = await makeTemporaryFolder();
afterAll(async () => {
  vi.unstubAllEnvs();
  await folder.remove();
});

test('in the editor a cancelled calibration goes on where it was, and nothing of it is left when the model closes', async () => {
  const temporary = join(folder.path, 'temporary');
  mkdirSync(temporary);
  for (const name of ['TMPDIR', 'TEMP']) vi.stubEnv(name, temporary);
  const [model] = sampleModels as [string];
  const calibration = join(dirname(model), 'calibration.npz');
  const service = createService();
  const quiet = { signal: new AbortController().signal, progress: () => {} };
  const { document } = await service.open({ path: model }, quiet);
  const quantize = async (stopAt: number) => {
    const abort = new AbortController();
    const shares: number[] = [];
    const progress = ({ message, fraction }: { readonly message: string; readonly fraction?: number }) => {
      if (message !== 'Calibrating') return;
      shares.push(fraction!);
      if (fraction! >= stopAt) abort.abort();
    };
    const settings = { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 };
    const request = {
      document,
      version: 0,
      settings,
      scheme: 'static-int8',
      perChannel: true,
      exclude: [],
      calibration,
    };
    const work = async () =>
      service.quantize({ ...request, verify: false, measure: false }, { signal: abort.signal, progress });
    return {
      report: await work().then(
        (done) => done.report,
        () => undefined,
      ),
      shares,
    };
  };
  const cancelled = await quantize(0.5);
  expect(cancelled.report).toBeUndefined();
  const resumed = await quantize(2);
  expect(resumed.report!.calibration).toMatchObject({ method: 'minmax', samples: 56 });
  expect(resumed.shares[0]).toBeGreaterThan(0.4);
  expect((await quantize(2)).shares).toEqual([]);
  const kept = () =>
    readdirSync(temporary, { recursive: true })
      .map(String)
      .filter((name) => /calibration/.test(name));
  expect(kept()).toHaveLength(1);
  await service.close({ document }, quiet);
  expect(kept()).toEqual([]);
  expect(existsSync(calibration)).toBe(true);
}, 120_000);
