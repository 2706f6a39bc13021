import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createService } from '../../src/worker/service.ts';
import { sampleModels } from '../corpus.ts';

const [classifier] = sampleModels as [string, string];
const call = { signal: new AbortController().signal, progress: () => {} };

test('in the editor pruning makes a version whose nodes are known by where they come from', async () => {
  const service = createService();
  const { document } = await service.open({ path: classifier }, call);
  const settings = { provider: 'cpu', threads: 1, timeLimit: 1, dims: {}, seed: 1 };
  const labelled = join(classifier, '../evaluation.npz');
  const asked = { document, version: 0, settings, pattern: 'channels', ratio: 0.1, labelled } as const;
  const { version, report } = await service.prune({ ...asked, verify: true, measure: false }, call);
  expect(version).toMatchObject({ id: 1, parent: 0, kind: 'pruned', label: 'Pruned', bytes: report.after.bytes });
  expect(version.bytes).toBeLessThan(report.before.bytes);
  expect(report.metric!.after).toBeLessThan(report.metric!.before);
  const { mapping } = await service.diff({ a: { document, version: 0 }, b: { document, version: 1 } }, call);
  expect(mapping.pairs.length).toBeGreaterThan(0);
  expect(mapping.added).toHaveLength(0);
  await service.close({ document }, call);
}, 60_000);
