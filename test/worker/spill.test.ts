import { expect, test } from 'vitest';
import { bufferSource, readAll } from '../../src/core/graph/byte-source.ts';
import type { Model, Tensor } from '../../src/core/graph/model.ts';
import { createSpill } from '../../src/worker/spill.ts';
import { buildModel } from './build-model.ts';

const tensor = (name: string, floats: number, value: number): Tensor => ({
  name,
  dtype: 'float32',
  dims: [floats],
  data: bufferSource(new Uint8Array(new Float32Array(floats).fill(value).buffer)),
});

const withWeights = (tensors: readonly Tensor[]): Model => {
  const model = buildModel({ inputs: {}, outputs: {}, nodes: [] });
  return { ...model, graph: { ...model.graph, initializers: new Map(tensors.map((each) => [each.name, each])) } };
};

test('large weights lie in a file, read as before, and are in memory again once restored', async () => {
  const tensors = [tensor('a', 3 << 20, 1), tensor('b', 2 << 20, 2), tensor('small', 16, 3)];
  const model = withWeights(tensors);
  const spill = createSpill();
  const spilled = await spill.spilled(model);
  const data = (of: Model, name: string) => of.graph.initializers.get(name)!.data;
  expect(['a', 'b', 'small'].map((name) => data(spilled, name).bytes === undefined)).toEqual([true, true, false]);
  for (const { name, data: original } of tensors)
    expect(Buffer.compare(await readAll(data(spilled, name)), original.bytes!)).toBe(0);
  const restored = await spill.restored({
    ...spilled,
    graph: {
      ...spilled.graph,
      initializers: new Map([...spilled.graph.initializers].filter(([name]) => name !== 'b')),
    },
  });
  await spill.dispose();
  expect(Buffer.compare(data(restored, 'a').bytes!, tensors[0]!.data.bytes!)).toBe(0);
  await expect(readAll(data(spilled, 'a'))).rejects.toThrow(/closed/);
});

test('a model whose weights are few stays as it is', async () => {
  const spill = createSpill();
  const model = withWeights([tensor('a', 1 << 18, 1)]);
  expect((await spill.spilled(model)) === model).toBe(true);
  await spill.dispose();
});
