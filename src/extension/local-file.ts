import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { bytes } from '../core/report/format.ts';

/** A file on disk, which is what the worker and ONNX Runtime read. */
export interface LocalFile {
  readonly path: string;
  /** Where it is a copy, brings what was written beside it since, and itself, to where it came from. */
  writeBack(): Promise<void>;
  /** Removes it if it is a copy. */
  dispose(): Promise<void>;
}

/** VS Code gives a file of another file system only whole, in memory. */
const mostCopied = 1e9;

/**
 * The model of a URI: itself where it is on disk, else a copy of what its file system gives, such as an earlier state
 * that Git holds, or a file of a virtual workspace. The files with its weights, which `missingWeights` names by their
 * paths from the copy's folder, are copied with it where they stand beside it.
 */
export async function localFile(
  uri: vscode.Uri,
  missingWeights: (path: string) => Promise<readonly string[]>,
): Promise<LocalFile> {
  if (uri.scheme === 'file') return { path: uri.fsPath, writeBack: async () => {}, dispose: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'opscope-copy-'));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const path = await copyInto(folder, uri, missingWeights);
    let known = await timesIn(folder);
    const writeBack = async () => {
      for (const [name, time] of await timesIn(folder)) {
        if (known.get(name) === time) continue;
        const target = beside(uri, name);
        await vscode.workspace.fs.writeFile(target, await readFile(join(folder, name)));
        await setTime(join(folder, name), (await vscode.workspace.fs.stat(target)).mtime);
      }
      known = await timesIn(folder);
    };
    return { path, writeBack, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function copyInto(
  folder: string,
  uri: vscode.Uri,
  missingWeights: (path: string) => Promise<readonly string[]>,
): Promise<string> {
  const model = basename(uri.path);
  const path = join(folder, model);
  let copied = 0;
  const copy = async (from: vscode.Uri, name: string) => {
    const { size, mtime } = await vscode.workspace.fs.stat(from);
    copied += size;
    if (copied > mostCopied) throw new Error(tooLarge(model, copied));
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await vscode.workspace.fs.readFile(from));
    await setTime(file, mtime);
  };
  await copy(uri, model);
  // An address with a query, as Git's are, says more than a path: there is no telling what is beside it.
  if (uri.query !== '') return path;
  for (const location of await missingWeights(path)) {
    const name = location.replaceAll('\\', '/');
    if (await exists(beside(uri, name))) await copy(beside(uri, name), name);
  }
  return path;
}

const beside = (uri: vscode.Uri, name: string) => vscode.Uri.joinPath(uri, '..', name);

/** The versions that were kept of a model are known to be its own by its time. */
const setTime = (file: string, milliseconds: number) => utimes(file, milliseconds / 1000, milliseconds / 1000);

const tooLarge = (name: string, size: number) =>
  vscode.l10n.t(
    '{0} is not on this disk and too large to be copied ({1}). Copy it to a folder on disk and open it there.',
    name,
    bytes(size),
  );

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

/** When each file of a folder was written, by its path from there. */
async function timesIn(folder: string): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  for (const name of await readdir(folder, { recursive: true })) {
    const file = await stat(join(folder, name));
    if (file.isFile()) times.set(name.replaceAll('\\', '/'), file.mtimeMs);
  }
  return times;
}

/** Throws where a model cannot be saved over, and says what to do: VS Code writes to some file systems only. */
export function requireWritable(uri: vscode.Uri): void {
  const writable = uri.query === '' && vscode.workspace.fs.isWritableFileSystem(uri.scheme) !== false;
  if (!writable) requireDisk(uri);
}

/** Throws where a model cannot be written, and says what to do. */
export function requireDisk(uri: vscode.Uri): void {
  if (uri.scheme === 'file') return;
  throw new Error(
    vscode.l10n.t(
      '{0} is not a file on disk. Use Save As or Export to write it to a folder on disk.',
      basename(uri.path),
    ),
  );
}
