import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Environment, Latency } from '../core/report/profile-report.ts';
import type { CompareReport, LatencyComparison } from '../core/report/report.ts';
import { type Client, ConnectionClosedError } from '../protocol/rpc.ts';
import type { DocumentState, JobState, VersionReports } from '../protocol/webview.ts';
import type {
  DocumentId,
  RunSettings,
  SymbolicDim,
  VersionInfo,
  VersionMapping,
  WorkerContract,
} from '../protocol/worker.ts';
import { engineText } from './engine-text.ts';
import { type HistoryFolders, type KeptWithHistory, readKept } from './kept-history.ts';
import { type LocalFile, localFile } from './local-file.ts';
import {
  type ProfileSettings,
  profileSettings,
  type RememberedSettings,
  runSettings,
  transformSettings,
} from './settings.ts';
import type { RunningWorker, WorkerProcess } from './worker-process.ts';

/** An open document of a worker that runs. */
export interface Session {
  readonly client: Client<WorkerContract>;
  readonly document: DocumentId;
}

/** A measurement of one of a document's versions. */
export interface Measurement {
  readonly version: number;
  readonly latency: Latency;
  readonly settings: RunSettings;
  readonly environment?: Environment | undefined;
  /** What it was measured against in turns. */
  readonly against?: { readonly version: string; readonly latency: LatencyComparison };
}

/** Which versions there are and which one the file would get on Save: what undo and redo go back and forth between. */
export interface History {
  readonly versions: readonly VersionInfo[];
  readonly head: number;
}

/**
 * A model in the editor: its versions and reports. The worker holds the models themselves; what is kept here outlives it.
 */
export class ModelDocument implements vscode.CustomDocument {
  readonly uri: vscode.Uri;
  history: History = { versions: [], head: 0 };
  /** The version on view. */
  current = 0;
  job: JobState | null = null;
  failure: DocumentState['failure'] = null;
  symbolicDims: readonly SymbolicDim[] = [];
  reports: Record<number, VersionReports> = {};
  comparison: DocumentState['comparison'] = null;
  /** Ends the job that runs. */
  cancelJob: () => void = () => {};

  private readonly workers: WorkerProcess;
  private readonly memento: vscode.Memento;
  private folders: HistoryFolders;
  private saved: History = { versions: [], head: 0 };
  private openedIn: RunningWorker | undefined;
  private opening: Promise<Session> | undefined;
  private local: Promise<LocalFile> | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly edited = new vscode.EventEmitter<{ label: string; undo(): void; redo(): void }>();
  private readonly measured = new vscode.EventEmitter<Measurement>();
  private readonly disposed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  readonly onDidEdit = this.edited.event;
  /** A job measured a version; a profile read from a trace is not one. */
  readonly onDidMeasure = this.measured.event;
  readonly onDidDispose = this.disposed.event;

  constructor(uri: vscode.Uri, workers: WorkerProcess, memento: vscode.Memento, folders: HistoryFolders) {
    this.uri = uri;
    this.workers = workers;
    this.memento = memento;
    this.folders = folders;
  }

  /** The document in the worker, opened there if it is not; after the worker died, in a new one. */
  session(): Promise<Session> {
    const worker = this.workers.running();
    if (!this.opening || this.openedIn !== worker) {
      this.openedIn = worker;
      this.opening = this.open(worker);
      this.opening.catch(() => {
        this.opening = undefined;
      });
    }
    return this.opening;
  }

  private async open({ client }: RunningWorker): Promise<Session> {
    const { unsaved, saved } = this.folders;
    const opened = await client.open({
      path: await this.path(),
      histories: unsaved === undefined ? [saved] : [unsaved, saved],
    });
    const { document, versions, head, history } = opened;
    this.symbolicDims = opened.symbolicDims;
    if (this.history.versions.length === 0) {
      const { reports, saved } = await readKept(history);
      this.reports = { ...reports };
      this.history = { versions, head };
      this.saved =
        history === unsaved
          ? { versions: versions.filter(({ id }) => saved.versions.includes(id)), head: saved.head }
          : this.history;
      this.current = head;
    } else {
      this.keepKnown(new Set(versions.map(({ id }) => id)));
    }
    this.changed.fire();
    return { client, document };
  }

  /** The file that the worker reads: the model's own, or a copy of one that is not on disk. */
  async path(): Promise<string> {
    return (await this.onDisk()).path;
  }

  /** What was written on this disk also reaches the file system that the model is from. */
  async writeBack(): Promise<void> {
    await (await this.onDisk()).writeBack();
  }

  private onDisk(): Promise<LocalFile> {
    if (!this.local) {
      this.local = localFile(this.uri, (path) => this.workers.running().client.missingWeights({ path }));
      this.local.catch(() => {
        this.local = undefined;
      });
    }
    return this.local;
  }

  /** A worker that died took those versions with it that had not been kept. */
  private keepKnown(known: ReadonlySet<number>): void {
    const versions = this.history.versions.filter(({ id }) => known.has(id));
    const last = versions.at(-1)?.id ?? 0;
    this.history = { versions, head: known.has(this.history.head) ? this.history.head : last };
    if (!known.has(this.current)) this.current = this.history.head;
  }

  /** The versions and reports were written to `folder`; a new worker goes on from there. */
  setKept(folder: string): void {
    this.folders = { saved: folder, unsaved: undefined };
  }

  /** What is kept with the versions. */
  get kept(): KeptWithHistory {
    const { versions, head } = this.saved;
    return { reports: this.reports, saved: { versions: versions.map(({ id }) => id), head } };
  }

  /** Whether there are versions that the file does not have. */
  get isUnsaved(): boolean {
    return this.history.head !== this.saved.head;
  }

  /** The file is now what `history.head` is. */
  setSaved(): void {
    this.saved = this.history;
  }

  /** Goes back to the versions there were when the file was last saved. */
  revert(): void {
    this.go(this.saved, this.saved.head);
  }

  /** The file's name; of one that is not on disk, with what it is of. */
  get name(): string {
    const name = basename(this.uri.path);
    return this.uri.scheme === 'file' ? name : `${name} (${this.uri.scheme})`;
  }

  get settings(): RunSettings {
    return runSettings(this.uri, this.remembered);
  }

  /** How a profile runs. */
  get profileSettings(): ProfileSettings {
    return profileSettings(this.uri, this.remembered);
  }

  /** Whether a run of this model was set up before: then nothing is asked again. */
  get hasRememberedSettings(): boolean {
    return this.memento.get(this.settingsKey) !== undefined;
  }

  async remember(settings: RunSettings): Promise<void> {
    await this.memento.update(this.settingsKey, { ...this.remembered, ...settings });
    this.changed.fire();
  }

  /** Keeps how the model was profiled where that is not what the user's settings say. */
  async rememberProfile({ runs, warmup, level }: ProfileSettings): Promise<void> {
    const before = this.profileSettings;
    if (runs === before.runs && warmup === before.warmup && level === before.level) return;
    await this.memento.update(this.settingsKey, { ...this.remembered, profile: { runs, warmup, level } });
    this.changed.fire();
  }

  /** The next run starts from the user's settings, and asks again. */
  async forgetSettings(): Promise<void> {
    await this.memento.update(this.settingsKey, undefined);
    this.changed.fire();
  }

  private get remembered(): RememberedSettings {
    return this.memento.get<RememberedSettings>(this.settingsKey, {});
  }

  private get settingsKey(): string {
    return `settings:${this.uri.toString()}`;
  }

  version(id: number): VersionInfo | undefined {
    return this.history.versions.find((version) => version.id === id);
  }

  show(version: number): void {
    if (!this.version(version)) throw new Error(vscode.l10n.t('There is no version {0}.', version));
    this.current = version;
    this.changed.fire();
  }

  /** Takes a new version as an edit that can be undone. */
  addVersion(version: VersionInfo, reports: VersionReports): void {
    const before = this.history;
    const shown = this.current;
    this.reports[version.id] = { ...this.reports[version.id], ...reports };
    const after: History = { versions: [...before.versions, version], head: version.id };
    this.go(after, version.id);
    this.edited.fire({
      label: engineText(version.label),
      undo: () => this.go(before, shown),
      redo: () => this.go(after, version.id),
    });
  }

  private go(history: History, current: number): void {
    this.history = history;
    this.current = current;
    this.comparison = null;
    this.changed.fire();
  }

  /** Makes the versions that the file does not have an edit, for a document that came back with them. */
  announceUnsaved(): void {
    const { history, current, saved } = this;
    const label = engineText(this.version(history.head)?.label ?? this.name);
    this.edited.fire({ label, undo: () => this.go(saved, saved.head), redo: () => this.go(history, current) });
  }

  addReports(version: number, reports: VersionReports): void {
    this.reports[version] = { ...this.reports[version], ...reports };
    this.changed.fire();
  }

  addMeasurement(measurement: Measurement): void {
    this.measured.fire(measurement);
  }

  setComparison(a: number | string, b: number | string, report: CompareReport, mapping: VersionMapping): void {
    this.comparison = { a, b, report, mapping };
    this.changed.fire();
  }

  setJob(job: JobState | null, failure: DocumentState['failure'] = null): void {
    this.job = job;
    this.failure = failure;
    this.changed.fire();
  }

  state(): DocumentState {
    return {
      name: this.name,
      path: this.uri.fsPath,
      trusted: vscode.workspace.isTrusted,
      versions: this.history.versions,
      current: this.current,
      job: this.job,
      failure: this.failure,
      settings: this.settings,
      remembered: this.hasRememberedSettings,
      defaults: { profile: this.profileSettings, transform: transformSettings(this.uri) },
      symbolicDims: this.symbolicDims,
      reports: this.reports,
      comparison: this.comparison,
    };
  }

  dispose(): void {
    this.cancelJob();
    void this.close();
    this.disposed.fire();
    for (const emitter of [this.changed, this.edited, this.measured, this.disposed]) emitter.dispose();
  }

  private async close(): Promise<void> {
    try {
      const session = await this.opening;
      await session?.client.close({ document: session.document });
    } catch (error) {
      // A worker that is gone holds no document any more.
      if (!(error instanceof ConnectionClosedError)) throw error;
    } finally {
      await (await this.local)?.dispose();
    }
  }
}
