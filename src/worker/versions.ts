import { existsSync } from 'node:fs';
import { realpath, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { english } from '../core/english.ts';
import { tensorsOf } from '../core/onnx/tensors-of.ts';
import type { Handlers } from '../protocol/rpc.ts';
import type { VersionInfo, WorkerContract } from '../protocol/worker.ts';
import { asOpened, type Documents, type OpenDocument } from './documents.ts';
import { exportPackage } from './export-package.ts';
import { hashFile } from './hash-file.ts';
import { keepHistory, restoreHistory } from './history.ts';
import { missingWeights, operatorSet } from './open-model.ts';
import { writeOrtFormat } from './ort-format.ts';
import type { RuntimeManager } from './runtime-client.ts';
import { saveModel, stageModel } from './save-model.ts';
import type { Scenes } from './scenes.ts';
import { symbolicDims } from './symbolic-dims.ts';
import { nameAgain } from './write-file.ts';
import { writeReport } from './write-report.ts';

type VersionMethod =
  | 'open'
  | 'missingWeights'
  | 'operatorSet'
  | 'checksum'
  | 'close'
  | 'exportModel'
  | 'exportPackage'
  | 'writeReport'
  | 'save'
  | 'keepHistory';

/** Opening, writing and remembering versions. */
export function versionHandlers(
  documents: Documents,
  manager: RuntimeManager,
  scenes: Scenes,
): Handlers<Pick<WorkerContract, VersionMethod>> {
  return {
    open: async ({ path, histories = [] }) => {
      let history: string | null = null;
      const restore = async (document: OpenDocument) => {
        for (const folder of histories) {
          if (await restoreHistory(document, folder)) {
            history = folder;
            return;
          }
        }
      };
      const document = await documents.open(path, restore);
      scenes.prepare({ document: document.id, version: document.head });
      const [original] = document.versions.values();
      return {
        document: document.id,
        versions: infos(document),
        head: document.head,
        history,
        symbolicDims: symbolicDims(original!.model),
      };
    },
    missingWeights: ({ path }) => missingWeights(path),
    operatorSet: ({ path }, { signal }) => operatorSet(path, signal),
    checksum: ({ path }) => hashFile(path),
    close: ({ document }) => documents.close(document),
    exportModel: async ({ path, form, ...ref }, { signal, progress }) => {
      const document = documents.document(ref.document);
      if (isSource(document, path)) {
        throw new Error(
          english`That is the file the model was opened from. Choose another name; Save is what writes over it.`,
        );
      }
      const { model } = documents.version(ref);
      if (form === 'ort') return { path, bytes: await writeOrtFormat(manager, model, path, signal) };
      const { bytes } = await saveModel(model, path, { weights: form, signal, onProgress: progress });
      return { path, bytes };
    },
    exportPackage: async ({ document, version, ...request }, { signal, progress }) => {
      const packed = asOpened(documents.version({ document, version }));
      return exportPackage(packed, request, { opscope: manifest.version, signal, onProgress: progress });
    },
    writeReport: (request, { signal }) => writeReport(documents, request, signal),
    save: async ({ path, ...ref }, { signal, progress }) => {
      const document = documents.document(ref.document);
      const { model } = documents.version(ref);
      const weights = keepsWeightsBeside(document) ? 'external' : 'auto';
      const staged = await stageModel(model, path, { weights, signal, onProgress: progress });
      const backup = existsSync(path) ? freeName(path) : null;
      try {
        // What is read from the file goes on being read from it under its second name.
        if (backup !== null) await keepBeside(path, backup);
        await staged.commit();
      } catch (error) {
        await staged.discard();
        if (backup !== null) await (existsSync(path) ? rm(backup, { force: true }) : rename(backup, path));
        throw error;
      }
      if (backup !== null) moveSource(document, path, backup);
      return { backup };
    },
    keepHistory: ({ document, ...request }) => keepHistory(documents.document(document), request),
  };
}

function infos({ versions }: OpenDocument): readonly VersionInfo[] {
  return [...versions.values()].map(({ info }) => info);
}

/** Whether the model that was opened has weights in files beside it: what is saved then has, too. */
function keepsWeightsBeside({ versions }: OpenDocument): boolean {
  const [opened] = versions.values();
  for (const { external } of opened ? tensorsOf(opened.model) : []) if (external) return true;
  return false;
}

/** Whether a path is one of the files that the document's versions were read from. */
function isSource({ files }: OpenDocument, path: string): boolean {
  return files.some((file) => resolve(file.path) === resolve(path));
}

function moveSource({ versions }: OpenDocument, from: string, to: string): void {
  for (const [id, version] of versions) {
    if (resolve(version.path) === resolve(from)) versions.set(id, { ...version, path: to });
  }
}

/**
 * Keeps what is in a file under a second name: the first stays until the new file takes it, so that it is never gone. A
 * link is followed, as saving does. Windows takes no name from a file that is open: there the file is moved.
 */
async function keepBeside(path: string, second: string): Promise<void> {
  if (process.platform === 'win32') return rename(path, second);
  await nameAgain(await realpath(path), second);
}

/** `model.onnx.bak`, or with a number when there is one already: no backup is ever written over. */
function freeName(path: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? `${path}.bak` : `${path}.bak${number}`;
    if (!existsSync(name)) return name;
  }
}
