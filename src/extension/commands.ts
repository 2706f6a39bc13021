import * as vscode from 'vscode';
import { engineText } from './engine-text.ts';
import { exportReport, exportVersion } from './exporting.ts';
import { type ComparedSide, compare, loadTrace, optimize, profile, prune, quantize, sweep } from './jobs.ts';
import { log } from './log.ts';
import type { ModelDocument } from './model-document.ts';
import { type ModelEditor, viewType } from './model-editor.ts';
import { compareAsText, openAsText } from './model-text.ts';
import { fixProblem } from './problems.ts';
import { askNode, askPruning, askQuantization, askRunSettings, askSweep } from './questions.ts';
import { transformSettings } from './settings.ts';
import { tuneDocument } from './tuning.ts';

/** Jobs started by a command show their progress and result as notifications. */
const notified = { notify: true };

type Command = (document: ModelDocument, editor: ModelEditor) => Promise<unknown>;

/** The commands on a model, by the names that package.json gives them without `opscope.`. */
const commands: Readonly<Record<string, Command>> = {
  profile: async (document, editor) => {
    const settings = await askRunSettings(document, vscode.l10n.t('Profile Model'));
    if (!settings) return;
    editor.showPanel('profile');
    await profile(document, { version: document.current, settings, ...document.profileSettings }, notified);
  },
  sweep: async (document, editor) => {
    const axes = await askSweep(document);
    const settings = axes && (await askRunSettings(document, vscode.l10n.t('Sweep Settings')));
    if (!settings) return;
    editor.showPanel('profile');
    const { level } = document.profileSettings;
    await sweep(document, { version: document.current, settings, level, axes }, notified);
  },
  loadTrace: async (document, editor) => {
    const picked = await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Trace that ONNX Runtime wrote of this model'),
      filters: { JSON: ['json'] },
      defaultUri: vscode.Uri.joinPath(document.uri, '..'),
    });
    if (!picked?.[0]) return;
    editor.showPanel('profile');
    const { level } = document.profileSettings;
    await loadTrace(document, { version: document.current, path: picked[0].fsPath, level }, notified);
  },
  optimize: async (document, editor) => {
    const settings = await askRunSettings(document, vscode.l10n.t('Optimize Model'));
    if (!settings) return;
    editor.showPanel('optimize');
    await optimize(document, { version: document.current, settings, ...transformSettings(document.uri) }, notified);
  },
  quantize: async (document, editor) => {
    const scheme = await askQuantization(document);
    const settings = scheme && (await askRunSettings(document, vscode.l10n.t('Quantize Model')));
    if (!settings) return;
    editor.showPanel('quantize');
    const { verify, measure } = transformSettings(document.uri);
    const request = { version: document.current, settings, ...scheme, perChannel: true, exclude: [], verify, measure };
    await quantize(document, request, notified);
  },
  prune: async (document) => {
    const share = await askPruning(document);
    const settings = share && (await askRunSettings(document, vscode.l10n.t('Prune Model')));
    if (!settings) return;
    const { verify, measure } = transformSettings(document.uri);
    await prune(document, { version: document.current, settings, ...share, verify, measure }, notified);
  },
  compare: async (document, editor) => {
    const other = await askOther(document);
    const settings = other && (await askRunSettings(document, vscode.l10n.t('Compare')));
    if (!settings) return;
    editor.showPanel('compare');
    await compare(document, { a: other, b: { version: document.current }, settings, measure: true }, notified);
  },
  tune: (document) => tuneDocument(document),
  inspect: async (_, editor) => editor.showPanel('summary'),
  findNodes: async (_, { activeView }) => activeView?.focusSearch(undefined),
  explainNode: async (document, editor) => {
    const nodes = document.reports[document.current]?.profile?.nodes ?? (await profiledNodes(document, editor));
    const node = nodes && (await askNode(nodes));
    if (node === undefined) return;
    await editor.activeView?.reveal({ node });
    editor.showPanel('node');
  },
  export: (document) => exportVersion(document, notified),
  exportReport: (document) => exportReport(document, notified),
  openAsText: (document) => openAsText(document),
  compareAsText: async (document) => {
    const other = await askOther(document);
    if (other) await compareAsText(document, other);
  },
  fix: (document) => fixProblem(document),
  forgetSettings: (document) => document.forgetSettings(),
  cancel: async (document) => document.cancelJob(),
  save: (document, editor) => editor.saveExplicitly(document),
};

/** Registers Opscope's commands. */
export function registerCommands(editor: ModelEditor): vscode.Disposable[] {
  const registered = Object.entries(commands).map(([name, command]) =>
    vscode.commands.registerCommand(`opscope.${name}`, async (uri?: vscode.Uri) => {
      try {
        const document = uri instanceof vscode.Uri ? await editor.documentOf(uri) : editor.active;
        if (!document) {
          void vscode.window.showInformationMessage(vscode.l10n.t('Open an .onnx file first.'));
          return;
        }
        await bringToFront(document);
        await command(document, editor);
      } catch (error) {
        log().error(error as Error);
        void vscode.window.showErrorMessage(engineText((error as Error).message));
      }
    }),
  );
  return [...registered, vscode.commands.registerCommand('opscope.showLog', () => log().show())];
}

/** Profiles the version on view, to say of its nodes what limits them. */
async function profiledNodes(document: ModelDocument, editor: ModelEditor) {
  const settings = await askRunSettings(document, vscode.l10n.t('Profile Model'));
  if (!settings) return undefined;
  editor.showPanel('profile');
  const request = { version: document.current, settings, ...document.profileSettings };
  return (await profile(document, request, notified))?.nodes;
}

/** A command may come from elsewhere, such as the walkthrough. */
async function bringToFront({ uri }: ModelDocument): Promise<void> {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const isInFront = input instanceof vscode.TabInputCustom && input.uri.toString() === uri.toString();
  if (!isInFront) await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
}

/** The other side of a comparison: another version, or another file. */
async function askOther(document: ModelDocument): Promise<ComparedSide | undefined> {
  await document.session();
  const versions = document.history.versions.filter(({ id }) => id !== document.current);
  const file = vscode.l10n.t('Another file…');
  const chosen =
    versions.length === 0
      ? { label: file, version: undefined }
      : await vscode.window.showQuickPick(
          [
            ...versions.map(({ id, label }) => ({ label: engineText(label), version: id })),
            { label: file, version: undefined },
          ],
          {
            title: vscode.l10n.t(
              'Compare {0} with…',
              engineText(document.version(document.current)?.label ?? document.name),
            ),
            ignoreFocusOut: true,
          },
        );
  if (chosen?.version !== undefined) return { version: chosen.version };
  if (!chosen) return undefined;
  const picked = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Compare with'),
    filters: { ONNX: ['onnx'] },
    defaultUri: vscode.Uri.joinPath(document.uri, '..'),
  });
  return picked?.[0] && { path: picked[0].fsPath };
}
