// Looks into the packages of all platforms, as `npm run package -- --target all` made them, and writes
// bench/results/packages.md. Fails where one holds what it should not, or another platform's binary.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { binaryPlatform } from './binary-platform.ts';
import { root } from './processes.ts';
import { contentMistakes, targets } from './targets.ts';

/** What `vsce` calls these files in an archive. */
const renamed: Readonly<Record<string, string>> = {
  'readme.md': 'README.md',
  'changelog.md': 'CHANGELOG.md',
  'LICENSE.txt': 'LICENSE',
};

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const rows = targets.map(checkPackage);
const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim();
writeFileSync(
  join(root, 'bench/results/packages.md'),
  `# Packages

Made of commit ${commit} by \`npm run package -- --target all\`, opened and looked through by \`node scripts/check-packages.ts\`: every file has its place, every binary is of the package's own platform by its header, and the checksum file is of the archive. The same commit gives the same bytes.

| platform | size | files | binaries | unpacked | SHA-256 |
| --- | ---: | ---: | ---: | ---: | --- |
${rows.join('\n')}
`,
);

/** Checks the archive of a platform; gives its row of the table. Throws with what is wrong. */
function checkPackage(target: string): string {
  const name = `opscope-${version}-${target}.vsix`;
  const archive = readFileSync(join(root, name));
  const sha256 = createHash('sha256').update(archive).digest('hex');
  if (readFileSync(join(root, `${name}.sha256`), 'utf8') !== `${sha256}  ${name}\n`)
    throw new Error(`${name}.sha256 is of another package.`);
  const files = Object.entries(unzipSync(archive)).flatMap(([path, bytes]) => {
    const inside = /^extension\/(.*[^/])$/.exec(path)?.[1];
    return inside === undefined ? [] : [{ path: renamed[inside] ?? inside, bytes }];
  });
  const mistakes = contentMistakes(
    target,
    files.map(({ path }) => path),
  );
  const binaries = files.flatMap(({ path, bytes }) => {
    const platform = binaryPlatform(bytes);
    return platform === undefined ? [] : [{ path, platform }];
  });
  for (const { path, platform } of binaries) {
    if (platform !== target) mistakes.push(`${path} in the package of ${target} is built for ${platform}.`);
  }
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
  const unpacked = files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  const sizes = [archive.byteLength, unpacked].map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`);
  return `| ${target} | ${sizes[0]} | ${files.length} | ${binaries.length} | ${sizes[1]} | \`${sha256}\` |`;
}
