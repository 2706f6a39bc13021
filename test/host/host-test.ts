import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';

/** One test of the suite; it throws when it fails. Tests run in order and may go on from the one before. */
export interface HostTest {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** What a test came to; without an error it passed. */
export interface HostResult {
  readonly name: string;
  readonly error?: string;
}

/** The folder that is open, in which a suite finds its models and leaves its results. */
export function testFolder(): string {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (folder === undefined) throw new Error('Open a folder for the tests.');
  return folder;
}

/** Runs tests in order, prints each, and writes what they came to into `file` of the open folder. */
export async function runTests(tests: readonly HostTest[], file: string): Promise<readonly HostResult[]> {
  const results: HostResult[] = [];
  for (const { name, run } of tests) {
    try {
      await run();
      results.push({ name });
      console.log(`passed: ${name}`);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      results.push({ name, error: text });
      console.error(`failed: ${name}\n${text}`);
    }
  }
  // Who waits for the file must not see half of it.
  const path = join(testFolder(), file);
  writeFileSync(`${path}.part`, JSON.stringify(results, undefined, 2));
  renameSync(`${path}.part`, path);
  return results;
}

/** Asks again until there is an answer. Throws when there is none within a minute; `what` names it. */
export async function until<T>(what: string, ask: () => T | undefined | false | Promise<T | undefined | false>) {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Waited for a minute for ${what}.`);
}
