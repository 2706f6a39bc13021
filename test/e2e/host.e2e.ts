import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { buildSuite, suiteFiles, suiteSettings } from '../host/build-suite.ts';
import type { HostResult } from '../host/host-test.ts';
import { resultsAfterRestart, resultsFile } from '../host/results.ts';
import { type Editor, extensionsFolder, startEditor } from './editor.ts';

// The suite of test/host, which `npm run test:host` runs in a desktop VS Code, in this one. In order.

const extensions = mkdtempSync(join(tmpdir(), 'opscope-extensions-'));
let suite: string;
let opscope: string;
let editor: Editor;

beforeAll(async () => {
  suite = await buildSuite();
  opscope = join(extensionsFolder, readdirSync(extensionsFolder).find((name) => name.startsWith('opscope.opscope-'))!);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await editor?.takePicture(`failed-host-${task.name.split(' ', 2).join('-')}`);
  await editor?.close();
});
afterAll(() => rmSync(extensions, { recursive: true, force: true }));

/** Of its own for each VS Code, which notes there what is installed. */
const options = async (name: string) => {
  const folder = join(extensions, name);
  mkdirSync(folder);
  return { files: await suiteFiles(), settings: suiteSettings, extensions: folder };
};

async function results(file: string): Promise<readonly HostResult[]> {
  const path = join(editor.folder, file);
  await expect.poll(() => existsSync(path), { timeout: 150_000, interval: 500 }).toBe(true);
  return JSON.parse(readFileSync(path, 'utf8'));
}

test('the suite passes as VS Code runs the tests of an extension', async () => {
  const tests = { extension: opscope, tests: join(suite, 'suite.cjs') };
  editor = await startEditor({ ...(await options('none')), suite: tests });
  const all = await results(resultsFile);
  expect(all.filter(({ error }) => error)).toEqual([]);
  expect(all.length).toBeGreaterThanOrEqual(10);
});

test('it passes beside the installed extension, and what it left unsaved survives the end of the window', async () => {
  const both = await options('both');
  symlinkSync(opscope, join(both.extensions, basename(opscope)), 'junction');
  symlinkSync(suite, join(both.extensions, 'opscope.host-tests'), 'junction');
  editor = await startEditor(both);
  expect((await results(resultsFile)).filter(({ error }) => error)).toEqual([]);
  // VS Code backs unsaved changes up about a second after they were made.
  const storage = join(dirname(editor.folder), 'user/User/workspaceStorage');
  await expect.poll(() => globSync('**/*.unsaved', { cwd: storage }).length, { timeout: 30_000 }).toBe(1);
  await editor.reload();
  const after = await results(resultsAfterRestart);
  expect(after.length).toBe(1);
  expect(after.filter(({ error }) => error)).toEqual([]);
});
