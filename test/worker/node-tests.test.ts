import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/report/report.ts';
import { parseTensorProto } from '../../src/core/tensor/tensor-proto.ts';
import { type Feeds, verifyModels } from '../../src/core/verify/verify-models.ts';
import { createEvaluator } from '../../src/worker/evaluator.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { optimizeModel } from '../../src/worker/optimize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { type NodeTest, readNodeTests } from '../node-tests.ts';

const manager = createRuntimeManager();
const folder = mkdtempSync(join(tmpdir(), 'opscope-node-tests-'));
const path = join(folder, 'model.onnx');
afterAll(() => {
  manager.dispose();
  rmSync(folder, { recursive: true });
});

/** What comes of simplifying a model: nothing to do, a result that could not be run, or a comparison. */
async function simplify({ model: bytes, inputs }: NodeTest): Promise<'same' | Verdict> {
  writeFileSync(path, bytes);
  const opened = await openModel(path);
  const evaluator = createEvaluator(manager);
  try {
    const { model } = opened;
    const { model: result } = await optimizeModel(opened, {
      preset: 'default',
      verify: false,
      manager,
      opscope: '1.2.3',
    });
    if (result === model) return 'same';
    const tensors = await Promise.all(inputs.map((each) => parseTensorProto(each)));
    const feed: Feeds = new Map(
      model.graph.inputs.flatMap(({ name }, index) => (tensors[index] ? [[name, tensors[index].value]] : [])),
    );
    return await verifyModels(model, result, evaluator, [feed]);
  } finally {
    await evaluator.dispose();
    await opened.close();
  }
}

test('simplified, the official node tests compute what they did', { timeout: 240_000 }, async () => {
  const wrong: string[] = [];
  let compared = 0;
  for (const nodeTest of readNodeTests()) {
    const verdict = await simplify(nodeTest);
    if (verdict === 'same' || verdict.status === 'not-run') continue;
    compared++;
    if (verdict.status === 'different') wrong.push(`${nodeTest.name}: ${verdict.reason}`);
  }
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(100);
});
