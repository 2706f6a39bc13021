// Prints what changed in a version, from CHANGELOG.md: `node scripts/release-notes.ts [1.2.3 | Unreleased]`; without
// one, the version in package.json.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changesOf } from './changelog.ts';
import { root } from './processes.ts';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
try {
  // The tag of a release is its version with a v in front.
  const wanted = (process.argv[2] ?? version).replace(/^v(?=\d)/, '');
  console.log(changesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), wanted));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
