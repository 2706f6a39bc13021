import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { schemes } from '../../src/core/quantize/quantize-model.ts';
import { openModel, UnreadableModelError } from '../../src/worker/open-model.ts';
import { type QuantizeOptions, quantizeModel } from '../../src/worker/quantize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { corpusFolder, corpusPresent } from '../corpus.ts';

/** Every scheme over the real models below 5 MB, which takes an hour: with OPSCOPE_CORPUS_ALL=1 alone. */
const isWanted = corpusPresent && process.env.OPSCOPE_CORPUS_ALL === '1';
const files = isWanted
  ? readFileSync(join(corpusFolder, 'MANIFEST.csv'), 'utf8')
      .split('\n')
      .map((line) => line.split(','))
      .filter(([file, bytes]) => file?.endsWith('.onnx') && Number(bytes) < 5_000_000)
      .map(([file]) => file!)
  : [];

const manager = createRuntimeManager();
const counts = new Map<string, number>();
const counted = (outcome: string) => counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
afterAll(() => {
  manager.dispose();
  if (isWanted) console.info('Quantized models of the corpus:', Object.fromEntries(counts));
});

/** Errors that say what is the matter with the model or that its inputs cannot be made up. */
const refusals: ReadonlySet<string> = new Set(['QuantizeError', 'InputError']);
const noWeights = /The weights file .* is missing|outside its own folder/;
/** These would be faults of the quantizer, not of the model. */
const broken = /The quantized model does not/;

describe.runIf(isWanted)('models of the corpus load and run quantized, or are refused', () => {
  test.each(files)('%s', { timeout: 600_000 }, async (file) => {
    const path = join(corpusFolder, file);
    const opened = await openModel(path).catch((error: unknown) => {
      if (error instanceof UnreadableModelError) return undefined;
      throw error;
    });
    if (!opened) return;
    const { model, bytes, close } = opened;
    const target = { model, identity: { path, bytes, irVersion: model.irVersion, producer: '', opsets: {} } };
    const settings = { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 };
    try {
      for (const scheme of schemes) {
        const options: QuantizeOptions = { scheme, settings, randomCalibration: true, verify: true, measure: false };
        const outcome = await quantizeModel(target, options, { manager, opscope: 'test' }).then(
          ({ report }) => report.verdict.status,
          (error: Error) => {
            const isRefused = refusals.has(error.name) || noWeights.test(error.message);
            if (!isRefused || broken.test(error.message))
              throw new Error(`${scheme}: ${error.message}`, { cause: error });
            return 'refused';
          },
        );
        counted(`${scheme} ${outcome}`);
      }
    } finally {
      await close();
    }
  });
});
