import { afterAll, expect, test } from 'vitest';
import type { Evaluator, TensorValue } from '../../../src/core/evaluator.ts';
import { fromNumbers } from '../../../src/core/tensor/convert.ts';
import { addComparison, noDifference, reportedDifference } from '../../../src/core/verify/difference.ts';
import { findGuilty } from '../../../src/core/verify/find-guilty.ts';
import { compareWith, failsOptimized, runReference, verifyModels } from '../../../src/core/verify/verify-models.ts';
import { createEvaluator } from '../../../src/worker/evaluator.ts';
import { createRuntimeManager } from '../../../src/worker/runtime-client.ts';
import { parseModel } from '../passes/graph-text.ts';

const manager = createRuntimeManager();
const evaluator = createEvaluator(manager);
afterAll(() => manager.dispose());

const floats = (...values: number[]): TensorValue => ({
  dtype: 'float32',
  dims: [values.length],
  bytes: fromNumbers('float32', values),
});
const feeds = [new Map([['x', floats(-1, 0.5, 3)]]), new Map([['x', floats(0, -0, 1e6)]])];
const model = (body: string) => parseModel(`opset 17\nin x float32 [n]\n${body}\nout y float32 [n]`);

test('the same computation is equal', async () => {
  const verdict = await verifyModels(model('y = Relu(x)'), model('a = Identity(x)\ny = Relu(a)'), evaluator, feeds);
  expect(verdict).toMatchObject({ status: 'equal', runs: 2 });
  expect(verdict.outputs).toEqual([{ name: 'y', maxAbs: 0, maxRel: 0, sqnrDb: null, cosine: 1 }]);
});

test('rounding is close, a wrong factor is different and says by how much', async () => {
  const seventh = 'const c float32 [] = 7\ny = Div(x, c)';
  const rounded = 'const c float32 [] = 0.14285715\ny = Mul(x, c)';
  expect(await verifyModels(model(seventh), model(rounded), evaluator, feeds)).toMatchObject({ status: 'close' });
  const wrong = 'const c float32 [] = 0.144\ny = Mul(x, c)';
  const verdict = await verifyModels(model(seventh), model(wrong), evaluator, feeds);
  expect(verdict).toMatchObject({
    status: 'different',
    reason: expect.stringContaining('Output y: it is off by 1.14e+3'),
  });
});

test('a verdict says on how many of the inputs it stands', async () => {
  const pair = new Map([['x', floats(1, 2)]]);
  const two = model('const s int64 [1] = 2\nr = Reshape(x, s)\ny = Relu(r)');
  expect(await verifyModels(two, two, evaluator, [pair, ...feeds])).toMatchObject({
    status: 'equal',
    runs: 1,
    reason: 'compared on 1 of 3 sets of inputs, since the original refuses the others',
  });
  // An evaluator that takes long for every run of the original.
  const slow: Evaluator = {
    run: async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return evaluator.run(request);
    },
  };
  const sound = model('y = Relu(x)');
  const reference = runReference(sound, slow, [[...feeds, ...feeds]]);
  expect(await compareWith(reference, sound, evaluator)).toMatchObject({
    status: 'equal',
    runs: 2,
    reason: 'compared on 2 of 4 sets of inputs, to save time',
  });
});

test('NaN equals NaN, and a NaN where there was none is different', async () => {
  const root = 'y = Sqrt(x)';
  expect(await verifyModels(model(root), model(root), evaluator, feeds)).toMatchObject({ status: 'equal' });
  expect(await verifyModels(model('y = Abs(x)'), model(root), evaluator, feeds)).toMatchObject({
    status: 'different',
    reason: expect.stringContaining('NaN'),
  });
});

test('a result that does not run is different, an original that does not run cannot be compared', async () => {
  const broken = 'const s int64 [1] = 7\ny = Reshape(x, s)';
  expect(await verifyModels(model('y = Relu(x)'), model(broken), evaluator, feeds)).toMatchObject({
    status: 'different',
    reason: expect.stringContaining('The result does not run'),
  });
  expect(await verifyModels(model(broken), model('y = Relu(x)'), evaluator, feeds)).toMatchObject({
    status: 'not-run',
  });
});

test('a model that draws random numbers cannot be compared', async () => {
  const random = model('r = RandomNormalLike(x)\ny = Add(x, r)');
  expect(await verifyModels(random, random, evaluator, feeds)).toMatchObject({
    status: 'not-run',
    reason: expect.stringContaining('each time'),
  });
});

test('what draws random numbers is not taken for equal, different or badly optimized by chance', async () => {
  // Of two elements neither is dropped in half of the runs, which are then alike.
  const drawing = (body: string) =>
    parseModel(`
opset 12
in x float32 [2]
const ratio float32 [] = 0.3
const training bool [] = 1
${body}
y, _ = Dropout(i, ratio, training)
out y float32 [2]`);
  const original = drawing('i = Identity(x)');
  for (const body of ['i = Identity(x)', 'i = Neg(x)']) {
    for (let time = 0; time < 5; time++) {
      const reference = runReference(original, evaluator, [[new Map([['x', floats(1, 2)]])]]);
      expect(await compareWith(reference, drawing(body), evaluator)).toMatchObject({
        status: 'not-run',
        reason: 'The model gives other results each time it runs.',
      });
      expect(await failsOptimized(reference, drawing(body), evaluator)).toBeUndefined();
    }
  }
  // Drawn, and of no effect.
  const unread = model('r = RandomNormalLike(x)\ny = Relu(x)');
  expect(await verifyModels(unread, model('y = Relu(x)'), evaluator, feeds)).toMatchObject({ status: 'equal' });
  const wrong = model('y = Abs(x)');
  expect(await verifyModels(unread, wrong, evaluator, feeds.slice(0, 1))).toMatchObject({ status: 'different' });
});

test('the error is measured against the largest element and in decibels', () => {
  const difference = noDifference();
  addComparison(difference, floats(100, 0, 0), floats(100, 1, 0));
  expect(reportedDifference('y', difference)).toMatchObject({ maxAbs: 1, maxRel: 0.01, sqnrDb: 40 });
  const shapes = noDifference();
  addComparison(shapes, floats(1), floats(1, 2));
  expect(shapes.structural).toContain('[2] instead of [1]');
});

test('bisection finds the first guilty step in about log2 calls', async () => {
  const steps = Array.from({ length: 1000 }, (_, index) => index);
  let calls = 0;
  const guilty = await findGuilty(steps, async (count) => {
    calls++;
    return count > 437;
  });
  expect(guilty).toBe(437);
  expect(calls).toBeLessThanOrEqual(12);
  expect(await findGuilty(steps, async () => false)).toBeUndefined();
});

test('a model is compared on the first inputs before the original has run on the last', async () => {
  const order: string[] = [];
  const original = model('y = Relu(x)');
  const result = model('a = Identity(x)\ny = Relu(a)');
  const watched: Evaluator = {
    run: (request) => {
      order.push(request.model === original ? 'original' : 'result');
      return evaluator.run(request);
    },
  };
  const many = Array.from({ length: 6 }, (_, index) => new Map([['x', floats(index, -1)]]));
  const { status, runs } = await verifyModels(original, result, watched, many);
  expect(status).toBe('equal');
  expect(order.indexOf('result')).toBeLessThan(order.lastIndexOf('original'));
  expect(order.filter((each) => each === 'result')).toHaveLength(runs);
});

test('larger inputs are tried when a model refuses the first ones, and only then', async () => {
  const picky = model('const c float32 [3] = 1 2 3\ny = Add(x, c)');
  const run = (...sizes: number[][]) =>
    runReference(
      picky,
      evaluator,
      sizes.map((each) => each.map((size) => new Map([['x', floats(...Array(size).fill(1))]]))),
    ).all;
  expect((await run([2], [3, 3], [3])).usable).toHaveLength(2);
  expect((await run([3], [3, 3])).usable).toHaveLength(1);
  expect(await run([2], [4])).toMatchObject({ usable: [], reason: expect.stringContaining('while running') });
});
