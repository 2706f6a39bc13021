// Releases the packages in this folder: `node scripts/release.ts [--publish]`. Without --publish it checks everything
// that can be checked and says what it would run. .github/workflows/release.yml calls it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { changesOf } from './changelog.ts';
import { cacheFolder, root, run } from './processes.ts';
import { checkPackages, releaseSteps } from './release-plan.ts';

const { values } = parseArgs({ options: { publish: { type: 'boolean', default: false } } });
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

try {
  release();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

function release(): void {
  const notes = changesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version);
  const { packages, mistakes } = checkPackages(root, version);
  if (mistakes.length > 0)
    throw new Error(`${mistakes.join('\n')}\nMake the packages with npm run package -- --target all.`);
  mkdirSync(cacheFolder, { recursive: true });
  const notesFile = join(cacheFolder, 'release-notes.md');
  writeFileSync(notesFile, `${notes}\n`);

  const commit = read('git', ['rev-parse', 'HEAD']);
  if (commit === undefined) throw new Error('The commit to release is not known: git rev-parse HEAD failed.');
  const exists = values.publish && read('gh', ['release', 'view', `v${version}`]) !== undefined;
  const steps = releaseSteps(version, packages, { commit, notesFile, exists });
  const missing = steps.flatMap(({ env }) => env).filter((name) => !process.env[name]);
  if (values.publish && missing.length > 0) throw new Error(`These secrets are not set: ${missing.join(', ')}.`);

  console.log(`Opscope ${version}, ${packages.length} packages with checksums\n\n${notes}\n`);
  for (const { title, command } of steps) {
    console.log(`# ${title}${values.publish ? '' : ' (not run: without --publish)'}\n${command.join(' ')}\n`);
    const [program, ...options] = command;
    if (values.publish) run(program!, options);
  }
}

/** What a program prints, or undefined where it fails. */
function read(program: string, options: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, options, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
