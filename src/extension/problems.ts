import * as vscode from 'vscode';
import type { NodeId } from '../core/graph/model.ts';
import type { Problem } from '../core/problem.ts';
import { engineText } from './engine-text.ts';
import { type JobOptions, optimize } from './jobs.ts';
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
    let shown: string | undefined;
    const update = async () => {
      // What is wrong depends on who is to run the model, and what mends it on whether anything may run.
      const asked = [document.current, document.settings.provider, vscode.workspace.isTrusted].join();
      if (asked === shown && document.history.versions.length > 0) return;
      shown = asked;
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
    const again = () => void update().catch(tell);
    const listeners = [
      document.onDidChange(again),
      vscode.workspace.onDidGrantWorkspaceTrust(again),
      vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration('opscope.provider') && again()),
    ];
    document.onDidDispose(() => {
      for (const listener of listeners) listener.dispose();
      collection.delete(document.uri);
    });
    again();
  });
  return vscode.Disposable.from(collection, watch);
}

async function problemsOf(document: ModelDocument): Promise<readonly Problem[]> {
  const { client, document: id } = await document.session();
  return (await client.summary({ document: id, version: document.current, provider: document.settings.provider }))
    .problems;
}

/**
 * A model has no lines, and only files with lines get a light bulb: what a problem is about stands in its message, and
 * its code is the quick fix where a pass mends it, and leads to the node otherwise.
 */
const diagnosticOf =
  (document: ModelDocument) =>
  ({ severity, code, message, node, fix }: Problem): vscode.Diagnostic => {
    const mends = fix !== undefined && vscode.workspace.isTrusted;
    const text = engineText(message);
    const diagnostic = new vscode.Diagnostic(
      new vscode.Range(0, 0, 0, 0),
      mends ? vscode.l10n.t('{0} Click {1} to mend it.', text, code) : text,
      severities[severity],
    );
    diagnostic.source = 'Opscope';
    if (mends) diagnostic.code = { value: code, target: link('opscope.mend', document, fix) };
    else if (node !== undefined) diagnostic.code = { value: code, target: link('opscope.showNode', document, node) };
    else diagnostic.code = code;
    return diagnostic;
  };

/** A link that runs a command. VS Code decodes it twice, so the address goes in parts: a `#` in a name stays in it. */
function link(command: string, { uri: { scheme, authority, path, query } }: ModelDocument, about: string | number) {
  const parts = encodeURIComponent(JSON.stringify([{ scheme, authority, path, query }, about]));
  return vscode.Uri.parse(`command:${command}?${parts}`);
}

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
  if (chosen) await mend(document, chosen.pass, { notify: true });
}

/** Makes the version in which a problem is mended by its pass. */
export async function mend(document: ModelDocument, pass: string, options: JobOptions): Promise<void> {
  await document.session();
  const request = {
    version: document.current,
    settings: document.settings,
    ...transformSettings(document.uri),
    passes: [pass],
    ...(pass === 'raise-opset' ? { targetOpset: opsetOfFix } : {}),
    measure: false,
  };
  await optimize(document, request, options);
}

/** What the links in the Problems panel run: one shows a node in the graph, the other mends a problem. */
export function registerProblemLinks(editor: ModelEditor): vscode.Disposable {
  const register = <T>(command: string, follow: (document: ModelDocument, about: T) => Promise<unknown>) =>
    vscode.commands.registerCommand(command, async (address: Parameters<typeof vscode.Uri.from>[0], about: T) => {
      try {
        await follow(await editor.documentOf(vscode.Uri.from(address)), about);
      } catch (error) {
        void vscode.window.showErrorMessage(engineText((error as Error).message));
      }
    });
  return vscode.Disposable.from(
    register('opscope.showNode', async (_, node: NodeId) => editor.activeView?.reveal({ node })),
    register('opscope.mend', (document, pass: string) => mend(document, pass, { notify: true })),
  );
}
