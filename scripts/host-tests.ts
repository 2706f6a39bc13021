// `npm run test:host`: the tests of test/host inside the extension host of a desktop VS Code: that in OPSCOPE_VSCODE, one
// that @vscode/test-electron downloads where that package is installed, or `code` on the PATH. The end-to-end tests run
// the same suite in the VS Code in the browser.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { buildSuite, suiteFiles, suiteSettings } from '../test/host/build-suite.ts';
import type { HostResult } from '../test/host/host-test.ts';
import { resultsFile } from '../test/host/results.ts';
import { findProgram, root, run } from './processes.ts';

/** How long VS Code may take to start and run the suite, in ms. */
const timeLimit = 180_000;

const code = await findDesktop();
if (code === undefined) {
  console.error(
    'There is no desktop VS Code on this machine: put `code` on the PATH, name one in OPSCOPE_VSCODE, or let one be ' +
      'downloaded: npm install --no-save @vscode/test-electron.\n' +
      'In a VS Code in the browser the same tests run with: npm run e2e -- test/e2e/host.e2e.ts',
  );
  process.exit(2);
}
run(process.execPath, ['esbuild.mjs']);
const suite = await buildSuite();
const home = mkdtempSync(join(tmpdir(), 'opscope-host-'));
try {
  const results = await runSuite(code);
  for (const { name, error } of results)
    console.log(error === undefined ? `passed: ${name}` : `FAILED: ${name}\n${error}`);
  const failed = results.filter(({ error }) => error !== undefined).length;
  console.log(`\n${results.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && results.length > 0 ? 0 : 1;
} finally {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}

async function runSuite(program: string): Promise<readonly HostResult[]> {
  const folder = join(home, 'models');
  mkdirSync(folder);
  for (const [name, content] of Object.entries(await suiteFiles())) {
    if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(join(folder, name), content);
    else cpSync(content.copyOf, join(folder, name));
  }
  mkdirSync(join(home, 'user/User'), { recursive: true });
  writeFileSync(join(home, 'user/User/settings.json'), JSON.stringify(suiteSettings));
  const results = join(folder, resultsFile);
  try {
    run(program, [
      folder,
      `--extensionDevelopmentPath=${root}`,
      `--extensionTestsPath=${join(suite, 'suite.cjs')}`,
      `--user-data-dir=${join(home, 'user')}`,
      `--extensions-dir=${join(home, 'extensions')}`,
      ...['--disable-workspace-trust', '--disable-updates', '--skip-welcome', '--skip-release-notes', '--wait'],
      ...(process.platform === 'linux' ? ['--no-sandbox'] : []),
    ]);
  } catch (error) {
    // VS Code ends with the suite's exit code; what failed stands in the results.
    if (!existsSync(results)) throw error;
  }
  // The `code` of some platforms comes back before its window ends.
  for (const deadline = Date.now() + timeLimit; !existsSync(results); await setTimeout(500)) {
    if (Date.now() > deadline) throw new Error(`VS Code ran no tests within ${timeLimit / 1000} s.`);
  }
  return JSON.parse(readFileSync(results, 'utf8'));
}

async function findDesktop(): Promise<string | undefined> {
  if (process.env.OPSCOPE_VSCODE) return process.env.OPSCOPE_VSCODE;
  const downloader = resolvePackage('@vscode/test-electron');
  if (downloader === undefined) return findProgram('code');
  const { downloadAndUnzipVSCode } = (await import(pathToFileURL(downloader).href)) as {
    downloadAndUnzipVSCode(): Promise<string>;
  };
  return downloadAndUnzipVSCode();
}

function resolvePackage(name: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    return undefined;
  }
}
