import { expect, test } from 'vitest';
import { bufferSource } from '../../../src/core/graph/byte-source.ts';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { Model } from '../../../src/core/graph/model.ts';
import { modelBytes } from '../../../src/core/onnx/model-bytes.ts';
import { readModel } from '../../../src/core/onnx/read-model.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { allConstant } from '../../../src/core/shapes/operation.ts';
import { readNodeTests } from '../../node-tests.ts';

const nodeTests = readNodeTests();
const read = async (bytes: Uint8Array) => {
  const { model } = await readModel(bufferSource(bytes), () => {
    throw new Error('There are no external files here.');
  });
  return model;
};

test('the official node tests are read without a problem and written byte for byte', async () => {
  expect(nodeTests.length).toBeGreaterThan(1800);
  const changed: string[] = [];
  for (const { name, model } of nodeTests) {
    const written = await modelBytes(await read(model));
    if (!Buffer.from(written).equals(model)) changed.push(name);
  }
  expect(changed).toEqual([]);
});

/** The model without what it says of its outputs, so that inference has to find it. */
const withoutOutputTypes = (model: Model): Model => ({
  ...model,
  graph: { ...model.graph, outputs: model.graph.outputs.map(({ name }) => ({ name })) },
});

test('shape inference never contradicts what the node tests say of their outputs', async () => {
  const wrong: string[] = [];
  let found = 0;
  let stated = 0;
  for (const { name, model: bytes } of nodeTests) {
    const model = await read(bytes);
    const draft = new Draft(withoutOutputTypes(model));
    const facts = createFacts(draft);
    for (const { name: output, type } of model.graph.outputs) {
      if (type?.kind !== 'tensor' || !type.shape?.every((dim) => typeof dim === 'number')) continue;
      stated++;
      const { kind, dtype, shape } = { shape: undefined, dtype: undefined, ...facts.of(draft.main, output) };
      const sizes = shape && allConstant(shape);
      if (kind === 'tensor' && sizes) found++;
      const differs = (dtype && dtype !== type.dtype) || (sizes && sizes.join() !== type.shape.join());
      if (differs) wrong.push(`${name}: ${output} is ${type.dtype} [${type.shape}], found ${dtype} [${sizes}]`);
    }
  }
  expect(wrong).toEqual([]);
  // Where sizes depend on input values, none can be found.
  expect(found / stated).toBeGreaterThan(0.8);
});
