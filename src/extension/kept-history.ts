import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VersionReports } from '../protocol/webview.ts';

/** Where the versions of a model may lie that its document goes on with. */
export interface HistoryFolders {
  /** As of the last Save. */
  readonly saved: string;
  /** As of the last backup of unsaved changes. */
  readonly unsaved: string | undefined;
}

/** What is kept with a history besides the models, which are the worker's. */
export interface KeptWithHistory {
  readonly reports: Readonly<Record<number, VersionReports>>;
  /** The versions there were, by id, when the file was last saved, and the one it got. */
  readonly saved: { readonly versions: readonly number[]; readonly head: number };
}

const nothingKept: KeptWithHistory = { reports: {}, saved: { versions: [0], head: 0 } };

const fileIn = (folder: string) => join(folder, 'document.json');

export async function writeKept(folder: string, kept: KeptWithHistory): Promise<void> {
  await writeFile(fileIn(folder), JSON.stringify(kept));
}

/** What `writeKept` wrote; reports can be made again, so a file that is damaged is as good as none. */
export async function readKept(folder: string | null): Promise<KeptWithHistory> {
  if (folder === null) return nothingKept;
  try {
    return { ...nothingKept, ...(JSON.parse(await readFile(fileIn(folder), 'utf8')) as KeptWithHistory) };
  } catch {
    return nothingKept;
  }
}

const pointerTo = (saved: string) => `${saved}.unsaved`;

/**
 * Notes where the newest backup of unsaved changes is, and deletes the one before. VS Code in a browser writes its own
 * note up to five seconds later: a window that is reloaded before comes back with none, or with that of a backup that is
 * gone.
 */
export async function noteBackup(saved: string, folder: string): Promise<void> {
  const before = await notedBackup(saved);
  await mkdir(dirname(saved), { recursive: true });
  await writeFile(pointerTo(saved), folder);
  if (before !== undefined && before !== folder) await rm(before, { recursive: true, force: true });
}

export async function notedBackup(saved: string): Promise<string | undefined> {
  try {
    return await readFile(pointerTo(saved), 'utf8');
  } catch {
    return undefined;
  }
}

/** Deletes a backup, and the note of it unless that is of a newer one. */
export async function deleteBackup(saved: string, folder: string): Promise<void> {
  if ((await notedBackup(saved)) === folder) await rm(pointerTo(saved), { force: true });
  await rm(folder, { recursive: true, force: true });
}
