import { expect, test } from 'vitest';
import { createDocuments } from '../../src/worker/documents.ts';
import { jobHandlers } from '../../src/worker/jobs.ts';
import { overlayHandlers } from '../../src/worker/overlays.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';

test('every timed run is kept with the version, not sent with the report', async () => {
  const manager = createRuntimeManager();
  const documents = createDocuments();
  const { id } = await documents.open('samples/image-classifier/image-classifier.onnx');
  const settings = { provider: 'cpu', threads: 1, timeLimit: 10, dims: {}, seed: 1 };
  const context = { signal: new AbortController().signal, progress: () => {} };
  const ref = { document: id, version: 0 };
  const { samples } = overlayHandlers(documents);
  try {
    expect(await samples(ref, context)).toBeNull();
    const asked = { ...ref, settings, runs: 12, warmup: 1, level: 'all' } as const;
    const { latency } = await jobHandlers(documents, manager).profile(asked, context);
    expect(latency).not.toHaveProperty('samples');
    const times = (await samples(ref, context))!;
    expect(times).toHaveLength(latency.runs);
    expect(Math.min(...times)).toBe(latency.min);
  } finally {
    manager.dispose();
    await documents.close(id);
  }
});
