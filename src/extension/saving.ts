import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { writeKept } from './kept-history.ts';
import { requireDisk, requireWritable } from './local-file.ts';
import type { ModelDocument } from './model-document.ts';

/** Writes the document's versions and reports to a folder, from which they can be opened again. */
export async function keepHistory(document: ModelDocument, folder: string, file?: string): Promise<void> {
  const { client, document: id } = await document.session();
  const path = file ?? (await document.path());
  const { versions, head } = document.history;
  await mkdir(folder, { recursive: true });
  await client.keepHistory({ document: id, folder, path, versions: versions.map((version) => version.id), head });
  await writeKept(folder, document.kept);
  document.setKept(folder);
}

/** Save: the file gets the newest version, and what was there before is kept beside it. */
export async function saveOver(
  document: ModelDocument,
  folder: string,
  token: vscode.CancellationToken,
): Promise<void> {
  requireWritable(document.uri);
  const { client, document: id } = await document.session();
  const { signal, stop } = signalOf(token);
  try {
    const path = await document.path();
    const { backup } = await client.save({ document: id, version: document.history.head, path }, { signal });
    await document.writeBack();
    await keepHistory(document, folder);
    // Not before: of a document that is saved a tab that is not yet drawn so is put right, and the window may be gone.
    document.setSaved();
    if (backup !== null) {
      vscode.window.setStatusBarMessage(
        vscode.l10n.t('The model as it was before is kept as {0}.', basename(backup)),
        10_000,
      );
    }
  } finally {
    stop();
  }
}

/** Save As: another file gets the newest version, and its history with it. */
export async function saveTo(
  document: ModelDocument,
  target: vscode.Uri,
  folder: string,
  token: vscode.CancellationToken,
): Promise<void> {
  requireDisk(target);
  const { client, document: id } = await document.session();
  const { signal, stop } = signalOf(token);
  try {
    await client.save({ document: id, version: document.history.head, path: target.fsPath }, { signal });
    await keepHistory(document, folder, target.fsPath);
  } finally {
    stop();
  }
}

function signalOf(token: vscode.CancellationToken): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const subscription = token.onCancellationRequested(() => controller.abort());
  return { signal: controller.signal, stop: () => subscription.dispose() };
}
