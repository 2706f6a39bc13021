import { expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
import { tensorsPassed } from '../../src/protocol/garbage.ts';

const tensor = (): TensorValue => ({ dtype: 'float32', dims: [1 << 18], bytes: new Uint8Array(1 << 20) });

test('memory of tensors that were passed on does not pile up', async () => {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let index = 0; index < 200; index++) {
    tensorsPassed([tensor()]);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    // V8 frees array buffers beside the program.
    if (index % 4 === 0) await new Promise(setImmediate);
  }
  expect(most).toBeLessThan(40e6);
});
