import * as vscode from 'vscode';
import { registerCommands } from './commands.ts';
import { setContextKeys } from './context-keys.ts';
import { keepRuns } from './kept-runs.ts';
import { ModelEditor, viewType } from './model-editor.ts';
import { registerModelText } from './model-text.ts';
import { publishProblems, registerProblemLinks } from './problems.ts';
import { registerOpenSample } from './sample.ts';
import { showJobs } from './status-bar.ts';
import { registerTools } from './tools.ts';
import { registerModelsView } from './views/models-view.ts';
import { registerNodesView } from './views/nodes-view.ts';
import { registerRunsView } from './views/runs-view.ts';
import { createWorkerProcess } from './worker-process.ts';

/** Called by VS Code when a model is opened or a command is run: registers what there is and starts nothing. */
export function activate(context: vscode.ExtensionContext): void {
  const workers = createWorkerProcess(context.extensionPath);
  const editor = new ModelEditor(context, workers);
  const runs = keepRuns(editor, context.workspaceState);
  context.subscriptions.push(
    workers,
    runs,
    vscode.window.registerCustomEditorProvider(viewType, editor, { supportsMultipleEditorsPerDocument: true }),
    registerModelText(workers),
    ...registerCommands(editor),
    publishProblems(editor),
    registerOpenSample(context),
    showJobs(editor),
    setContextKeys(editor),
    registerModelsView(editor, runs, workers),
    registerNodesView(editor),
    registerRunsView(runs),
    registerProblemLinks(editor),
    ...registerTools(context.extension, workers),
  );
}
