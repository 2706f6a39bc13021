import * as vscode from 'vscode';
import type { Problem } from '../core/problem.ts';
import { engineText } from './engine-text.ts';
import { optimize } from './jobs.ts';
import { log } from './log.ts';
import type { ModelDocument } from './model-document.ts';
import type { ModelEditor } from './model-editor.ts';
import { transformSettings } from './settings.ts';

/** More than this of one model say nothing more; the summary in the editor lists all. */
const mostShown = 100;

/** Per-channel quantization needs it; newer ones bring nothing that a problem is about. */
const opsetOfFix = 13;

const severities: Readonly<Record<Problem['severity'], vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
};

/** Shows what is wrong with the models that are open in the Problems panel, for the version on view. */
export function publishProblems(editor: ModelEditor): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection('opscope');
  const watch = editor.onDidOpen((document) => {
    let shown: number | undefined;
    const update = async () => {
      if (document.current === shown && document.history.versions.length > 0) return;
      shown = document.current;
      const problems = await problemsOf(document);
      if (editor.documents.get(document.uri.toString()) !== document) return;
      collection.set(document.uri, problems.slice(0, mostShown).map(diagnosticOf(document)));
    };
    const tell = (error: Error) => {
      // The editor says so where the graph would be; here it is found from afar.
      collection.set(document.uri, [
        diagnosticOf(document)({ severity: 'error', code: 'unreadable', message: error.message }),
      ]);
      log().debug(`Problems: ${error.message}`);
    };
    const onChange = document.onDidChange(() => void update().catch(tell));
    document.onDidDispose(() => {
      onChange.dispose();
      collection.delete(document.uri);
    });
    void update().catch(tell);
  });
  return vscode.Disposable.from(collection, watch);
}

async function problemsOf(document: ModelDocument): Promise<readonly Problem[]> {
  const { client, document: id } = await document.session();
  return (await client.summary({ document: id, version: document.current })).problems;
}

/** A model has no lines: what a problem is about stands in its message, and its code leads to the node. */
const diagnosticOf =
  (document: ModelDocument) =>
  ({ severity, code, message, node }: Problem): vscode.Diagnostic => {
    const diagnostic = new vscode.Diagnostic(new vscode.Range(0, 0, 0, 0), engineText(message), severities[severity]);
    diagnostic.source = 'Opscope';
    const query = encodeURIComponent(JSON.stringify([document.uri.toString(), node]));
    diagnostic.code =
      node === undefined ? code : { value: code, target: vscode.Uri.parse(`command:opscope.showNode?${query}`) };
    return diagnostic;
  };

/** Asks which of the problems that a pass mends is to be mended, and makes the version in which it is. */
export async function fixProblem(document: ModelDocument): Promise<void> {
  const byFix = new Map<string, Problem[]>();
  for (const problem of await problemsOf(document)) {
    if (problem.fix) byFix.set(problem.fix, [...(byFix.get(problem.fix) ?? []), problem]);
  }
  if (byFix.size === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('There is no problem here that Opscope can mend by itself.'),
    );
    return;
  }
  const chosen = await vscode.window.showQuickPick(
    [...byFix].map(([pass, [first, ...more]]) => ({
      label: engineText(first!.message),
      description: more.length > 0 ? vscode.l10n.t('and {0} more like it', more.length) : '',
      detail: vscode.l10n.t('Mended by the pass {0}', pass),
      pass,
    })),
    { title: vscode.l10n.t('Fix Problem'), ignoreFocusOut: true },
  );
  if (!chosen) return;
  const request = {
    version: document.current,
    settings: document.settings,
    ...transformSettings(document.uri),
    passes: [chosen.pass],
    ...(chosen.pass === 'raise-opset' ? { targetOpset: opsetOfFix } : {}),
    measure: false,
  };
  await optimize(document, request, { notify: true });
}

/** Shows a node in the graph, from a link in the Problems panel. */
export function registerShowNode(editor: ModelEditor): vscode.Disposable {
  return vscode.commands.registerCommand('opscope.showNode', async (uri: string, node: number) => {
    await editor.documentOf(vscode.Uri.parse(uri));
    await editor.activeView?.reveal({ node: node as never });
  });
}
