/**
 * The extension host's part for the view, without VS Code: a real model worker behind it, one document, its jobs and
 * their results. What needs VS Code itself (dialogs, commands) is noted and otherwise does nothing.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { build } from 'esbuild';
import { ipcPort } from '../../../src/protocol/node-port.ts';
import { CancelledError, type Client, connect, type Handlers, type Progress } from '../../../src/protocol/rpc.ts';
import type {
  DocumentState,
  JobState,
  VersionReports,
  ViewContract,
  ViewHostContract,
  ViewState,
} from '../../../src/protocol/webview.ts';
import type { DocumentId, VersionInfo, WorkerContract } from '../../../src/protocol/worker.ts';

type ExportedTensor = Parameters<ViewHostContract['exportTensor']>[0];
type SavedFile = Parameters<ViewHostContract['saveFile']>[0];

export interface WorkerHost {
  readonly handlers: Handlers<ViewHostContract>;
  readonly worker: Client<WorkerContract>;
  readonly document: DocumentId;
  state(): DocumentState;
  /** Tells this view of every change from now on. */
  attach(view: Client<ViewContract>): void;
  /** Commands that the view asked for. */
  readonly commands: readonly string[];
  /** Tensors that the view asked to have written to a file. */
  readonly exportedTensors: readonly ExportedTensor[];
  /** Files that the view asked to have saved. */
  readonly savedFiles: readonly SavedFile[];
  /** What the view asked last to have kept of it. */
  viewState(): ViewState | null;
  stop(): void;
}

/** Where the harness's own build of the worker lies; git leaves it out. */
const programs = 'test-results/view';

/** Builds worker and runtime, starts the worker and opens the model at `path` in it. */
export async function startWorkerHost(path: string): Promise<WorkerHost> {
  await build({
    entryPoints: { worker: 'src/worker/main.ts', runtime: 'src/runtime/main.ts' },
    outdir: programs,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    external: ['onnxruntime-node'],
    logLevel: 'error',
  });
  const child = fork(`${programs}/worker.cjs`, [], { serialization: 'advanced' });
  const worker = connect<WorkerContract>(ipcPort(child, ended(child)));
  const { document, versions, symbolicDims } = await worker.open({ path });
  let state: DocumentState = {
    name: path.replace(/^.*\//, ''),
    path,
    trusted: true,
    versions,
    current: 0,
    job: null,
    failure: null,
    settings: {
      provider: 'cpu',
      threads: 0,
      timeLimit: 20,
      dims: {},
      seed: 1,
    },
    remembered: false,
    defaults: {
      profile: { runs: 0, warmup: -1, level: 'all' },
      transform: { preset: 'default', verify: true, measure: true },
    },
    symbolicDims,
    reports: {},
    comparison: null,
  };
  let view: Client<ViewContract> | undefined;
  const change = (patch: Partial<DocumentState>) => {
    state = { ...state, ...patch };
    void view?.update(state);
  };
  const commands: string[] = [];
  const exportedTensors: ExportedTensor[] = [];
  const savedFiles: SavedFile[] = [];
  let viewState: ViewState | null = null;
  const handlers: Handlers<ViewHostContract> = {
    ...reads(worker, document),
    ...jobs(worker, document, () => state, change),
    ready: async () => ({ state, viewState: null }),
    showVersion: async ({ version }) => change({ current: version }),
    setSettings: async (settings) => change({ settings }),
    command: async ({ command }) => void commands.push(command),
    providers: () => worker.providers(undefined),
    machineDifferences: (request) => worker.machineDifferences(request),
    pickPath: async () => null,
    saveFile: async (file) => void savedFiles.push(file),
    mend: async () => {},
    exportTensor: async (request) => void exportedTensors.push(request),
    copy: async () => {},
    saveViewState: async (state) => {
      viewState = state;
    },
    log: async () => {},
  };
  return {
    handlers,
    worker,
    document,
    commands,
    exportedTensors,
    savedFiles,
    viewState: () => viewState,
    state: () => state,
    attach: (attached) => {
      view = attached;
    },
    stop: () => child.kill(),
  };
}

async function ended(child: ChildProcess): Promise<string> {
  const [code, signal] = await once(child, 'exit');
  return `The model worker ended (${signal ?? `exit code ${code}`}).`;
}

type Reads =
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

function reads(worker: Client<WorkerContract>, document: DocumentId): Pick<Handlers<ViewHostContract>, Reads> {
  return {
    summary: (asked, { signal }) => worker.summary({ ...asked, document }, { signal }),
    scene: (asked, { signal }) => worker.scene({ ...asked, document }, { signal }),
    nodeTable: (asked, { signal }) => worker.nodeTable({ ...asked, document }, { signal }),
    overlays: (asked, { signal }) => worker.overlays({ ...asked, document }, { signal }),
    overlay: (asked, { signal }) => worker.overlay({ ...asked, document }, { signal }),
    samples: (asked, { signal }) => worker.samples({ ...asked, document }, { signal }),
    timeline: (asked, { signal }) => worker.timeline({ ...asked, document }, { signal }),
    search: (asked, { signal }) => worker.search({ ...asked, document }, { signal }),
    node: (asked, { signal }) => worker.node({ ...asked, document }, { signal }),
    tensor: (asked, { signal }) => worker.tensor({ ...asked, document }, { signal }),
    tensorValues: (asked, { signal }) => worker.tensorValues({ ...asked, document }, { signal }),
    quantizeAdvice: (asked, { signal }) => worker.quantizeAdvice({ ...asked, document }, { signal }),
  };
}

type Jobs = 'profile' | 'sweep' | 'optimize' | 'quantize' | 'openCandidate' | 'compare' | 'cancel';

function jobs(
  worker: Client<WorkerContract>,
  document: DocumentId,
  state: () => DocumentState,
  change: (patch: Partial<DocumentState>) => void,
): Pick<Handlers<ViewHostContract>, Jobs> {
  let controller = new AbortController();
  const run = async (kind: JobState['kind'], work: (options: object) => Promise<Partial<DocumentState>>) => {
    controller = new AbortController();
    const onProgress = (progress: Progress) => change({ job: { kind, progress } });
    onProgress({ message: 'Starting' });
    try {
      change({ ...(await work({ signal: controller.signal, onProgress })), job: null, failure: null });
    } catch (error) {
      const cancelled = error instanceof CancelledError;
      change({ job: null, failure: cancelled ? null : { job: kind, message: (error as Error).message } });
    }
  };
  const withReports = (version: number, reports: VersionReports) => ({
    reports: { ...state().reports, [version]: { ...state().reports[version], ...reports } },
  });
  const added = (version: VersionInfo, reports: VersionReports) => ({
    versions: [...state().versions, version],
    current: version.id,
    ...withReports(version.id, reports),
  });
  return {
    profile: (request) =>
      run('profile', async (options) =>
        withReports(request.version, { profile: await worker.profile({ ...request, document }, options) }),
      ),
    sweep: (request) =>
      run('sweep', async (options) =>
        withReports(request.version, { sweep: await worker.sweep({ ...request, document }, options) }),
      ),
    optimize: (request) =>
      run('optimize', async (options) => {
        const { version, report } = await worker.optimize({ ...request, document }, options);
        return added(version, { optimize: report });
      }),
    quantize: (request) =>
      run('quantize', async (options) => {
        const { version, report } = await worker.quantize({ ...request, document }, options);
        return version ? added(version, { quantize: report }) : withReports(request.version, { quantize: report });
      }),
    openCandidate: (request) =>
      run('quantize', async (options) => {
        const { version, report } = await worker.openCandidate({ ...request, document }, options);
        return added(version, { quantize: report });
      }),
    compare: (request) =>
      run('compare', async (options) => {
        const side = (each: { readonly version: number }) => ({ ...each, document });
        const compared = await worker.compare({ ...request, a: side(request.a), b: side(request.b) }, options);
        return { comparison: { a: request.a.version, b: request.b.version, ...compared } };
      }),
    cancel: async () => controller.abort(),
  };
}
