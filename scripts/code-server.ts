import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { cacheFolder, run } from './processes.ts';

/** code-server is VS Code in a browser, from the npm registry: version 4.139.1 carries VS Code 1.139.1. */
const version = '4.139.1';
/** The Node it runs on, with the headers its native modules are compiled against. */
const nodeVersion = '24.9.0';

const folder = join(cacheFolder, `code-server-${version}`);
const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const nodeFolder = join(folder, 'node_modules', nodePackage);
const program = join(folder, 'node_modules/code-server/out/node/entry.js');

/** Installs code-server into the cache folder unless it is there: about two minutes and 600 MB. */
export function installCodeServer(): void {
  const stamp = join(folder, 'installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return;
  console.log(`Installing code-server ${version} into ${folder}. This takes some minutes, once.`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const packages = [`code-server@${version}`, `${nodePackage}@${nodeVersion}`];
  run('npm', ['install', '--ignore-scripts', ...quiet, ...packages], { cwd: folder });
  const env = {
    ...process.env,
    PATH: [join(nodeFolder, 'bin'), process.env.PATH].join(delimiter),
    npm_config_nodedir: nodeFolder,
  };
  const vscode = join(folder, 'node_modules/code-server/lib/vscode');
  run('npm', ['install', '--omit=dev', ...quiet], { cwd: vscode, env });
  run('npm', ['install', '--omit=dev', '--ignore-scripts', ...quiet], { cwd: join(vscode, 'extensions'), env });
  writeFileSync(stamp, version);
}

/** Installs a VSIX into an extensions folder, as a user would. */
export function installExtension(vsix: string, extensionsFolder: string): void {
  const options = ['--extensions-dir', extensionsFolder, '--install-extension', vsix, '--force'];
  run(join(nodeFolder, 'bin/node'), [program, ...options], { env: serverEnvironment() });
}

export interface CodeServerOptions {
  /** What it opens. */
  readonly folder: string;
  readonly extensionsFolder: string;
  readonly userFolder: string;
  readonly port?: number;
  /** Whether it asks if the folder is trusted; default: it trusts every folder. */
  readonly workspaceTrust?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

export interface CodeServer {
  readonly address: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Starts VS Code on loopback and waits until it answers. */
export async function startCodeServer(options: CodeServerOptions): Promise<CodeServer> {
  const port = options.port ?? (await freePort());
  const child = spawn(join(nodeFolder, 'bin/node'), [program, ...serverOptions(options, port)], {
    env: serverEnvironment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that stopping it also stops its extension hosts.
    detached: process.platform !== 'win32',
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    output += text;
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    if (child.exitCode !== null || child.pid === undefined) return;
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGTERM');
    await ended;
  };
  const address = `http://127.0.0.1:${port}/`;
  for (const deadline = Date.now() + 60_000; !(await answers(address)); ) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`code-server did not start:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { address: `${address}?folder=${encodeURIComponent(options.folder)}`, process: child, stop };
}

function serverOptions(options: CodeServerOptions, port: number): string[] {
  return [
    ...['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`],
    ...['--extensions-dir', options.extensionsFolder, '--user-data-dir', options.userFolder],
    ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
    ...(options.workspaceTrust ? [] : ['--disable-workspace-trust']),
    options.folder,
  ];
}

/** Without the variables that would make it talk to an editor it was started from. */
function serverEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:VSCODE_|CODE_SERVER|ELECTRON_|PORT$)/.test(name),
  );
  // Its configuration file too stays out of the user's home.
  const own = { CODE_SERVER_CONFIG: join(cacheFolder, 'code-server.yaml') };
  return { ...Object.fromEntries(inherited), ...own, ...extra };
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(address, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('No port.')),
      );
    });
  });
}
