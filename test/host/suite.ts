// Tests inside the extension host. As `extensionTestsPath` of a desktop VS Code, VS Code calls `run`; as an extension of
// its own, in any VS Code, `activate` runs them once the window has started.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runTests, testFolder } from './host-test.ts';
import { modelTests, testsAfterRestart } from './model-tests.ts';
import { resultsAfterRestart, resultsFile } from './results.ts';

/** Runs the suite on the open folder; throws when a test fails, which VS Code makes its exit code. */
export async function run(): Promise<void> {
  const results = await runTests(modelTests, resultsFile);
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw new Error(`${failed.length} of ${results.length} tests failed.`);
}

export function activate(): void {
  const again = existsSync(join(testFolder(), resultsFile));
  const running = again ? runTests(testsAfterRestart, resultsAfterRestart) : run();
  running.catch((error: Error) => console.error(error.message));
}
