import * as vscode from 'vscode';
import { bytes } from '../../core/report/format.ts';
import { runFigure } from '../../core/report/runs.ts';
import { latencySentence } from '../../core/report/sentences.ts';
import { engineText } from '../engine-text.ts';
import type { KeptRuns } from '../kept-runs.ts';
import type { ModelEditor } from '../model-editor.ts';
import { viewType } from '../model-editor.ts';
import type { WorkerProcess } from '../worker-process.ts';
import { readOperatorSets } from './operator-sets.ts';

/** More than this nobody looks through; the Explorer has them all. */
const mostListed = 500;

/** The models of the workspace with their size and operator set, and what was measured of them last. */
export function registerModelsView(editor: ModelEditor, runs: KeptRuns, workers: WorkerProcess): vscode.Disposable {
  const changed = new vscode.EventEmitter<vscode.Uri | undefined>();
  const refresh = () => changed.fire(undefined);
  const operatorSets = readOperatorSets(workers, (uri) => changed.fire(uri));
  const provider: vscode.TreeDataProvider<vscode.Uri> = {
    onDidChangeTreeData: changed.event,
    getChildren: async (parent) =>
      parent ? [] : (await vscode.workspace.findFiles('**/*.onnx', '**/node_modules/**', mostListed)).sort(byPath),
    getTreeItem: async (uri) => {
      const item = new vscode.TreeItem(uri);
      const { size, mtime } = await vscode.workspace.fs.stat(uri);
      const verdict = lastVerdict(editor, runs, uri);
      const opset = operatorSets.of(uri, mtime);
      item.description = [bytes(size), opset ? vscode.l10n.t('opset {0}', opset) : '', verdict]
        .filter(Boolean)
        .join(' · ');
      item.tooltip = `${uri.fsPath}\n${item.description}`;
      item.command = { command: 'vscode.openWith', title: vscode.l10n.t('Open'), arguments: [uri, viewType] };
      return item;
    },
  };
  const view = vscode.window.createTreeView('opscope.models', { treeDataProvider: provider, showCollapseAll: false });
  const files = vscode.workspace.createFileSystemWatcher('**/*.onnx');
  return vscode.Disposable.from(
    changed,
    files,
    files.onDidCreate(refresh),
    files.onDidChange(refresh),
    files.onDidDelete(refresh),
    vscode.workspace.onDidChangeWorkspaceFolders(refresh),
    runs.onDidChange(refresh),
    editor.onDidOpen((document) => {
      let shown = '';
      document.onDidChange(() => {
        const verdict = lastVerdict(editor, runs, document.uri);
        if (verdict === shown) return;
        shown = verdict;
        refresh();
      });
      document.onDidDispose(refresh);
    }),
    view,
    view.onDidChangeVisibility(({ visible }) => (visible ? refresh() : operatorSets.stop())),
  );
}

const byPath = (a: vscode.Uri, b: vscode.Uri): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

/** Of the newest version of an open model that was measured against the one it was made from, or of the newest run. */
function lastVerdict(editor: ModelEditor, runs: KeptRuns, uri: vscode.Uri): string {
  const versions = editor.documents.get(uri.toString())?.history.versions ?? [];
  const measured = versions.findLast(({ latency }) => latency);
  if (measured?.latency) return `${engineText(measured.label)}: ${engineText(latencySentence(measured.latency))}`;
  const last = runs.all().find(({ model }) => model === uri.toString());
  if (!last) return '';
  return `${engineText(last.version)}: ${last.against ? engineText(latencySentence(last.against.latency)) : runFigure(last)}`;
}
