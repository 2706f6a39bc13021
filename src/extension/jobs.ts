import { basename } from 'node:path';
import * as vscode from 'vscode';
import { bytes } from '../core/report/format.ts';
import type { TuneStep } from '../core/report/report.ts';
import { compareHeadline, optimizeHeadline, pruneHeadline, quantizeHeadline } from '../core/report/sentences.ts';
import { type CallOptions, CancelledError } from '../protocol/rpc.ts';
import type { JobState } from '../protocol/webview.ts';
import type {
  CompareRequest,
  ExportPackageRequest,
  ExportRequest,
  OptimizeRequest,
  ProfileRequest,
  PruneRequest,
  QuantizeRequest,
  RunSettings,
  SweepRequest,
  TraceRequest,
  VersionInfo,
  VersionRef,
  WorkerContract,
} from '../protocol/worker.ts';
import { engineText } from './engine-text.ts';
import { log } from './log.ts';
import type { ModelDocument, Session } from './model-document.ts';

type WithoutDocument<T> = Omit<T, 'document'>;

/** A constant of a version, and the file its elements go to. */
export type TensorExport = WithoutDocument<Parameters<WorkerContract['exportTensor']>[0]>;

/** One side of a comparison: a version of the document, or another file. */
export type ComparedSide = WithoutDocument<VersionRef> | { readonly path: string };

export interface JobOptions {
  /** Show progress and result as notifications: for what was not started in the editor itself. */
  readonly notify: boolean;
}

interface Job<T> {
  readonly kind: JobState['kind'];
  readonly title: string;
  /** Whether an export runs the model, as all other jobs do. */
  readonly runs?: boolean;
  work(session: Session, options: CallOptions): Promise<T>;
  /** The result in a sentence, and a command that goes on from there. */
  says?(result: T): string;
  readonly next?: { readonly title: string; readonly command: string };
}

/** What a measurement has when it is cancelled is shown, if it comes within so many milliseconds. */
const lastWordsMs = 3000;

/** Times the model and shows where the time goes. */
export function profile(document: ModelDocument, request: WithoutDocument<ProfileRequest>, options: JobOptions) {
  return runJob(document, options, {
    kind: 'profile',
    title: vscode.l10n.t('Profiling {0}', document.name),
    work: async ({ client, document: id }, call) => {
      const report = await client.profile({ ...request, document: id }, { ...call, lastWordsMs });
      document.addReports(request.version, { profile: report });
      const { version, settings } = request;
      document.addMeasurement({ version, latency: report.latency, settings, environment: report.environment });
      return report;
    },
  });
}

/** Shows a trace that ONNX Runtime wrote earlier as a profile. */
export function loadTrace(document: ModelDocument, request: WithoutDocument<TraceRequest>, options: JobOptions) {
  return runJob(document, options, {
    kind: 'profile',
    title: vscode.l10n.t('Reading a trace of {0}', document.name),
    work: async ({ client, document: id }, call) => {
      const report = await client.loadTrace({ ...request, document: id }, call);
      document.addReports(request.version, { profile: report });
      return report;
    },
  });
}

/** Times the model under every combination of some settings. */
export function sweep(document: ModelDocument, request: WithoutDocument<SweepRequest>, options: JobOptions) {
  return runJob(document, options, {
    kind: 'sweep',
    title: vscode.l10n.t('Sweeping settings of {0}', document.name),
    work: async ({ client, document: id }, call) => {
      const report = await client.sweep({ ...request, document: id }, { ...call, lastWordsMs });
      document.addReports(request.version, { sweep: report });
      return report;
    },
  });
}

/** Makes a simplified version. */
export function optimize(document: ModelDocument, request: WithoutDocument<OptimizeRequest>, options: JobOptions) {
  return runJob(document, options, {
    kind: 'optimize',
    title: vscode.l10n.t('Optimizing {0}', document.name),
    work: async ({ client, document: id }, call) => {
      const { version, report } = await client.optimize({ ...request, document: id }, call);
      document.addVersion(version, { optimize: report });
      noteMeasured(document, version, request.settings);
      return report;
    },
    says: (report) => optimizeHeadline(report, engineText),
    next: exportNext(),
  });
}

/** Makes a quantized version. */
export function quantize(document: ModelDocument, request: WithoutDocument<QuantizeRequest>, options: JobOptions) {
  return runJob(document, options, {
    kind: 'quantize',
    title: vscode.l10n.t('Quantizing {0}', document.name),
    work: async ({ client, document: id }, call) => {
      const { version, report } = await client.quantize({ ...request, document: id }, call);
      if (!version) {
        document.addReports(request.version, { quantize: report });
        return report;
      }
      document.addVersion(version, { quantize: report });
      noteMeasured(document, version, request.settings);
      return report;
    },
    says: (report) => quantizeHeadline(report, engineText),
    next: exportNext(),
  });
}

/** Makes a version of what a search for the best quantization tried. */
export function openCandidate(
  document: ModelDocument,
  request: WithoutDocument<Parameters<WorkerContract['openCandidate']>[0]>,
  options: JobOptions,
) {
  return runJob(document, options, {
    kind: 'quantize',
    title: vscode.l10n.t('Opening {0}', engineText(request.label)),
    work: async ({ client, document: id }, call) => {
      const { version, report } = await client.openCandidate({ ...request, document: id }, call);
      document.addVersion(version, { quantize: report });
      return report;
    },
    says: (report) => quantizeHeadline(report, engineText),
    next: exportNext(),
  });
}

/** Makes a version without the weakest channels or smallest weights. */
export function prune(document: ModelDocument, request: WithoutDocument<PruneRequest>, options: JobOptions) {
  return runJob(document, options, {
    kind: 'prune',
    title: vscode.l10n.t('Pruning {0}', document.name),
    work: async ({ client, document: id }, call) => {
      const { version, report } = await client.prune({ ...request, document: id }, call);
      document.addVersion(version, {});
      noteMeasured(document, version, request.settings);
      return report;
    },
    says: (report) => pruneHeadline(report, engineText),
    next: exportNext(),
  });
}

/** Compares two versions, or a version and another file. */
export function compare(
  document: ModelDocument,
  request: Omit<CompareRequest, 'a' | 'b'> & { readonly a: ComparedSide; readonly b: ComparedSide },
  options: JobOptions,
) {
  return runJob(document, options, {
    kind: 'compare',
    title: vscode.l10n.t('Comparing {0}', document.name),
    work: async ({ client, document: id }, call) => {
      const side = async (each: ComparedSide): Promise<VersionRef> =>
        'path' in each
          ? { document: (await client.open({ path: each.path }, call)).document, version: 0 }
          : { ...each, document: id };
      const { report, mapping } = await client.compare(
        { ...request, a: await side(request.a), b: await side(request.b) },
        call,
      );
      const name = (each: ComparedSide) => ('path' in each ? each.path : each.version);
      document.setComparison(name(request.a), name(request.b), report, mapping);
      if (report.latency && 'version' in request.b) {
        const against = { version: labelOf(document, request.a), latency: report.latency };
        document.addMeasurement({
          version: request.b.version,
          latency: report.latency.b,
          settings: request.settings,
          environment: report.environment,
          against,
        });
      }
      return report;
    },
    says: (report) => compareHeadline(report, engineText),
  });
}

/** What the tool that tunes answers. */
export interface Tuned {
  readonly output: string;
  readonly recipe?: string;
  readonly html?: string;
  readonly package?: string;
  /** Null when it cannot be told: rounds lie on both sides of the target. */
  readonly met: boolean | null;
  /** Before and after, in milliseconds: medians over the rounds, and the bounds of each median. */
  readonly p90Ms: readonly [number, number];
  readonly p90Intervals: readonly [readonly [number, number], readonly [number, number]];
  readonly threads: number;
  /** Why the steps come in this order. */
  readonly order: string;
  readonly steps: readonly TuneStep[];
  readonly advice: readonly string[];
}

/** Looks for a way to run the file within a time: the tool that an assistant calls. */
export function tune(document: ModelDocument, call: Parameters<WorkerContract['callTool']>[0], options: JobOptions) {
  return runJob(document, options, {
    kind: 'tune',
    title: vscode.l10n.t('Tuning {0}', document.name),
    work: async ({ client }, context) => (await client.callTool(call, context)) as Tuned,
  });
}

/** Writes a version to another file than the document's own. */
export function exportModel(document: ModelDocument, request: WithoutDocument<ExportRequest>, options: JobOptions) {
  return runJob(document, options, {
    kind: 'export',
    title: vscode.l10n.t('Exporting {0}', document.name),
    // ONNX Runtime makes its own format of a session that it starts.
    runs: request.form === 'ort',
    work: ({ client, document: id }, call) => client.exportModel({ ...request, document: id }, call),
    says: (written) => vscode.l10n.t('Exported {0}, {1}.', written.path, bytes(written.bytes)),
  });
}

/** Writes a version to a new folder, with what runs it there. */
export function exportPackage(
  document: ModelDocument,
  request: WithoutDocument<ExportPackageRequest>,
  options: JobOptions,
) {
  return runJob(document, options, {
    kind: 'export',
    title: vscode.l10n.t('Exporting {0}', document.name),
    work: ({ client, document: id }, call) => client.exportPackage({ ...request, document: id }, call),
    says: ({ output, files }) =>
      vscode.l10n.t('Exported {0}, {1}.', output, bytes(files.reduce((sum, file) => sum + file.bytes, 0))),
  });
}

/** Writes the elements of a constant as `.npy`. */
export function writeTensor(document: ModelDocument, request: TensorExport, options: JobOptions) {
  return runJob(document, options, {
    kind: 'export',
    title: vscode.l10n.t('Exporting {0}', request.value),
    work: ({ client, document: id }, call) => client.exportTensor({ ...request, document: id }, call),
    says: ({ path, bytes: size, note }) =>
      [vscode.l10n.t('Exported {0}, {1}.', path, bytes(size)), ...(note ? [engineText(note)] : [])].join(' '),
  });
}

/** Writes the report of all versions, with the last comparison. */
export function writeReport(document: ModelDocument, path: string, options: JobOptions) {
  const { history, reports, comparison, name } = document;
  return runJob(document, options, {
    kind: 'export',
    title: vscode.l10n.t('Writing the report of {0}', name),
    work: async ({ client, document: id }, call) => {
      await client.writeReport(
        {
          document: id,
          name,
          path,
          format: path.toLowerCase().endsWith('.md') ? 'markdown' : 'html',
          versions: history.versions.map(({ id: version }) => ({ version, reports: reports[version] ?? {} })),
          ...(comparison ? { comparison: comparison.report } : {}),
        },
        call,
      );
      return path;
    },
    says: (written) => vscode.l10n.t('Wrote the report to {0}.', written),
  });
}

/** A new version that was measured against the one it was made from. */
function noteMeasured(document: ModelDocument, version: VersionInfo, settings: RunSettings): void {
  const { id, parent, latency } = version;
  if (!latency) return;
  const against = { version: labelOf(document, { version: parent ?? 0 }), latency };
  const { environment } = latency;
  document.addMeasurement({ version: id, latency: latency.b, settings, environment, against });
}

function labelOf(document: ModelDocument, side: ComparedSide): string {
  return 'path' in side ? basename(side.path) : (document.version(side.version)?.label ?? document.name);
}

/**
 * Runs a job of a document, one at a time: progress and Cancel in the editor and, when asked for, in a notification.
 * Gives the result; undefined when it failed or was cancelled, which the user has then been told.
 */
async function runJob<T>(document: ModelDocument, options: JobOptions, job: Job<T>): Promise<T | undefined> {
  if (!vscode.workspace.isTrusted && (job.kind !== 'export' || job.runs)) {
    throw new Error(vscode.l10n.t('This workspace is not trusted, so models are not run. Trust it to run them.'));
  }
  if (document.job) {
    throw new Error(vscode.l10n.t('{0} is busy with another job. Wait for it or cancel it.', document.name));
  }
  const controller = new AbortController();
  document.cancelJob = () => controller.abort();
  document.setJob({ kind: job.kind, progress: { message: job.title } });
  const started = Date.now();
  log().info(`${job.title} …`);
  try {
    const result = await withProgress(document, options, job, controller);
    log().info(`${job.title}: done in ${Date.now() - started} ms.`);
    document.setJob(null);
    if (options.notify && job.says) void tell(job.says(result), job.next, document);
    return result;
  } catch (error) {
    if (error instanceof CancelledError) {
      log().info(`${job.title}: cancelled.`);
      document.setJob(null);
    } else {
      const { message } = error as Error;
      log().error(`${job.title}: ${message}`);
      document.setJob(null, { job: job.kind, message });
      void offerRetry(message, () => runJob(document, options, job));
    }
    return undefined;
  }
}

function withProgress<T>(
  document: ModelDocument,
  { notify }: JobOptions,
  job: Job<T>,
  controller: AbortController,
): Thenable<T> {
  const location = notify ? vscode.ProgressLocation.Notification : vscode.ProgressLocation.Window;
  return vscode.window.withProgress({ location, title: job.title, cancellable: true }, async (shown, token) => {
    token.onCancellationRequested(() => controller.abort());
    let reached = 0;
    const session = await document.session();
    return job.work(session, {
      signal: controller.signal,
      onProgress: (progress) => {
        document.setJob({ kind: job.kind, progress });
        const percent = (progress.fraction ?? 0) * 100;
        shown.report({
          message: engineText(progress.message),
          ...(percent > reached ? { increment: percent - reached } : {}),
        });
        reached = Math.max(reached, percent);
      },
    });
  });
}

const exportNext = () => ({ title: vscode.l10n.t('Export…'), command: 'opscope.export' });

async function tell(message: string, next: Job<unknown>['next'], { uri }: ModelDocument): Promise<void> {
  const chosen = await vscode.window.showInformationMessage(message, ...(next ? [next.title] : []));
  if (next && chosen === next.title) await vscode.commands.executeCommand(next.command, uri);
}

/** Shows an error with a button that tries again. */
export async function offerRetry(message: string, retry: () => unknown): Promise<void> {
  const again = vscode.l10n.t('Retry');
  const showLog = vscode.l10n.t('Show Log');
  const chosen = await vscode.window.showErrorMessage(engineText(message), again, showLog);
  if (chosen === again) await retry();
  if (chosen === showLog) log().show();
}
