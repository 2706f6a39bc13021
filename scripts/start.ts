// `npm start [-- MODEL]`: builds Opscope and opens a model in a VS Code that has it: the desktop `code` where there is
// one, else a VS Code in the browser on loopback.
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { installCodeServer, startCodeServer } from './code-server.ts';
import { cacheFolder, findProgram, root, run } from './processes.ts';
import { installSystemPackages } from './system-packages.ts';

const argument = process.argv[2];
const model = argument === undefined ? sampleCopy() : resolve(process.env.INIT_CWD ?? process.cwd(), argument);
if (!existsSync(model) || !statSync(model).isFile()) {
  console.error(`There is no file ${model}.`);
  process.exit(2);
}
run(process.execPath, ['esbuild.mjs']);

const code = findProgram('code');
if (code) {
  run(code, [`--extensionDevelopmentPath=${root}`, dirname(model), model]);
} else {
  await startInBrowser();
}

/** Samples are opened as copies, so that trying Save leaves the repository as it is. */
function sampleCopy(): string {
  const folder = join(cacheFolder, 'samples');
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'samples'), folder, { recursive: true });
  return join(folder, 'image-classifier/image-classifier.onnx');
}

async function startInBrowser(): Promise<void> {
  installSystemPackages('code-server');
  installCodeServer();
  const server = await startCodeServer({
    folder: dirname(model),
    extensionsFolder: join(cacheFolder, 'start/extensions'),
    userFolder: join(cacheFolder, 'start/user'),
  });
  const remote = (path: string) => `vscode-remote://${new URL(server.address).host}${path}`;
  const payload = JSON.stringify([
    ['extensionDevelopmentPath', remote(root)],
    ['openFile', remote(model)],
  ]);
  const address = `${server.address}&payload=${encodeURIComponent(payload)}`;
  console.log(`\nVS Code with Opscope and ${basename(model)}:\n\n  ${address}\n\nPress Ctrl+C to end it.`);
  const stop = () => void server.stop().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}
