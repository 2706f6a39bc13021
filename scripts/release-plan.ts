import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { targets } from './targets.ts';

/** One program to run; `env` names the variables that it needs. */
export interface ReleaseStep {
  readonly title: string;
  readonly command: readonly string[];
  readonly env: readonly string[];
}

/** Pinned here, not in package.json: nothing but a release needs it. */
const openVsxClient = 'ovsx@1.3.0';

/** The packages of a version in a folder, by name, and what is wrong with them: missing ones, wrong checksums. */
export function checkPackages(folder: string, version: string): { packages: string[]; mistakes: string[] } {
  const packages = targets.map((target) => `opscope-${version}-${target}.vsix`);
  const mistakes = packages.flatMap((name) => {
    const path = join(folder, name);
    if (!existsSync(path)) return [`${name} is missing.`];
    if (!existsSync(`${path}.sha256`)) return [`${name}.sha256 is missing.`];
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
    return readFileSync(`${path}.sha256`, 'utf8') === `${sha256}  ${name}\n`
      ? []
      : [`${name}.sha256 is not the checksum of ${name}.`];
  });
  return { packages, mistakes };
}

/**
 * What a release runs, in order: a release on GitHub with all files, then both marketplaces. Each step can run again
 * after a later one failed. `commit` is what the tag is put on.
 */
export function releaseSteps(
  version: string,
  packages: readonly string[],
  { commit, notesFile, exists }: { commit: string; notesFile: string; exists: boolean },
): ReleaseStep[] {
  const tag = `v${version}`;
  const assets = packages.flatMap((name) => [name, `${name}.sha256`]);
  const described = ['--title', `Opscope ${version}`, '--notes-file', notesFile, '--target', commit];
  return [
    {
      title: 'Release on GitHub',
      command: exists
        ? ['gh', 'release', 'upload', tag, '--clobber', ...assets]
        : ['gh', 'release', 'create', tag, ...described, ...assets],
      env: ['GH_TOKEN'],
    },
    {
      title: 'Visual Studio Marketplace',
      command: ['npx', 'vsce', 'publish', '--skip-duplicate', '--packagePath', ...packages],
      env: ['VSCE_PAT'],
    },
    {
      title: 'Open VSX',
      command: ['npx', '--yes', openVsxClient, 'publish', '--skip-duplicate', '--packagePath', ...packages],
      env: ['OVSX_PAT'],
    },
  ];
}
