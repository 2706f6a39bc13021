import { afterAll, expect, test } from 'vitest';
import { bufferSource } from '../../src/core/graph/byte-source.ts';
import { Draft } from '../../src/core/graph/draft.ts';
import { readModel } from '../../src/core/onnx/read-model.ts';
import { withoutKernel } from '../../src/core/rules/without-kernel.ts';
import { createFacts } from '../../src/core/shapes/infer.ts';
import { startRuntime } from '../../src/worker/runtime-client.ts';
import { readNodeTests } from '../node-tests.ts';

const runtime = startRuntime();
afterAll(() => runtime.kill());

/** Whether ONNX Runtime says of a model that an operator has no kernel; undefined where it has another complaint. */
async function refuses(bytes: Uint8Array): Promise<boolean | undefined> {
  try {
    const options = { provider: 'cpu', threads: 1, level: 'disabled' } as const;
    const { session } = await runtime.client.createSession({ model: { bytes }, options });
    await runtime.client.release({ session });
    return false;
  } catch (error) {
    return /Could not find an implementation|NOT_IMPLEMENTED/.test((error as Error).message) || undefined;
  }
}

test('ONNX Runtime refuses the official node tests whose operators are said to have no kernel, and hardly another', {
  timeout: 240_000,
}, async () => {
  const wrong: string[] = [];
  const missed: string[] = [];
  let found = 0;
  for (const { name, model: bytes } of readNodeTests()) {
    const { model } = await readModel(bufferSource(bytes), () => bufferSource(new Uint8Array()));
    const draft = new Draft(model);
    const [finding] = withoutKernel.check({ draft, facts: createFacts(draft) });
    const refused = await refuses(bytes);
    if (finding) found++;
    if (finding && refused === false) wrong.push(`${name}: ${finding.message}`);
    if (!finding && refused) missed.push(name);
  }
  expect(wrong).toEqual([]);
  expect(found).toBeGreaterThan(50);
  // Bernoulli is defined by RandomUniformLike, Attention and CastLike by Cast, and those have no kernel for these types.
  expect(missed.filter((name) => !/^test_(?:attention|bernoulli|castlike)_/.test(`${name}_`))).toEqual([]);
});
