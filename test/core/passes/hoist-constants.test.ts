import { afterAll, expect, test } from 'vitest';
import { bufferSource } from '../../../src/core/graph/byte-source.ts';
import type { Model, SparseTensor } from '../../../src/core/graph/model.ts';
import { hoistConstants } from '../../../src/core/passes/hoist-constants.ts';
import { runPasses } from '../../../src/core/passes/runner.ts';
import { float32Tensor, int64Tensor } from '../../../src/core/passes/tensors.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { fromNumbers } from '../../../src/core/tensor/convert.ts';
import { verifyModels } from '../../../src/core/verify/verify-models.ts';
import { createEvaluator } from '../../../src/worker/evaluator.ts';
import { createRuntimeManager } from '../../../src/worker/runtime-client.ts';
import { verificationFeeds } from '../../../src/worker/verification-feeds.ts';
import { parseModel, printModel } from './graph-text.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

/** `y = x + c` with a sparse Constant `c`. */
function addsSparse(value: SparseTensor): Model {
  const model = parseModel(
    `opset 13\nin x float32 [${value.dims.join(', ')}]\nc = Constant()\ny = Add(x, c)\nout y float32`,
  );
  const [constant, ...rest] = model.graph.nodes;
  const attributes = new Map([['sparse_value', { type: 'sparse-tensor' as const, value }]]);
  return { ...model, graph: { ...model.graph, nodes: [{ ...constant!, attributes }, ...rest] } };
}

const hoist = async (model: Model) =>
  (await runPasses(model, [hoistConstants], { factsOf: (draft) => createFacts(draft), options: {} })).model;

test.each([
  ['linear', int64Tensor('', [1, 5])],
  ['one row an element', int64Tensor('', [0, 1, 1, 2], [2, 2])],
])('a sparse constant gets its zeros, with indices %s', async (_, indices) => {
  const model = addsSparse({ dims: [2, 3], values: float32Tensor('', [2], [7, 8]), indices });
  const result = await hoist(model);
  expect(printModel(result)).toContain('const c float32 [2, 3] = 0 7 0 0 0 8');
  expect(
    await verifyModels(model, result, createEvaluator(manager), verificationFeeds(model, { dims: {}, seed: 1 })),
  ).toMatchObject({ status: 'equal' });
});

test('a large sparse constant stays as it is', async () => {
  const data = bufferSource(fromNumbers('float32', [1]));
  const values = { name: '', dtype: 'float32' as const, dims: [1], data };
  const model = addsSparse({ dims: [100, 1000], values, indices: int64Tensor('', [3]) });
  expect(await hoist(model)).toBe(model);
});
