import * as vscode from 'vscode';
import type { ModelEditor } from './model-editor.ts';

/** Keeps the context keys, which say of the model in front what commands are offered for it. */
export function setContextKeys(editor: ModelEditor): vscode.Disposable {
  const set: Record<string, boolean> = {};
  const update = () => {
    const document = editor.active;
    const keys = {
      'opscope.busy': document !== undefined && document.job !== null,
      'opscope.remembered': document?.hasRememberedSettings ?? false,
    };
    for (const [key, value] of Object.entries(keys)) {
      if (set[key] === value) continue;
      set[key] = value;
      void vscode.commands.executeCommand('setContext', key, value);
    }
  };
  return vscode.Disposable.from(
    editor.onDidChangeActive(update),
    editor.onDidOpen((document) => {
      document.onDidChange(update);
    }),
  );
}
