import { constants } from 'node:fs';
import { access, type FileHandle, realpath, stat } from 'node:fs/promises';
import { english } from '../core/english.ts';

/** Where a file is written: through a link, to what it points to; with the permissions of what is there. */
export async function targetOf(path: string): Promise<{ readonly path: string; readonly mode?: number }> {
  try {
    const real = await realpath(path);
    const { mode } = await stat(real);
    await access(real, constants.W_OK);
    return { path: real, mode: mode & 0o777 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { path };
  }
}

/** `FileHandle.writeFile` would write half a megabyte at a time. */
export async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
}

/** An error of writing `path` in words: what happened and what to do; the error itself when it is another. */
export function explainWriting(error: unknown, path: string): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
      return new Error(english`The disk is full; ${path} was not written. Free some room and try again.`);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new Error(english`${path} may not be written. Choose another place or change its permissions.`);
    case 'EISDIR':
    case 'ENOTEMPTY':
      return new Error(english`${path} is a folder. Choose the name of a file.`);
    case 'EFBIG':
      return new Error(
        english`${path} would be larger than files may be here. Choose another disk, or external weights.`,
      );
    case 'ENOENT':
      return new Error(english`The folder of ${path} does not exist.`);
    default:
      return error;
  }
}
