// `npm test`: everything that can be checked, from lint to a real VS Code. Ends with the line `N passed, N failed`.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installCodeServer } from './code-server.ts';
import { cacheFolder, root, runAndRead } from './processes.ts';
import { installSystemPackages } from './system-packages.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const bin = (name: string) => join(root, 'node_modules/.bin', name);
const vitest = join(root, 'node_modules/vitest/vitest.mjs');

installSystemPackages('tests');
installCodeServer();

const steps: readonly (readonly [name: string, step: () => Promise<Counts>])[] = [
  ['Lint', () => check(bin('biome'), ['check', '--error-on-warnings', '.'])],
  ['Types', () => check(bin('tsc'), ['-p', '.'])],
  ['Types of the core, which knows no platform', () => check(bin('tsc'), ['-p', 'src/core'])],
  ['Build', () => check(process.execPath, ['esbuild.mjs'])],
  ['Unit and integration tests', () => tests('unit', [])],
  ['Package', () => check(process.execPath, [join(root, 'scripts/package.ts')])],
  ['End-to-end tests in VS Code', () => tests('e2e', ['--config', 'test/e2e/vitest.config.ts'])],
];

let passed = 0;
let failed = 0;
for (const [name, step] of steps) {
  console.log(`\n# ${name}`);
  const counts = await step();
  passed += counts.passed;
  failed += counts.failed;
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** One check that passes or fails as a whole. */
async function check(program: string, options: readonly string[]): Promise<Counts> {
  const { code } = await runAndRead(program, options);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Tests that are counted one by one. */
async function tests(name: string, options: readonly string[]): Promise<Counts> {
  const results = join(cacheFolder, `${name}-results.json`);
  rmSync(results, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const { code } = await runAndRead(process.execPath, [vitest, 'run', ...options, ...reporters]);
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(results, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      numFailedTestSuites: number;
    };
    // A file that cannot even be loaded fails without any test of it having failed.
    const failures = Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0, code === 0 ? 0 : 1);
    return { passed: numPassedTests, failed: failures };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
