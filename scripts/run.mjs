// Runs `scripts/NAME.ts` with the Node version the project pins, whatever Node the machine has (20 or later; 24 where the
// pinned one has no package for the platform), after installing what `package-lock.json` names. Plain JavaScript without imports of ours: it must work in a fresh clone.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const windows = process.platform === 'win32';
const pinnedNode = join(root, 'node_modules/node/bin', windows ? 'node.exe' : 'node');

const [name, ...options] = process.argv.slice(2);
// ONNX Runtime's install script reaches for GPU libraries on the network; the CPU and WebGPU binaries are in the package.
const environment = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', NODE_NO_WARNINGS: '1' };

install();
process.exit(
  run(nodeToUse(), [join(root, 'scripts', `${name}.ts`), ...options], {
    cwd: process.cwd(),
    env: {
      ...environment,
      PATH: [join(root, 'node_modules/.bin'), join(pinnedNode, '..'), process.env.PATH].join(delimiter),
    },
  }),
);

/** The pinned Node, or where it is not installed the one that runs this, if it runs TypeScript; else undefined. */
function nodeToUse() {
  if (existsSync(pinnedNode)) return pinnedNode;
  return Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : undefined;
}

/** `npm ci` where `node_modules` is missing or was made from another lockfile. */
function install() {
  const lockfile = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = join(root, 'node_modules/.opscope-lockfile');
  const current = existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfile && nodeToUse();
  if (current) return;
  const options = { cwd: root, env: environment, shell: windows };
  // The only script that is wanted is that of `node`, below, which may fail.
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  if (run('npm', ['ci', ...quiet], options) !== 0) fail('npm ci failed; its output above says why.');
  run(process.execPath, ['installArchSpecificPackage'], {
    ...options,
    cwd: join(root, 'node_modules/node'),
    shell: false,
  });
  if (!nodeToUse()) fail('The Node that Opscope pins has no package for this platform. Install Node 24 and try again.');
  if (nodeToUse() !== pinnedNode) console.log(`Using the Node ${process.versions.node} of this machine.`);
  writeFileSync(stamp, lockfile);
}

/** Runs a program with the terminal's own input and output; gives its exit code. */
function run(program, programOptions, options) {
  const { status, error } = spawnSync(program, programOptions, { stdio: 'inherit', ...options });
  if (error) fail(`${program} could not be started: ${error.message}`);
  return status ?? 1;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
