import { describe, expect, it } from 'vitest';
import { liveActivationBytes, peakActivationBytes } from '../../../src/core/cost/memory.ts';
import { modelParameters, nodeCost, sharedWeights } from '../../../src/core/cost/node-cost.ts';
import { costOverlays } from '../../../src/core/cost/overlays.ts';
import type { TensorValue } from '../../../src/core/evaluator.ts';
import { Draft } from '../../../src/core/graph/draft.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { buildModel, type GraphParts } from '../../worker/build-model.ts';

const float = (...dims: number[]): TensorValue => ({
  dtype: 'float32',
  dims,
  bytes: new Uint8Array(dims.reduce((all, size) => all * size, 4)),
});

function analysed(parts: Omit<GraphParts, 'outputs'> & Partial<GraphParts>, dims: Record<string, number> = {}) {
  const draft = new Draft(buildModel({ outputs: {}, ...parts }));
  const facts = createFacts(draft, { dims: new Map(Object.entries(dims)) });
  const costs = draft.main.nodes().map((node) => nodeCost(draft.main, node, facts));
  return { draft, facts, costs };
}

const one = (opType: string, inputs: string[], rest: Partial<GraphParts['nodes'][number]> = {}) => ({
  opType,
  inputs,
  outputs: ['y'],
  ...rest,
});

describe('node cost', () => {
  it('is unknown, not negative, where the sizes put in are too small for the model', () => {
    const { costs } = analysed(
      {
        inputs: { x: ['float32', [1, 1, 'length']] },
        initializers: { w: float(8, 1, 64) },
        nodes: [one('Conv', ['x', 'w'])],
      },
      { length: 16 },
    );
    expect(costs[0]).toMatchObject({ macs: null, outputBytes: null });
  });

  it('counts a grouped convolution', () => {
    const { costs } = analysed({
      inputs: { x: ['float32', [1, 8, 10, 10]] },
      initializers: { w: float(16, 4, 3, 3), b: float(16) },
      nodes: [one('Conv', ['x', 'w', 'b'], { attributes: { group: 2, pads: [1, 1, 1, 1] } })],
    });
    expect(costs[0]).toEqual({
      macs: 16 * 100 * 4 * 9,
      parameters: 16 * 4 * 9 + 16,
      bytes: 4 * (800 + 576 + 16 + 1600),
      outputBytes: 6400,
    });
  });

  it('counts weights that a caller may override, as the model’s sum does', () => {
    const { costs, draft } = analysed({
      inputs: { x: ['float32', [1, 4]], w: ['float32', [4, 6]] },
      initializers: { w: float(4, 6) },
      nodes: [one('MatMul', ['x', 'w'])],
    });
    expect(draft.main.constant('w')).toBeUndefined();
    expect(costs[0]!.parameters).toBe(24);
    expect(modelParameters(draft)).toBe(24);
  });

  it('counts matrix products, batched, transposed and by equation', () => {
    const inputs = { a: ['float32', [2, 3, 4]], b: ['float32', [2, 4, 5]] } as const;
    expect(analysed({ inputs, nodes: [one('MatMul', ['a', 'b'])] }).costs[0]?.macs).toBe(2 * 3 * 5 * 4);
    const equation = { attributes: { equation: 'bij,bjk->bik' } };
    expect(analysed({ inputs, nodes: [one('Einsum', ['a', 'b'], equation)] }).costs[0]?.macs).toBe(120);
    const gemm = analysed({
      inputs: { a: ['float32', [4, 3]], b: ['float32', [5, 4]] },
      nodes: [one('Gemm', ['a', 'b'], { attributes: { transA: 1, transB: 1 } })],
    });
    expect(gemm.costs[0]?.macs).toBe(3 * 5 * 4);
  });

  it('counts every gate of an LSTM at every step', () => {
    const { costs } = analysed({
      inputs: { x: ['float32', [7, 2, 3]] },
      initializers: { w: float(1, 20, 3), r: float(1, 20, 5) },
      nodes: [one('LSTM', ['x', 'w', 'r'], { attributes: { hidden_size: 5 } })],
    });
    expect(costs[0]?.macs).toBe(7 * 2 * 20 * (3 + 5));
  });

  it('knows nothing where a size is open, and all of it when that is bound', () => {
    const parts = {
      inputs: { x: ['float32', ['n', 4]] },
      initializers: { w: float(4, 6) },
      nodes: [one('MatMul', ['x', 'w'])],
    } as const;
    expect(analysed(parts).costs[0]).toMatchObject({ macs: null, bytes: null, parameters: 24 });
    expect(analysed(parts, { n: 3 }).costs[0]).toMatchObject({ macs: 72, bytes: 4 * (12 + 24 + 18) });
  });

  it('does not guess the cost of an operator it does not know', () => {
    const { costs } = analysed({
      inputs: { x: ['float32', [4]] },
      nodes: [one('Mystery', ['x'], { domain: 'custom' })],
    });
    expect(costs[0]).toMatchObject({ macs: null, bytes: null });
  });

  it('counts a shared weight once for the model and reports it at both nodes', () => {
    const { draft, facts, costs } = analysed({
      inputs: { x: ['float32', [4, 4]] },
      initializers: { w: float(4, 4) },
      nodes: [
        { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
        { opType: 'MatMul', inputs: ['h', 'w'], outputs: ['y'] },
      ],
    });
    expect(costs.map(({ parameters }) => parameters)).toEqual([16, 16]);
    expect(modelParameters(draft)).toBe(16);
    const overlays = costOverlays(draft, facts);
    const ids = draft.main.nodes().map(({ id }) => id);
    expect(ids.map((id) => overlays.find((overlay) => overlay.id === 'macs')?.values[id])).toEqual([64, 64]);
    expect(overlays.find((overlay) => overlay.id === 'parameters')?.shared).toEqual([{ figure: 16, nodes: ids }]);
    const precision = overlays.find((overlay) => overlay.id === 'precision');
    expect(precision?.categories?.[precision.values[ids[0]!]!]).toBe('float32');
  });

  it('finds the weights that nodes share, one that only one of them unpacks too, and no indices', () => {
    const packed: TensorValue = { dtype: 'uint8', dims: [8, 1, 16], bytes: new Uint8Array(128) };
    const nBits = { domain: 'com.microsoft', attributes: { N: 8, K: 32, bits: 4, block_size: 32 } };
    const { draft } = analysed({
      inputs: { x: ['float32', [2, 32]], i: ['int64', [3]] },
      initializers: { w: packed, scales: float(8, 1), alone: float(5), index: { ...float(4), dtype: 'int64' } },
      nodes: [
        one('MatMulNBits', ['x', 'w', 'scales'], nBits),
        { opType: 'Gather', inputs: ['w', 'i'], outputs: ['rows'] },
        { opType: 'Neg', inputs: ['alone'], outputs: ['minus'] },
        { opType: 'Gather', inputs: ['minus', 'index'], outputs: ['a'] },
        { opType: 'Gather', inputs: ['minus', 'index'], outputs: ['b'] },
      ],
    });
    const [first, second] = draft.main.nodes().map(({ id }) => id);
    expect(sharedWeights(draft)).toEqual([{ figure: 128, nodes: [first, second] }]);
  });

  it('frees a value after its last reader', () => {
    const { draft, facts } = analysed({
      inputs: { x: ['float32', [10]] },
      outputs: { d: ['float32', [10]] },
      nodes: [
        { opType: 'Relu', inputs: ['x'], outputs: ['a'] },
        { opType: 'Relu', inputs: ['a'], outputs: ['b'] },
        { opType: 'Relu', inputs: ['b'], outputs: ['c'] },
        { opType: 'Relu', inputs: ['c'], outputs: ['d'] },
      ],
    });
    // The input stays the caller's; of the chain two values are alive at once.
    expect(peakActivationBytes(draft.main, facts)).toBe(3 * 40);
    expect(liveActivationBytes(draft.main, facts)).toEqual([2 * 40, 3 * 40, 3 * 40, 3 * 40]);
    const live = costOverlays(draft, facts).find(({ id }) => id === 'live')!;
    expect(draft.main.nodes().map(({ id }) => live.values[id])).toEqual([80, 120, 120, 120]);
    expect(live.ofGroup).toBe('largest');
  });
});
