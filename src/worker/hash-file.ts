import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** SHA-256 of a file in hexadecimal, read in pieces. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 22 })) hash.update(piece as Uint8Array);
  return hash.digest('hex');
}

/** SHA-256 of a file, or of the names and sums of all files of a folder. */
export async function hashData(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return hashFile(path);
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(path, join(parentPath, name)).split(sep).join('/'));
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    hash.update(`${file}\0${await hashFile(join(path, file))}\n`);
  }
  return hash.digest('hex');
}
