// Makes the VSIX of one platform or several: `npm run package [-- --target linux-arm64 …]`. Any machine makes any of them.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createVSIX } from '@vscode/vsce';
import { writeNotices } from './notices.ts';
import { packageFiles, writeIgnoreFile } from './package-files.ts';
import { root, run } from './processes.ts';
import { contentMistakes, targets } from './targets.ts';

/** Largest VSIX that is let through, in bytes. Windows has DirectML and its shader compiler, 42 MB unpacked. */
const sizeLimit = 34e6;

const { values } = parseArgs({ options: { target: { type: 'string', multiple: true } } });
const wanted = values.target ?? [`${process.platform}-${process.arch}`];
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

// The same commit gives the same bytes: vsce puts this time on every file of the package, in this time zone.
process.env.TZ = 'UTC';
process.env.SOURCE_DATE_EPOCH ??= commitTime();

run(process.execPath, ['esbuild.mjs']);
writeNotices();
for (const target of wanted.flatMap((each) => (each === 'all' ? targets : each.split(',')))) await makePackage(target);

/** Seconds since 1970 at which the current commit was made; of a folder that is no git checkout, 1 January 2026. */
function commitTime(): string {
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '1767225600';
}

async function makePackage(target: string): Promise<void> {
  const mistakes = contentMistakes(target, await packageFiles(target));
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
  const name = `opscope-${version}-${target}.vsix`;
  const path = join(root, name);
  const ignoreFile = writeIgnoreFile(target);
  await createVSIX({
    cwd: root,
    target,
    ignoreFile,
    packagePath: path,
    rewriteRelativeLinks: false,
    allowMissingRepository: true,
  });
  rmSync(ignoreFile);
  const bytes = statSync(path).size;
  if (bytes > sizeLimit) throw new Error(`${name} has ${bytes} bytes, more than ${sizeLimit}.`);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  writeFileSync(`${path}.sha256`, `${sha256}  ${name}\n`);
  console.log(`${name}: ${(bytes / 1e6).toFixed(1)} MB, SHA-256 ${sha256}`);
}
