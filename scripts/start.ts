// `npm start [-- [--browser] MODEL]`: builds Opscope and opens a model in a VS Code that has it: the desktop `code` where
// there is one, else, or when asked to, a VS Code in the browser on loopback.
import { cpSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installCodeServer, startCodeServer } from './code-server.ts';
import { cacheFolder, findProgram, root, run } from './processes.ts';
import { installSystemPackages } from './system-packages.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { browser: { type: 'boolean', default: false } },
});
const [argument] = positionals;
const model = argument === undefined ? sampleCopy() : resolve(process.env.INIT_CWD ?? process.cwd(), argument);
if (!existsSync(model) || !statSync(model).isFile()) {
  console.error(`There is no file ${model}.`);
  process.exit(2);
}
run(process.execPath, ['esbuild.mjs']);

const code = options.browser ? undefined : findProgram('code');
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
  process.env.OPSCOPE_START_MODEL = model;
  const userFolder = join(cacheFolder, 'start/user');
  writeSettings(join(userFolder, 'User/settings.json'));
  const server = await startCodeServer({
    folder: dirname(model),
    extensionsFolder: linkExtensions(),
    userFolder,
  });
  console.log(`\nVS Code with Opscope and ${basename(model)}:\n\n  ${server.address}\n\nPress Ctrl+C to end it.`);
  const stop = () => void server.stop().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

/** A window without anything that is not about the model; what was set in an earlier start stays. */
function writeSettings(file: string): void {
  if (existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true });
  const settings = {
    'workbench.startupEditor': 'none',
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'chat.disableAIFeatures': true,
    'git.openRepositoryInParentFolders': 'never',
  };
  writeFileSync(file, JSON.stringify(settings, null, 2));
}

/** A folder of extensions that holds this working folder as one. */
function linkExtensions(): string {
  const folder = join(cacheFolder, 'start/extensions');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  symlinkSync(root, join(folder, 'opscope.opscope'), 'junction');
  symlinkSync(join(root, 'scripts/open-at-start'), join(folder, 'opscope.open-at-start'), 'junction');
  return folder;
}
