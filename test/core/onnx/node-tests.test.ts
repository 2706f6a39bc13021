import { expect, test } from 'vitest';
import { readAll } from '../../../src/core/graph/byte-source.ts';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { Model } from '../../../src/core/graph/model.ts';
import { encodeModel } from '../../../src/core/onnx/encode-model.ts';
import type { Piece } from '../../../src/core/onnx/message.ts';
import { readModel } from '../../../src/core/onnx/read-model.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { allConstant } from '../../../src/core/shapes/operation.ts';
import { readNodeTests } from '../../node-tests.ts';
import { fileOf } from './proto.ts';

const cases = readNodeTests();
const noFiles = () => {
  throw new Error('There are no external files here.');
};

async function joined(pieces: readonly Piece[]): Promise<Buffer> {
  return Buffer.concat(
    await Promise.all(pieces.map((piece) => (piece instanceof Uint8Array ? piece : readAll(piece)))),
  );
}

test('all 1884 models are read without an error and written back byte for byte', async () => {
  const odd: string[] = [];
  for (const { name, model: bytes } of cases) {
    const { model, problems } = await readModel(fileOf(bytes), noFiles);
    if (problems.some(({ severity }) => severity === 'error')) odd.push(`${name}: ${problems[0]!.message}`);
    if (Buffer.compare(await joined(encodeModel(model)), bytes) !== 0) odd.push(`${name} is written back otherwise`);
  }
  expect(cases.length).toBe(1884);
  expect(odd).toEqual([]);
});

test('encoded afresh they read the same, and encode to the same bytes again', async () => {
  const odd: string[] = [];
  let identical = 0;
  for (const { name, model: bytes } of cases) {
    const first = await joined(encodeModel((await readModel(fileOf(bytes), noFiles)).model, { afresh: true }));
    const { model, problems } = await readModel(fileOf(first), noFiles);
    if (problems.some(({ severity }) => severity === 'error')) odd.push(`${name}: ${problems[0]!.message}`);
    if (Buffer.compare(await joined(encodeModel(model, { afresh: true })), first) !== 0) odd.push(name);
    if (Buffer.compare(first, bytes) === 0) identical++;
  }
  expect(odd).toEqual([]);
  expect(identical).toBeGreaterThan(1884 / 2);
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
  for (const { name, model: bytes } of cases) {
    const { model } = await readModel(fileOf(bytes), noFiles);
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
