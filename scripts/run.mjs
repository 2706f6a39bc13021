// Runs `scripts/NAME.ts` with the Node version the project pins, whatever Node the machine has (20 or later), after
// installing what `package-lock.json` names. Plain JavaScript without imports of ours: it must work in a fresh clone.
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
  run(pinnedNode, [join(root, 'scripts', `${name}.ts`), ...options], {
    cwd: process.cwd(),
    env: {
      ...environment,
      PATH: [join(root, 'node_modules/.bin'), join(pinnedNode, '..'), process.env.PATH].join(delimiter),
    },
  }),
);

/** `npm ci` where `node_modules` is missing or was made from another lockfile. */
function install() {
  const lockfile = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = join(root, 'node_modules/.opscope-lockfile');
  const current = existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfile && existsSync(pinnedNode);
  if (current) return;
  const options = { cwd: root, env: environment, shell: windows };
  if (run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], options) !== 0) {
    fail('npm ci failed; its output above says why.');
  }
  if (!existsSync(pinnedNode)) {
    // An npm that runs no install scripts leaves this package empty; its script fetches the binary as an npm package.
    const folder = join(root, 'node_modules/node');
    run(process.execPath, ['installArchSpecificPackage'], { ...options, cwd: folder, shell: false });
  }
  if (!existsSync(pinnedNode)) fail(`The pinned Node was not installed at ${pinnedNode}.`);
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
