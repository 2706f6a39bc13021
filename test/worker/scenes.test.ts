import { expect, test } from 'vitest';
import type { VersionRef } from '../../src/protocol/worker.ts';
import { addVersion, createDocuments } from '../../src/worker/documents.ts';
import { sceneMaker } from '../../src/worker/scenes.ts';
import { sampleModels } from '../corpus.ts';
import { buildModel } from './build-model.ts';

/** A version of two groups with thousands of nodes, beside an opened document; `all open` takes far longer than a pause. */
async function largeVersion() {
  const documents = createDocuments();
  const document = await documents.open(sampleModels[0]!);
  const count = 6_000;
  const model = buildModel({
    inputs: { v0: ['float32', [4]], v1: ['float32', [4]] },
    outputs: { [`v${count + 1}`]: ['float32', [4]] },
    nodes: Array.from({ length: count }, (_, index) => ({
      name: `/${index < count / 2 ? 'first' : 'second'}/node${index}`,
      opType: 'Add',
      inputs: [`v${index}`, `v${index + 1}`],
      outputs: [`v${index + 2}`],
    })),
  });
  const { info, ...original } = document.versions.get(0)!;
  const added = addVersion(document, { ...original, info: { ...info, parent: 0 }, model });
  const ref: VersionRef = { document: document.id, version: added.info.id };
  return { documents, ref, scenes: sceneMaker(documents) };
}

const never = new AbortController().signal;

test('a scene that is asked for while a larger one is laid out comes first', async () => {
  const { scenes, ref } = await largeVersion();
  const came: string[] = [];
  const large = scenes.scene({ ...ref, open: 'all' }, never).then(() => came.push('large'));
  const small = scenes.scene({ ...ref, open: [] }, never).then(() => came.push('small'));
  await Promise.all([large, small]);
  expect(came).toEqual(['small', 'large']);
});

test('what is read of a version waits for the graph that it opens with', async () => {
  const { scenes, ref } = await largeVersion();
  const came: string[] = [];
  scenes.prepare(ref);
  const after = scenes.afterFirst(ref).then(() => came.push('rest'));
  const first = (async () => {
    await scenes.scene({ ...ref, open: 'auto' }, never);
    // As many turns as the answer takes to leave.
    for (let turn = 0; turn < 20; turn++) await undefined;
    came.push('graph');
  })();
  await Promise.all([after, first]);
  expect(came).toEqual(['graph', 'rest']);
});

test('laying out ends when it is cancelled meanwhile', async () => {
  const { scenes, ref } = await largeVersion();
  const controller = new AbortController();
  const scene = scenes.scene({ ...ref, open: 'all' }, controller.signal);
  setImmediate(() => controller.abort());
  await expect(scene).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
});

test('what opens first is laid out once, and no cancelled call ends it for the others', async () => {
  const { scenes, ref, documents } = await largeVersion();
  scenes.prepare(ref);
  const cancelled = new AbortController();
  const first = scenes.scene({ ...ref, open: 'auto' }, cancelled.signal);
  cancelled.abort();
  expect(await scenes.scene({ ...ref, open: 'auto' }, never)).toBe(await first);
  await documents.close(ref.document);
  await expect(scenes.scene({ ...ref, open: 'auto' }, never)).rejects.toThrow('not open');
});
