/** Simplifies one model with the onnxsim of npm and prints the number of nodes: FOLDER MODEL OUT, as run.ts calls it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { countNodes } from '../../src/worker/documents.ts';
import { openModel } from '../../src/worker/open-model.ts';

const [folder, model, out] = process.argv.slice(2) as [string, string, string];
const { simplify } = (await import(pathToFileURL(join(folder, 'node_modules/onnxsim/index.mjs')).href)) as {
  simplify(model: Uint8Array): Promise<{ model: Uint8Array }>;
};
const { model: simplified } = await simplify(await readFile(model));
await writeFile(out, simplified);
process.stdout.write(`nodes ${countNodes((await openModel(out)).model)}\n`);
// Its WebAssembly workers would keep the process.
process.exit(0);
