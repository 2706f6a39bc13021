import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { machineOf } from '../core/report/environment.ts';
import type { LatencyComparison } from '../core/report/report.ts';
import { type FileState, type MeasuredRun, smallerComparison, withRun } from '../core/report/runs.ts';
import { log } from './log.ts';
import type { Measurement, ModelDocument } from './model-document.ts';
import type { ModelEditor } from './model-editor.ts';

const key = 'runs';

/** The measurements of the workspace's models, in the workspace's own storage, newest first. */
export interface KeptRuns extends vscode.Disposable {
  readonly onDidChange: vscode.Event<void>;
  all(): readonly MeasuredRun[];
  remove(ids: ReadonlySet<string>): Promise<void>;
}

/** Keeps what the jobs of open models measure. */
export function keepRuns(editor: ModelEditor, memento: vscode.Memento): KeptRuns {
  const changed = new vscode.EventEmitter<void>();
  const all = () => memento.get<readonly MeasuredRun[]>(key, []);
  const write = async (runs: readonly MeasuredRun[]) => {
    await memento.update(key, runs);
    changed.fire();
  };
  const keep = async (document: ModelDocument, measurement: Measurement) => {
    const run = measuredRun(document, measurement, await stateOf(document.uri));
    await write(withRun(all(), run));
    const { client } = await document.session();
    const sha256 = await client.checksum({ path: await document.path() });
    // It may have been removed while a large file was read.
    if (all().some(({ id }) => id === run.id)) await write(withRun(all(), { ...run, sha256 }));
  };
  const opened = editor.onDidOpen((document) => {
    document.onDidMeasure((measurement) => {
      keep(document, measurement).catch((error: Error) => log().warn(`Runs: ${error.message}`));
    });
  });
  return {
    onDidChange: changed.event,
    all,
    remove: (ids) => write(all().filter(({ id }) => !ids.has(id))),
    dispose: () => vscode.Disposable.from(opened, changed).dispose(),
  };
}

/** Size and time of a file, to tell by whether it was written since. */
export async function stateOf(uri: vscode.Uri): Promise<FileState> {
  const { size, mtime } = await vscode.workspace.fs.stat(uri);
  return { size, mtime };
}

function measuredRun(
  document: ModelDocument,
  { version, latency, settings, environment, against }: Measurement,
  file: FileState,
): MeasuredRun {
  const machine = environment && machineOf(environment);
  return {
    id: randomUUID(),
    model: document.uri.toString(),
    version: document.version(version)?.label ?? document.name,
    date: new Date().toISOString(),
    median: latency.median,
    interval95: latency.interval95,
    runs: latency.runs,
    provider: settings.provider,
    threads: settings.threads,
    file,
    ...(machine ? { machine } : {}),
    ...(against ? { against: { ...against, latency: smaller(against.latency) } } : {}),
  };
}

function smaller({ environment: _, ...latency }: LatencyComparison): LatencyComparison {
  return smallerComparison(latency);
}
