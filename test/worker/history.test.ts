import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Draft } from '../../src/core/graph/draft.ts';
import { addVersion, createDocuments, type OpenDocument } from '../../src/worker/documents.ts';
import { keepHistory, restoreHistory } from '../../src/worker/history.ts';
import { sampleModels } from '../corpus.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opscope-history-'));
  path = join(folder, 'model.onnx');
  await copyFile(sampleModels[0]!, path);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Adds a version that differs from the original by its producer's name. */
function add(document: OpenDocument, producerName: string): number {
  const { model, ...original } = document.versions.get(0)!;
  const info = { ...original.info, kind: 'optimized', label: producerName, parent: 0 } as const;
  return addVersion(document, { ...original, info, model: { ...model, producerName } }).info.id;
}
const keep = (document: OpenDocument, into: string) =>
  keepHistory(document, { folder: into, path, versions: [...document.versions.keys()], head: 1 });
const fileOf = (into: string, version: number) => join(into, `version-${version}.onnx`);

describe('a history', () => {
  test('comes back with its versions and their nodes', async () => {
    const document = await createDocuments().open(path);
    add(document, 'one');
    await keep(document, join(folder, 'a'));
    const again = await createDocuments().open(path, async (opened) => {
      expect(await restoreHistory(opened, join(folder, 'a'))).toBe(true);
    });
    expect([...again.versions.keys()]).toEqual([0, 1]);
    const ids = ({ versions }: OpenDocument) => new Draft(versions.get(1)!.model).main.nodes().map(({ id }) => id);
    expect(ids(again)).toEqual(ids(document));
    expect(again.versions.get(1)!.model.producerName).toBe('one');
  });

  test('writes a version once, and only new ones after that', async () => {
    const document = await createDocuments().open(path);
    add(document, 'one');
    await keep(document, join(folder, 'a'));
    const first = await stat(fileOf(join(folder, 'a'), 1));
    add(document, 'two');
    await keep(document, join(folder, 'a'));
    expect(await stat(fileOf(join(folder, 'a'), 1))).toMatchObject({ ino: first.ino, mtimeMs: first.mtimeMs });
    expect(await stat(fileOf(join(folder, 'a'), 2))).toBeDefined();
  });

  test('shares files with the folder that it was in before, and outlives it', async () => {
    const document = await createDocuments().open(path);
    add(document, 'one');
    await keep(document, join(folder, 'a'));
    const bytes = await readFile(fileOf(join(folder, 'a'), 1));
    await keep(document, join(folder, 'b'));
    await rm(join(folder, 'a'), { recursive: true });
    expect((await readFile(fileOf(join(folder, 'b'), 1))).equals(bytes)).toBe(true);
    await keep(document, join(folder, 'c'));
    expect((await readFile(fileOf(join(folder, 'c'), 1))).equals(bytes)).toBe(true);
  });

  test('that was restored is not written again either', async () => {
    const document = await createDocuments().open(path);
    add(document, 'one');
    await keep(document, join(folder, 'a'));
    const first = await stat(fileOf(join(folder, 'a'), 1));
    const again = await createDocuments().open(path, async (opened) => {
      await restoreHistory(opened, join(folder, 'a'));
    });
    await keep(again, join(folder, 'a'));
    expect(await stat(fileOf(join(folder, 'a'), 1))).toMatchObject({ ino: first.ino, mtimeMs: first.mtimeMs });
  });

  test('writes a version again whose file is gone or was changed', async () => {
    const document = await createDocuments().open(path);
    add(document, 'one');
    await keep(document, join(folder, 'a'));
    const bytes = await readFile(fileOf(join(folder, 'a'), 1));
    await rm(fileOf(join(folder, 'a'), 1));
    await keep(document, join(folder, 'a'));
    expect((await readFile(fileOf(join(folder, 'a'), 1))).equals(bytes)).toBe(true);
    await writeFile(fileOf(join(folder, 'a'), 1), 'damaged');
    await keep(document, join(folder, 'a'));
    expect((await readFile(fileOf(join(folder, 'a'), 1))).equals(bytes)).toBe(true);
  });
});
