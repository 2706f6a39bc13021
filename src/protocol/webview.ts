/**
 * What the editor's webview and the extension host say to each other over `postMessage`. The view asks for what it
 * shows (`ViewHostContract`, answered by the host, mostly by passing the call on to the worker with the document
 * filled in); the host tells the view what changed (`ViewContract`).
 */
import type { NodeId } from '../core/graph/model.ts';
import type { ProfileReport, SweepReport } from '../core/report/profile-report.ts';
import type { CompareReport, OptimizeReport, QuantizeReport } from '../core/report/report.ts';
import type { Progress } from './rpc.ts';
import type {
  CompareRequest,
  OptimizeRequest,
  ProfileRequest,
  QuantizeRequest,
  RunSettings,
  SweepRequest,
  SymbolicDim,
  VersionInfo,
  VersionMapping,
  VersionRef,
  WorkerContract,
} from './worker.ts';

export type PanelName = 'summary' | 'node' | 'profile' | 'optimize' | 'quantize' | 'compare';

/** Everything the view shows that is not asked for piece by piece. Sent whole whenever it changes: it is a few KB. */
export interface DocumentState {
  readonly name: string;
  readonly path: string;
  /** False in an untrusted workspace: models can be read, nothing runs. */
  readonly trusted: boolean;
  readonly versions: readonly VersionInfo[];
  /** The version on view. */
  readonly current: number;
  readonly job: JobState | null;
  /** The last job that failed, until the next one starts. */
  readonly failure: { readonly job: JobState['kind']; readonly message: string } | null;
  readonly settings: RunSettings;
  /** The settings are what was chosen for this model before, not only the user's own. */
  readonly remembered: boolean;
  /** What the user's settings have the forms of the panels begin with. */
  readonly defaults: {
    readonly profile: Pick<ProfileRequest, 'runs' | 'warmup' | 'level'>;
    readonly transform: Pick<OptimizeRequest, 'preset' | 'verify' | 'measure'>;
  };
  readonly symbolicDims: readonly SymbolicDim[];
  /** Reports by version, as far as there are any. */
  readonly reports: Readonly<Record<number, VersionReports>>;
  /** The comparison on view. */
  readonly comparison: {
    readonly a: number | string;
    readonly b: number | string;
    readonly report: CompareReport;
    readonly mapping: VersionMapping;
  } | null;
}

export interface VersionReports {
  readonly profile?: ProfileReport;
  readonly sweep?: SweepReport;
  readonly optimize?: OptimizeReport;
  readonly quantize?: QuantizeReport;
}

export interface JobState {
  readonly kind: 'open' | 'profile' | 'sweep' | 'optimize' | 'quantize' | 'prune' | 'compare' | 'tune' | 'export';
  readonly progress: Progress;
}

type WithoutDocument<T> = Omit<T, 'document'>;
type ReadMethod =
  | 'summary'
  | 'scene'
  | 'nodeTable'
  | 'overlays'
  | 'overlay'
  | 'timeline'
  | 'samples'
  | 'search'
  | 'node'
  | 'tensor'
  | 'tensorValues'
  | 'quantizeAdvice';

/** Reads that the host passes on to the worker; the document is the one that this editor shows. */
export type ViewReads = {
  [K in ReadMethod]: (argument: WithoutDocument<Parameters<WorkerContract[K]>[0]>) => ReturnType<WorkerContract[K]>;
};

/** Answered by the extension host. */
export interface ViewHostContract extends ViewReads {
  providers: WorkerContract['providers'];
  machineDifferences: WorkerContract['machineDifferences'];
  /** The first call: everything needed to draw the first picture. `viewState` is what `saveViewState` kept last, perhaps of an older form. */
  ready(argument: undefined): Promise<{ readonly state: DocumentState; readonly viewState: Partial<ViewState> | null }>;
  /** Starts a job; its progress and result arrive as `update`. Rejects when another job runs. */
  profile(argument: WithoutDocument<ProfileRequest>): Promise<void>;
  sweep(argument: WithoutDocument<SweepRequest>): Promise<void>;
  optimize(argument: WithoutDocument<OptimizeRequest>): Promise<void>;
  quantize(argument: WithoutDocument<QuantizeRequest>): Promise<void>;
  openCandidate(argument: WithoutDocument<Parameters<WorkerContract['openCandidate']>[0]>): Promise<void>;
  compare(
    argument: Omit<CompareRequest, 'a' | 'b'> & {
      readonly a: WithoutDocument<VersionRef>;
      readonly b: WithoutDocument<VersionRef>;
    },
  ): Promise<void>;
  /** Starts the job that mends a problem: the optimizer's pass that the problem names as its fix. */
  mend(argument: { readonly pass: string }): Promise<void>;
  cancel(argument: undefined): Promise<void>;
  showVersion(argument: { readonly version: number }): Promise<void>;
  /** Runs one of Opscope's own commands (`opscope.export`) for this document. */
  command(argument: { readonly command: string }): Promise<void>;
  /** Asks the user for a file or folder; null when they cancel. */
  pickPath(argument: { readonly title: string; readonly folders: boolean }): Promise<string | null>;
  /** Writes text or a picture that the view made to a file the user chooses. */
  saveFile(argument: { readonly name: string; readonly content: string | Uint8Array }): Promise<void>;
  /** Asks for a file and writes the elements of a constant to it, as a job; done when that has ended. */
  exportTensor(argument: Omit<Parameters<WorkerContract['exportTensor']>[0], 'document' | 'path'>): Promise<void>;
  copy(argument: { readonly text: string }): Promise<void>;
  /** For editors of this document that have kept nothing themselves. */
  saveViewState(argument: ViewState): Promise<void>;
  setSettings(argument: RunSettings): Promise<void>;
  log(argument: { readonly message: string }): Promise<void>;
}

/** Answered by the view. */
export interface ViewContract {
  update(argument: DocumentState): Promise<void>;
  reveal(argument: { readonly node: NodeId }): Promise<void>;
  showPanel(argument: { readonly panel: PanelName }): Promise<void>;
  focusSearch(argument: undefined): Promise<void>;
  /** Shows what differs, as one side of a diff, where room is short: the operator table is folded away. */
  showDifference(argument: undefined): Promise<void>;
  /** For tests: what is on screen, in numbers. */
  probe(argument: undefined): Promise<ViewProbe>;
}

/** Kept over tab switches and reloads, of every editor by itself. */
export interface ViewState {
  readonly panel: PanelName;
  readonly open: readonly string[] | 'auto' | 'all';
  readonly camera: { readonly x: number; readonly y: number; readonly zoom: number } | null;
  readonly selected: NodeId | null;
  readonly overlay: string | null;
  /** Scales that were chosen for overlays, by their ids. */
  readonly scales: Readonly<Record<string, 'linear' | 'log'>>;
  readonly query: string;
  readonly onlyHits: boolean;
  readonly asRun: boolean;
  readonly sideBySide: boolean;
  /** The overview in the graph's corner. */
  readonly overviewShown: boolean;
  readonly tableShown: boolean;
  readonly tableSorting: { readonly column: string; readonly descending: boolean } | null;
  readonly tableHeight: number;
  readonly panelWidth: number;
}

export interface ViewProbe {
  readonly boxes: number;
  readonly drawn: number;
  readonly selected: NodeId | null;
  readonly overlay: string | null;
  readonly panel: PanelName;
  readonly version: number;
  /** Milliseconds of the last 120 frames. */
  readonly frames: readonly number[];
}
