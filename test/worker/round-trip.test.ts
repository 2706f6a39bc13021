import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAll } from '../../src/core/graph/byte-source.ts';
import type { Model } from '../../src/core/graph/model.ts';
import { encodeModel } from '../../src/core/onnx/encode-model.ts';
import type { Piece } from '../../src/core/onnx/message.ts';
import { modelBytes } from '../../src/core/onnx/model-bytes.ts';
import { tensorsOf } from '../../src/core/onnx/tensors-of.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { corpusFolder, corpusModels, corpusPresent, sampleModels } from '../corpus.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opscope-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Files that no reader can take: a broken protobuf, and weights that are missing or refused. */
const unusable =
  /icm-31000000518082|model_with_external_initializers|model_with_orig_ext_data|test_arbitrary_external_file/;

describe.each(sampleModels)('%s', (path) => {
  it('is written back byte for byte', async () => {
    const opened = await openModel(path);
    const original = await readFile(path);
    expect(Buffer.compare(await modelBytes(opened.model), original)).toBe(0);
    await opened.close();
  });

  it('keeps every tensor when its weights move to a file beside it and back', async () => {
    const opened = await openModel(path);
    const { files } = await saveModel(opened.model, join(folder, 'external.onnx'), { weights: 'external' });
    expect(files).toHaveLength(2);
    const external = await openModel(files[0]!);
    expect(external.problems).toEqual(opened.problems);
    await expectSameTensors(external.model, opened.model);
    await saveModel(external.model, join(folder, 'inline.onnx'), { weights: 'inline' });
    const inline = await openModel(join(folder, 'inline.onnx'));
    await expectSameTensors(inline.model, opened.model);
    for (const each of [opened, external, inline]) await each.close();
  });
});

it('never writes over weights that an older model may still need, nor over the model itself', async () => {
  const opened = await openModel(sampleModels[0]!);
  const path = join(folder, 'twice.onnx');
  const first = await saveModel(opened.model, path, { weights: 'external' });
  const second = await saveModel(opened.model, path, { weights: 'external' });
  expect(second.files[1]).not.toBe(first.files[1]);
  await expectSameTensors((await openModel(path)).model, opened.model);
  for (const externalName of ['twice.onnx', '../weights.data', 'a/b', '..']) {
    await expect(saveModel(opened.model, path, { weights: 'external', externalName })).rejects.toThrow(
      'beside the model',
    );
  }
  await opened.close();
});

describe.skipIf(!corpusPresent)('every file of the corpus (left out when OPSCOPE_CORPUS is absent)', () => {
  const readable = corpusModels.filter((each) => !unusable.test(each));

  it('all 453 readable are written back byte for byte when nothing changed', async () => {
    const changed: string[] = [];
    for (const name of readable) {
      const opened = await openModel(join(corpusFolder, name));
      const original = await readFile(join(corpusFolder, name));
      if (Buffer.compare(await written(encodeModel(opened.model)), original) !== 0) changed.push(name);
      await opened.close();
    }
    expect(changed).toEqual([]);
    expect(readable.length).toBeGreaterThanOrEqual(453);
  }, 120_000);

  // The others differ in what protobuf cannot tell apart from a default (an empty domain spelt out or not), and where
  // elements in typed fields become raw data.
  it('holds the same when encoded afresh, and 150 of 453 are byte-identical even then', async () => {
    const different: string[] = [];
    let identical = 0;
    for (const name of readable) {
      const path = join(corpusFolder, name);
      const opened = await openModel(path);
      const bytes = await written(encodeModel(opened.model, { afresh: true }));
      if (Buffer.compare(bytes, await readFile(path)) === 0) identical++;
      await writeFile(
        join(folder, 'afresh.onnx'),
        await written(encodeModel(opened.model, { afresh: true, placement: () => 'inline' })),
      );
      const again = await openModel(join(folder, 'afresh.onnx'));
      if (!isDeepStrictEqual(await content(again.model), await content(opened.model))) different.push(name);
      await opened.close();
      await again.close();
    }
    expect(different).toEqual([]);
    expect(identical).toBeGreaterThanOrEqual(150);
  }, 120_000);
});

async function written(pieces: readonly Piece[]): Promise<Buffer> {
  return Buffer.concat(
    await Promise.all(pieces.map((piece) => (piece instanceof Uint8Array ? piece : readAll(piece)))),
  );
}

async function expectSameTensors(actual: Model, expected: Model): Promise<void> {
  const [a, b] = [[...tensorsOf(actual)], [...tensorsOf(expected)]];
  expect(a.length).toBe(b.length);
  for (const [index, tensor] of a.entries()) {
    const { name, dtype, dims, data } = b[index]!;
    expect(tensor).toMatchObject({ name, dtype, dims });
    expect(Buffer.compare(await readAll(tensor.data), await readAll(data))).toBe(0);
  }
}

/** A model as plain data: all its fields, and the tensors' elements as hashes. */
async function content(model: Model): Promise<unknown> {
  const elements = [...tensorsOf(model)].map(async ({ data }) =>
    createHash('sha256')
      .update(await readAll(data))
      .digest('hex'),
  );
  const fields = JSON.stringify(model, (key, value) => {
    if (key === 'data' || key === 'external') return undefined;
    if (value instanceof Map) return [...value];
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    return typeof value === 'bigint' ? `${value}n` : value;
  });
  return { fields, elements: await Promise.all(elements) };
}
