import { describe, expect, test } from 'vitest';
import { diffModels } from '../../../src/core/diff/diff-models.ts';
import type { TensorValue } from '../../../src/core/evaluator.ts';
import type { Model } from '../../../src/core/graph/model.ts';
import { describeDiff } from '../../../src/core/report/describe-diff.ts';
import { buildModel, type GraphParts } from '../../worker/build-model.ts';

const floats = (dims: readonly number[], fill = 1): TensorValue => ({
  dtype: 'float32',
  dims,
  bytes: new Uint8Array(4 * dims.reduce((product, dim) => product * dim, 1)).fill(fill),
});
const model = (nodes: GraphParts['nodes'], initializers: Record<string, TensorValue> = {}): Model =>
  buildModel({ inputs: { x: ['float32', [4, 4]] }, outputs: { y: ['float32', [4, 4]] }, initializers, nodes });
const described = async (a: Model, b: Model) => describeDiff(a, b, await diffModels(a, b, { weights: true }));

describe('a comparison in words', () => {
  test('names attributes before and after, added and absent ones too', async () => {
    const a = model([{ opType: 'Softmax', name: 's', inputs: ['x'], outputs: ['y'], attributes: { axis: 1 } }]);
    const b = model([{ opType: 'Softmax', name: 's', inputs: ['x'], outputs: ['y'], attributes: { axis: -1 } }]);
    const c = model([{ opType: 'Softmax', name: 's', inputs: ['x'], outputs: ['y'] }]);
    expect((await described(a, b)).changed[0]!.differences).toEqual(['axis: 1 → -1']);
    expect((await described(b, c)).changed[0]!.differences).toEqual(['axis: -1 → absent']);
  });

  test('names the shapes of constants, and says when only elements differ', async () => {
    const nodes = [{ opType: 'Add', name: 'add', inputs: ['x', 'w'], outputs: ['y'] }];
    const a = model(nodes, { w: floats([4, 4]) });
    expect((await described(a, model(nodes, { w: floats([4]) }))).changed[0]!.differences).toEqual([
      'input 2: float[4, 4] → float[4]',
    ]);
    expect((await described(a, model(nodes, { w: floats([4, 4], 2) }))).changed[0]!.differences).toEqual([
      'other elements of a constant',
    ]);
    expect(await described(a, model(nodes, { w: floats([4, 4]) }))).toMatchObject({ same: 1, changed: [] });
  });

  test('lists what is gone and what is new by its name, or its output without one', async () => {
    const relu = { opType: 'Relu', inputs: ['x'], outputs: ['r'] };
    const a = model([relu, { opType: 'Exp', inputs: ['r'], outputs: ['y'] }]);
    const b = model([
      relu,
      { opType: 'Exp', inputs: ['r'], outputs: ['e'] },
      { opType: 'Custom', domain: 'com.example', name: 'mine', inputs: ['e'], outputs: ['y'] },
    ]);
    const { added, removed } = await described(a, b);
    expect(added).toMatchObject([{ name: 'mine', opType: 'Custom', domain: 'com.example' }]);
    expect(removed).toEqual([]);
    expect((await described(b, a)).removed).toMatchObject([{ name: 'mine' }]);
    expect((await described(a, model([{ opType: 'Exp', inputs: ['x'], outputs: ['y'] }]))).removed).toMatchObject([
      { name: 'r', opType: 'Relu' },
    ]);
  });
});
