import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openModel } from '../../src/worker/open-model.ts';
import { pruneModel } from '../../src/worker/prune.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { corpusFolder, corpusModels, corpusPresent } from '../corpus.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

const settings = { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 };

/** Reasons that lie with the model, or with inputs that cannot be made up. */
const refusals: ReadonlySet<string> = new Set(['PruneError', 'InputError']);
const noWeights = /The weights file .* is missing|outside its own folder/;

describe.skipIf(!corpusPresent)('channels of the models of the corpus (needs OPSCOPE_CORPUS)', () => {
  test('every file runs with fewer, or is refused with the reason', { timeout: 300_000 }, async () => {
    let pruned = 0;
    for (const file of corpusModels) {
      const path = join(corpusFolder, file);
      const opened = await openModel(path).catch(() => undefined);
      if (!opened) continue;
      const { model, bytes } = opened;
      const target = { model, path, identity: { path, bytes, irVersion: model.irVersion, producer: '', opsets: {} } };
      const options = { settings, pattern: 'channels', ratio: 0.3, minSqnr: 10, verify: true, measure: false } as const;
      try {
        const { report } = await pruneModel(target, options, { manager, opscope: 'test' });
        expect(report.channels!.removed, file).toBeGreaterThan(0);
        pruned++;
      } catch (error) {
        const { name, message } = error as Error;
        if (!refusals.has(name) && !noWeights.test(message)) throw new Error(`${file}: ${message}`, { cause: error });
      } finally {
        await opened.close();
      }
    }
    expect(pruned).toBeGreaterThanOrEqual(12);
  });
});
