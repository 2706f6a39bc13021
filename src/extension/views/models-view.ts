import * as vscode from 'vscode';
import { bytes } from '../../core/report/format.ts';
import { latencySentence } from '../../core/report/sentences.ts';
import { engineText } from '../engine-text.ts';
import type { ModelEditor } from '../model-editor.ts';
import { viewType } from '../model-editor.ts';

/** More than this nobody looks through; the Explorer has them all. */
const mostListed = 500;

/** The models of the workspace with their size, and what the last comparison said of those that are open. */
export function registerModelsView(editor: ModelEditor): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  const refresh = () => changed.fire();
  const provider: vscode.TreeDataProvider<vscode.Uri> = {
    onDidChangeTreeData: changed.event,
    getChildren: async (parent) =>
      parent ? [] : (await vscode.workspace.findFiles('**/*.onnx', '**/node_modules/**', mostListed)).sort(byPath),
    getTreeItem: async (uri) => {
      const item = new vscode.TreeItem(uri);
      const { size } = await vscode.workspace.fs.stat(uri);
      const verdict = lastVerdict(editor, uri);
      item.description = [bytes(size), verdict].filter(Boolean).join(' · ');
      item.tooltip = `${uri.fsPath}\n${item.description}`;
      item.command = { command: 'vscode.openWith', title: vscode.l10n.t('Open'), arguments: [uri, viewType] };
      return item;
    },
  };
  const files = vscode.workspace.createFileSystemWatcher('**/*.onnx');
  return vscode.Disposable.from(
    changed,
    files,
    files.onDidCreate(refresh),
    files.onDidChange(refresh),
    files.onDidDelete(refresh),
    vscode.workspace.onDidChangeWorkspaceFolders(refresh),
    editor.onDidOpen((document) => {
      let shown = '';
      document.onDidChange(() => {
        const verdict = lastVerdict(editor, document.uri);
        if (verdict === shown) return;
        shown = verdict;
        refresh();
      });
      document.onDidDispose(refresh);
    }),
    vscode.window.createTreeView('opscope.models', { treeDataProvider: provider, showCollapseAll: false }),
  );
}

const byPath = (a: vscode.Uri, b: vscode.Uri): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

/** Of the newest version that was measured against the one it was made from. */
function lastVerdict(editor: ModelEditor, uri: vscode.Uri): string {
  const versions = editor.documents.get(uri.toString())?.history.versions ?? [];
  const measured = versions.findLast(({ latency }) => latency);
  return measured?.latency ? `${engineText(measured.label)}: ${engineText(latencySentence(measured.latency))}` : '';
}
