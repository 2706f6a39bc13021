import { basename } from 'node:path';
import * as vscode from 'vscode';
import { engineText } from './engine-text.ts';
import type { ModelDocument } from './model-document.ts';
import type { WorkerProcess } from './worker-process.ts';

const scheme = 'opscope-text';

/** What a text is of; it stands in the query of its address. */
interface TextOf {
  readonly path: string;
  readonly version: number;
}

/** Gives models as read-only text documents. Each is opened for as long as its text takes. */
export function registerModelText(workers: WorkerProcess): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(scheme, {
    provideTextDocumentContent: async (uri) => {
      const { path, version } = JSON.parse(uri.query) as TextOf;
      const { client } = workers.running();
      const { document } = await client.open({ path });
      try {
        return await client.text({ document, version });
      } finally {
        await client.close({ document });
      }
    },
  });
}

/** Shows the version on view as text, beside the graph. */
export async function openAsText(document: ModelDocument): Promise<void> {
  await document.session();
  const text = await vscode.workspace.openTextDocument(await versionText(document, document.current));
  await vscode.window.showTextDocument(text, { viewColumn: vscode.ViewColumn.Beside, preview: false });
}

/** Shows the texts of another version, or of another file, and of the version on view side by side. */
export async function compareAsText(
  document: ModelDocument,
  other: { readonly version: number } | { readonly path: string },
): Promise<void> {
  await document.session();
  const left =
    'path' in other
      ? textAddress(vscode.Uri.file(other.path), other.path, 0, basename(other.path))
      : await versionText(document, other.version);
  const right = await versionText(document, document.current);
  const name = ({ path }: vscode.Uri) => basename(path, '.txt');
  await vscode.commands.executeCommand('vscode.diff', left, right, `${name(left)} ↔ ${name(right)}`);
}

async function versionText(document: ModelDocument, version: number): Promise<vscode.Uri> {
  const { uri, name } = document;
  const label = document.version(version)?.label;
  const path = await document.path();
  return textAddress(uri, path, version, label && version > 0 ? `${name} (${engineText(label)})` : name);
}

/** The name is what the tab says. It does not end in `.onnx`: that would open the graph. */
function textAddress(uri: vscode.Uri, path: string, version: number, name: string): vscode.Uri {
  const of: TextOf = { path, version };
  return vscode.Uri.joinPath(uri, '..', `${name.replaceAll('/', '-')}.txt`).with({ scheme, query: JSON.stringify(of) });
}
