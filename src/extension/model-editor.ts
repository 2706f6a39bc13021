import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import type { NodeId } from '../core/graph/model.ts';
import { type Client, connect, serve } from '../protocol/rpc.ts';
import type { PanelName, ViewContract, ViewHostContract } from '../protocol/webview.ts';
import { createDiffEditors } from './diff-editors.ts';
import { editorHtml, viewFolder } from './editor-html.ts';
import { deleteBackup, noteBackup, notedBackup } from './kept-history.ts';
import { log } from './log.ts';
import { ModelDocument } from './model-document.ts';
import { keepHistory, saveOver, saveTo } from './saving.ts';
import { viewHost } from './view-host.ts';
import { webviewPort } from './webview-port.ts';
import type { WorkerProcess } from './worker-process.ts';

export const viewType = 'opscope.model';

/** Milliseconds between two states sent to a view: progress comes faster than anybody reads. */
const updateInterval = 80;

/** The editor for `*.onnx`, and the documents it shows. */
export class ModelEditor implements vscode.CustomEditorProvider<ModelDocument> {
  readonly documents = new Map<string, ModelDocument>();
  /** The document of the editor in front, or of the one that was last. */
  active: ModelDocument | undefined;
  /** The view of the editor in front. */
  activeView: Client<ViewContract> | undefined;

  /** A panel that was asked for and that no page has answered for yet. */
  private wanted: { readonly view: Client<ViewContract>; readonly panel: PanelName } | undefined;
  private readonly diffEditors = createDiffEditors();
  private saving: ModelDocument | undefined;
  /** Documents that VS Code opened with a backup, so that it knows them to be unsaved. */
  private readonly fromBackup = new WeakSet<ModelDocument>();
  private readonly toldOfAutoSave = new WeakSet<ModelDocument>();
  private readonly context: vscode.ExtensionContext;
  private readonly workers: WorkerProcess;
  private readonly edited = new vscode.EventEmitter<vscode.CustomDocumentEditEvent<ModelDocument>>();
  readonly onDidChangeCustomDocument = this.edited.event;
  private readonly opened = new vscode.EventEmitter<ModelDocument>();
  /** A document was opened; it is not read yet. */
  readonly onDidOpen = this.opened.event;
  private readonly activated = new vscode.EventEmitter<void>();
  /** Another document is in front, or none. */
  readonly onDidChangeActive = this.activated.event;

  constructor(context: vscode.ExtensionContext, workers: WorkerProcess) {
    this.context = context;
    this.workers = workers;
  }

  async openCustomDocument(uri: vscode.Uri, { backupId }: vscode.CustomDocumentOpenContext): Promise<ModelDocument> {
    const saved = this.historyFolder(uri);
    // VS Code's own note may be of a backup that was since replaced; see `noteBackup`.
    const unsaved = (await notedBackup(saved)) ?? backupId;
    const document = new ModelDocument(uri, this.workers, this.context.workspaceState, { saved, unsaved });
    if (backupId !== undefined) this.fromBackup.add(document);
    this.documents.set(uri.toString(), document);
    document.onDidEdit((edit) => {
      this.edited.fire({ document, ...edit });
    });
    document.onDidDispose(() => {
      this.documents.delete(uri.toString());
      if (this.active !== document) return;
      this.active = undefined;
      this.activated.fire();
    });
    this.opened.fire(document);
    return document;
  }

  async resolveCustomEditor(document: ModelDocument, panel: vscode.WebviewPanel): Promise<void> {
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [viewFolder(this.context.extensionUri)] };
    const port = webviewPort(panel);
    const view = connect<ViewContract>(port);
    const ready = Promise.withResolvers<void>();
    const shown = { document, panel, view, ready: ready.promise };
    const listener = {
      onReady: () => {
        ready.resolve();
        this.showWanted(view);
      },
      onSelect: (node: NodeId | null) => this.diffEditors.selected(shown, node),
    };
    const stopServing = serve<ViewHostContract>(port, viewHost(document, this.context.workspaceState, listener));
    const update = throttle(updateInterval, () => {
      view.update(document.state()).catch((error: Error) => log().debug(`View: ${error.message}`));
    });
    const onState = document.onDidChange(update);
    const onTrust = vscode.workspace.onDidGrantWorkspaceTrust(update);
    const focus = () => {
      if (!panel.active) return;
      this.active = document;
      this.activeView = view;
      this.activated.fire();
    };
    focus();
    panel.onDidChangeViewState(focus);
    panel.onDidDispose(() => {
      stopServing();
      onState.dispose();
      onTrust.dispose();
      if (this.activeView === view) this.activeView = undefined;
    });
    webview.html = editorHtml(webview, this.context.extensionUri);
    this.diffEditors.add(shown);
    agreeOnUnsaved(document, panel, this.fromBackup.has(document));
  }

  /** Opens a panel beside the graph in front. What is sent to a page that is being made anew is lost: it gets that again. */
  showPanel(panel: PanelName): void {
    if (!this.activeView) return;
    this.wanted = { view: this.activeView, panel };
    this.showWanted(this.activeView);
  }

  private showWanted(view: Client<ViewContract>): void {
    const { wanted } = this;
    if (wanted?.view !== view) return;
    const done = () => {
      if (this.wanted === wanted) this.wanted = undefined;
    };
    view.showPanel({ panel: wanted.panel }).then(done, (error: Error) => log().debug(`View: ${error.message}`));
  }

  /** Saves the document in front because the user said so, also where Auto Save is on. */
  async saveExplicitly(document: ModelDocument): Promise<void> {
    this.saving = document;
    try {
      await vscode.commands.executeCommand('workbench.action.files.save');
    } finally {
      this.saving = undefined;
    }
  }

  async saveCustomDocument(document: ModelDocument, token: vscode.CancellationToken): Promise<void> {
    // VS Code does not say who asks. Auto Save must not write over a model seconds after a new version was made.
    const autoSave = vscode.workspace.getConfiguration('files', document.uri).get('autoSave');
    if (autoSave !== 'off' && this.saving !== document) {
      const message = vscode.l10n.t(
        'Auto Save is on, but Opscope writes over a model only when you run “Opscope: Save Over Source”.',
      );
      // VS Code tells nobody why Auto Save did nothing, and tries again after every change.
      if (!this.toldOfAutoSave.has(document)) this.explainAutoSave(document, message);
      throw new Error(message);
    }
    await saveOver(document, this.historyFolder(document.uri), token);
  }

  private async explainAutoSave(document: ModelDocument, message: string): Promise<void> {
    this.toldOfAutoSave.add(document);
    const save = vscode.l10n.t('Save Over Source');
    if ((await vscode.window.showInformationMessage(message, save)) === save) await this.saveExplicitly(document);
  }

  async saveCustomDocumentAs(
    document: ModelDocument,
    target: vscode.Uri,
    token: vscode.CancellationToken,
  ): Promise<void> {
    await saveTo(document, target, this.historyFolder(target), token);
  }

  async revertCustomDocument(document: ModelDocument): Promise<void> {
    document.revert();
  }

  async backupCustomDocument(
    document: ModelDocument,
    { destination }: vscode.CustomDocumentBackupContext,
  ): Promise<vscode.CustomDocumentBackup> {
    const folder = destination.fsPath;
    const saved = this.historyFolder(document.uri);
    await keepHistory(document, folder);
    await noteBackup(saved, folder);
    return { id: folder, delete: () => deleteBackup(saved, folder) };
  }

  /** The open document of a file; opened in an editor if there is none. */
  async documentOf(uri: vscode.Uri): Promise<ModelDocument> {
    const open = this.documents.get(uri.toString());
    if (open && this.active === open) return open;
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
    const document = this.documents.get(uri.toString());
    if (!document) throw new Error(vscode.l10n.t('{0} could not be opened.', uri.fsPath));
    return document;
  }

  /** Where the history of a file's versions is kept: one folder a file, in the workspace's own storage. */
  private historyFolder(uri: vscode.Uri): string {
    const storage = this.context.storageUri ?? this.context.globalStorageUri;
    const name = createHash('sha256').update(uri.toString()).digest('hex').slice(0, 24);
    return vscode.Uri.joinPath(storage, 'history', name).fsPath;
  }
}

/**
 * A window that was reloaded within seconds of a change or a Save may come back with a note of VS Code's that is older
 * than the document: the tab is drawn as changed though the document is not, or the other way round. An edit that VS
 * Code is told of makes it look again; a tab that is still wrong is put right when VS Code says so of it, which may be
 * long after the document was opened. Once it was right, VS Code keeps it so.
 */
function agreeOnUnsaved(document: ModelDocument, panel: vscode.WebviewPanel, fromBackup: boolean): void {
  const isShownUnsaved = () =>
    vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .some(
        ({ input, isDirty }) =>
          isDirty && input instanceof vscode.TabInputCustom && String(input.uri) === String(document.uri),
      );
  const revertIfShownUnsaved = async () => {
    // VS Code reverts the editor in front only.
    if (document.isUnsaved || !panel.active || !isShownUnsaved()) return;
    await vscode.commands.executeCommand('workbench.action.files.revert');
  };
  const watch = async () => {
    await document.session();
    if (!fromBackup && (document.isUnsaved || isShownUnsaved())) document.announceUnsaved();
    await revertIfShownUnsaved();
    const listeners = [
      vscode.window.tabGroups.onDidChangeTabs(revertIfShownUnsaved),
      panel.onDidChangeViewState(revertIfShownUnsaved),
      document.onDidEdit(() => stop()),
      panel.onDidDispose(() => stop()),
    ];
    const stop = () => {
      for (const listener of listeners) listener.dispose();
    };
    await revertIfShownUnsaved();
  };
  watch().catch((error: Error) => log().debug(`Opening: ${error.message}`));
}

/** Calls `work` at once, then at most once an interval, the last time after the last call. */
function throttle(interval: number, work: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  const call = () => {
    if (timer) {
      again = true;
      return;
    }
    work();
    timer = setTimeout(() => {
      timer = undefined;
      if (!again) return;
      again = false;
      call();
    }, interval);
  };
  return call;
}
