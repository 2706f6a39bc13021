import { afterAll, expect, test } from 'vitest';
import { catalog } from '../../../src/core/passes/catalog.ts';
import { selectPasses } from '../../../src/core/passes/presets.ts';
import { runPasses } from '../../../src/core/passes/runner.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { verifyModels } from '../../../src/core/verify/verify-models.ts';
import { createEvaluator } from '../../../src/worker/evaluator.ts';
import { createRuntimeManager } from '../../../src/worker/runtime-client.ts';
import { verificationFeeds } from '../../../src/worker/verification-feeds.ts';
import { parseModel } from './graph-text.ts';

const manager = createRuntimeManager();
const evaluator = createEvaluator(manager);
afterAll(() => manager.dispose());

async function raise(text: string, targetOpset: number, names: readonly string[] = ['raise-opset']) {
  const before = parseModel(text);
  const { model, problems } = await runPasses(
    before,
    catalog.filter(({ name }) => names.includes(name)),
    { factsOf: (draft) => createFacts(draft), evaluator, options: { targetOpset } },
  );
  const { status } = await verifyModels(before, model, evaluator, verificationFeeds(before, { dims: {}, seed: 1 }));
  return { model, problems, status, opset: model.opsets.get('') };
}

const resizes = `
opset 10
in x float32 [1, 1, 6, 7]
const small float32 [4] = 1 1 0.6 0.45
const large float32 [4] = 1 1 1.5 2
y = Resize(x, small) {mode = nearest}
z = Resize(x, large) {mode = linear}
out y float32 [1, 1, 3, 3]
out z float32 [1, 1, 9, 14]`;

test.each([11, 12, 13])('Resize computes the same at operator set %i', async (target) => {
  expect(await raise(resizes, target)).toMatchObject({ opset: target, problems: [], status: 'equal' });
});

test('a first step to 11 and a second one to 18 is valid, too', async () => {
  const { model } = await raise(resizes, 11);
  const { model: second } = await runPasses(
    model,
    catalog.filter(({ name }) => name === 'raise-opset'),
    { factsOf: (draft) => createFacts(draft), options: { targetOpset: 18 } },
  );
  const feeds = verificationFeeds(model, { dims: {}, seed: 1 });
  expect(await verifyModels(parseModel(resizes), second, evaluator, feeds)).toMatchObject({ status: 'equal' });
});

test('the bounds of a Clip are of its type', async () => {
  for (const dtype of ['float16', 'float64']) {
    const text = `
opset 8
in x ${dtype} [4]
y = Clip(x) {min = 0.25, max = 0.75}
out y ${dtype} [4]`;
    const { model, opset } = await raise(text, 13);
    expect(opset).toBe(13);
    expect([...model.graph.initializers.values()].map((each) => each.dtype)).toEqual([dtype, dtype]);
  }
});

test('what stands in the way is named with what it would need, and the model stops below', async () => {
  const scaled = `
opset 8
in x float32 [1, 1, 2, 2]
const s float32 [4] = 1 1 0.5 2
r = Softmax(x)
y = ImageScaler(r) {scale = 2.0, bias = [1]}
out y float32 [1, 1, 2, 2]`;
  expect(await raise(scaled, 17)).toMatchObject({
    opset: 9,
    problems: ['The operator set is 9, not 17: ImageScaler y is in the way. This operator ended with operator set 9.'],
  });
  expect(await raise(resizes.replace('1 1 0.6 0.45', '1 1 0.6 2'), 17)).toMatchObject({
    opset: 10,
    problems: [expect.stringMatching(/^The operator set is 10, not 17: Resize y .*all at least 1, or all at most 1/)],
  });
  expect(await raise(scaled.replace('opset 8', 'opset 6'), 17)).toMatchObject({
    opset: 6,
    problems: ['The operator set stays 6: conversions begin with 7.'],
  });
  const young = 'opset 21\nin x float32 [2]\ny = Relu(x)\nout y float32 [2]';
  expect(await raise(young, 99)).toMatchObject({
    opset: 23,
    problems: ['Conversions go up to operator set 23, not 99.'],
  });
});

const called = `
opset 11
opset my.domain 1
function my.domain:Row(a) -> r
  r = Unsqueeze(a) {axes = [0]}
in x float32 [2]
u = my.domain:Row(x)
y = Squeeze(u) {axes = [0]}
out y float32 [2]`;

test('functions are inlined and raised in one run', async () => {
  const raised = await raise(called, 13, ['raise-opset', 'inline-functions']);
  expect(raised).toMatchObject({ opset: 13, problems: [], status: 'equal', model: { functions: [] } });
});

test('a function that stays is named', async () => {
  expect(await raise(called, 13)).toMatchObject({
    opset: 11,
    problems: ['The operator set stays 11: the function Row would have to be inlined.'],
  });
});

test('a target brings the pass along, unless it is to be skipped', () => {
  const names = (...given: Parameters<typeof selectPasses>) => selectPasses(...given).map(({ name }) => name);
  expect(names('default', undefined, [], 13)).toContain('raise-opset');
  expect(names('default', ['fold-constants'], [], 13)).toEqual(['raise-opset', 'fold-constants']);
  expect(names('default', undefined, ['raise-opset'], 13)).not.toContain('raise-opset');
  expect(names('default', undefined)).not.toContain('raise-opset');
});
