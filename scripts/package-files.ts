import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles } from '@vscode/vsce';
import { cacheFolder, root } from './processes.ts';
import { ignoreLines } from './targets.ts';

/** The files that the package of a platform would hold, with slashes; what is built must be built already. */
export async function packageFiles(target: string): Promise<string[]> {
  const ignoreFile = writeIgnoreFile(target);
  try {
    const files = await listFiles({ cwd: root, ignoreFile });
    return files.map((file) => file.replaceAll('\\', '/')).sort();
  } finally {
    rmSync(ignoreFile);
  }
}

/** Writes what `vsce` reads in place of `.vscodeignore`; gives its path. */
export function writeIgnoreFile(target: string): string {
  mkdirSync(cacheFolder, { recursive: true });
  const path = join(cacheFolder, `vscodeignore-${target}`);
  writeFileSync(path, ignoreLines(target));
  return path;
}
