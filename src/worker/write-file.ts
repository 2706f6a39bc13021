import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, copyFile, type FileHandle, link, readdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
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

/** The name of a file that is written beside its target and then takes its place. It tells which process writes it. */
export function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${randomUUID().slice(0, 8)}.tmp`);
}

/** A writer that is alive has just written; one on another machine that shares the disk may have a number of its own. */
const abandonedMs = 10 * 60_000;

/** Removes what processes that were killed while they wrote `path` have left beside it, which is as large as the file. */
export async function removeAbandoned(path: string): Promise<void> {
  const start = `.${basename(path)}.`;
  const names = await readdir(dirname(path)).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(start)) continue;
    const writer = /^(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name.slice(start.length))?.[1];
    if (writer === undefined || isRunning(Number(writer))) continue;
    const temporary = join(dirname(path), name);
    const written = await stat(temporary).catch(() => undefined);
    if (written?.isFile() && Date.now() - written.mtimeMs > abandonedMs)
      await rm(temporary, { force: true }).catch(() => {});
  }
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Gives a file a second name: a copy where the disk has no hard links, or `second` lies on another one. */
export async function nameAgain(path: string, second: string): Promise<void> {
  await link(path, second).catch(() => copyFile(path, second, constants.COPYFILE_FICLONE));
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
