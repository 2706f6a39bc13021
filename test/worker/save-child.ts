import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { addVersion, createDocuments } from '../../src/worker/documents.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { sceneMaker } from '../../src/worker/scenes.ts';
import { versionHandlers } from '../../src/worker/versions.ts';

// A process that saves a model over a file until it is killed: save-child SOURCE TARGET inline|external. As `editor` it
// saves a version of what it opened from the target over the target itself, as Save does in VS Code. As `w.bin:3` it
// writes the weights to w.bin and kills itself before its third change of names.

const [source, target, how] = process.argv.slice(2) as [string, string, string];
const save = how === 'editor' ? await saveInEditor() : await saveOver(how);
process.stdout.write('ready\n');
try {
  await save();
  process.stdout.write('saved\n');
} catch (error) {
  process.stdout.write(`failed: ${(error as Error).message}\n`);
}

async function saveOver(weights: string) {
  const { model } = await openModel(source);
  const [externalName, step] = weights.split(':') as [string, string | undefined];
  if (step === undefined) return () => saveModel(model, target, { weights: weights as 'inline' | 'external' });
  killBefore(Number(step));
  return () => saveModel(model, target, { weights: 'external', externalName });
}

/** Ends the process at once, as a loss of power would, before its n-th change of names. */
function killBefore(step: number): void {
  let changes = 0;
  for (const name of ['rename', 'link', 'rm'] as const) {
    const original = fs[name] as (...parameters: unknown[]) => Promise<void>;
    Object.assign(fs, {
      [name]: async (...parameters: unknown[]) => {
        if (++changes === step) process.kill(process.pid, 'SIGKILL');
        return original(...parameters);
      },
    });
  }
  syncBuiltinESMExports();
}

async function saveInEditor() {
  const documents = createDocuments();
  const document = await documents.open(target);
  const { model, ...original } = document.versions.get(0)!;
  const changed = { ...model, producerName: 'changed' };
  const { info } = addVersion(document, { ...original, info: { ...original.info, parent: 0 }, model: changed });
  const handlers = versionHandlers(documents, createRuntimeManager(), sceneMaker(documents));
  const context = { signal: new AbortController().signal, progress: () => {} };
  return () => handlers.save({ document: document.id, version: info.id, path: target }, context);
}
