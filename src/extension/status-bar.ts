import * as vscode from 'vscode';
import { engineText } from './engine-text.ts';
import type { ModelDocument } from './model-document.ts';
import type { ModelEditor } from './model-editor.ts';

/** Says in the status bar which job runs, and how far it is, also when its editor is not in front; a click shows the log. */
export function showJobs(editor: ModelEditor): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('opscope.job', vscode.StatusBarAlignment.Left);
  item.name = vscode.l10n.t('Opscope: running job');
  item.command = 'opscope.showLog';
  const update = () => {
    const busy = [...editor.documents.values()].find(({ job }) => job !== null);
    if (!busy) return item.hide();
    item.text = `$(sync~spin) ${textOf(busy)}`;
    item.tooltip = vscode.l10n.t('{0}: show the log', busy.uri.fsPath);
    item.show();
  };
  const watch = editor.onDidOpen((document) => {
    document.onDidChange(update);
    document.onDidDispose(update);
  });
  return vscode.Disposable.from(item, watch);
}

function textOf({ name, job }: ModelDocument): string {
  const { message, fraction } = job!.progress;
  const share = fraction === undefined ? '' : ` ${Math.round(fraction * 100)} %`;
  return `${name}: ${engineText(message)}${share}`;
}
