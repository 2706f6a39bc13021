import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { bytes } from '../core/report/format.ts';

/** A file on disk, which is what the worker and ONNX Runtime read. */
export interface LocalFile {
  readonly path: string;
  /** Removes it if it is a copy. */
  dispose(): Promise<void>;
}

/** VS Code gives a file of another file system only whole, in memory. */
const mostCopied = 1e9;

/**
 * The file of a URI: itself where it is on disk, else a copy of what its file system gives, such as an earlier state
 * that Git holds, or a file of a virtual workspace. Weights in files of their own are not copied with it.
 */
export async function localFile(uri: vscode.Uri): Promise<LocalFile> {
  if (uri.scheme === 'file') return { path: uri.fsPath, dispose: async () => {} };
  const name = basename(uri.path);
  const { size } = await vscode.workspace.fs.stat(uri);
  if (size > mostCopied) {
    throw new Error(
      vscode.l10n.t(
        '{0} is not on this disk and too large to be copied ({1}). Copy it to a folder on disk and open it there.',
        name,
        bytes(size),
      ),
    );
  }
  const content = await vscode.workspace.fs.readFile(uri);
  const folder = await mkdtemp(join(tmpdir(), 'opscope-copy-'));
  const path = join(folder, name);
  await writeFile(path, content);
  return { path, dispose: () => rm(folder, { recursive: true, force: true }) };
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
