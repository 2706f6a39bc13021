import { createHash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** SHA-256 of a file in hexadecimal, read in pieces. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path);
  try {
    // One piece of memory for all: a new one each time would have the garbage collector run all along.
    const buffer = new Uint8Array(1 << 20);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
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
