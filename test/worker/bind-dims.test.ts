import { afterAll, describe, expect, it } from 'vitest';
import { openModel } from '../../src/worker/open-model.ts';
import { optimizeModel } from '../../src/worker/optimize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { sampleModels } from '../corpus.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

describe('symbolic dimensions', () => {
  it.each([
    [{ batch: 4 }, 4],
    [{}, 'batch'],
    [{ other: 4 }, 'batch'],
  ])('%j: what a model is specialized to stands in its signature', async (dims, expected) => {
    const opened = await openModel(sampleModels[0]!);
    const { model, report } = await optimizeModel(opened, {
      preset: 'default',
      dims,
      verify: true,
      manager,
      opscope: '1.2.3',
    });
    expect(report.verdict.status).toMatch(/equal|close/);
    const [input] = model.graph.inputs;
    expect(input!.type).toMatchObject({ shape: [expected, 3, 32, 32] });
    await opened.close();
  });
});
