import { basename, dirname, extname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ExportRequest, PackageKind } from '../protocol/worker.ts';
import { exportModel, exportPackage, type JobOptions, type TensorExport, writeReport, writeTensor } from './jobs.ts';
import { requireDisk } from './local-file.ts';
import type { ModelDocument } from './model-document.ts';

interface Form extends vscode.QuickPickItem {
  readonly file?: ExportRequest['form'];
  readonly folder?: PackageKind;
}

/** Asks in what form and where to write the version on view, and writes it. */
export async function exportVersion(document: ModelDocument, options: JobOptions): Promise<void> {
  await document.session();
  const title = vscode.l10n.t('Export Model');
  const form = await vscode.window.showQuickPick(forms(), { title, ignoreFocusOut: true });
  if (!form) return;
  const { uri, current: version } = document;
  const name = basename(uri.fsPath, extname(uri.fsPath));
  const label = document.version(version)?.kind ?? 'copy';
  const extension = form.file === 'ort' ? 'ort' : 'onnx';
  const suggested = form.folder ? `${name}-${form.folder}` : `${name}.${label}.${extension}`;
  const target = await vscode.window.showSaveDialog({
    title: form.folder ? vscode.l10n.t('Name of the new folder') : title,
    defaultUri: vscode.Uri.file(join(dirname(uri.fsPath), suggested)),
    ...(form.folder ? {} : { filters: { [extension.toUpperCase()]: [extension] } }),
  });
  if (!target) return;
  requireDisk(target);
  if (form.folder) {
    const profile = document.reports[version]?.profile;
    const measured = profile ? { measured: JSON.stringify(profile) } : {};
    await exportPackage(document, { version, kind: form.folder, folder: target.fsPath, ...measured }, options);
  } else {
    await exportModel(document, { version, path: target.fsPath, form: form.file ?? 'auto' }, options);
  }
}

/** Asks where to write the report of all versions, and writes it: Markdown when the name ends so, else HTML. */
export async function exportReport(document: ModelDocument, options: JobOptions): Promise<void> {
  await document.session();
  const { fsPath } = document.uri;
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Report'),
    defaultUri: vscode.Uri.file(join(dirname(fsPath), `${basename(fsPath, extname(fsPath))}.report.html`)),
    filters: { HTML: ['html'], Markdown: ['md'] },
  });
  if (!target) return;
  requireDisk(target);
  await writeReport(document, target.fsPath, options);
}

/** Asks where to write a constant's elements, and writes them as `.npy`. */
export async function exportTensor(
  document: ModelDocument,
  request: Omit<TensorExport, 'path'>,
  options: JobOptions,
): Promise<void> {
  await document.session();
  const name = request.value
    .replaceAll(/[^\w.-]+/g, '_')
    .replace(/^[_.]+/, '')
    .slice(-100);
  const target = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Export Tensor'),
    defaultUri: vscode.Uri.file(join(dirname(document.uri.fsPath), `${name || 'tensor'}.npy`)),
    filters: { NumPy: ['npy'] },
  });
  if (!target) return;
  requireDisk(target);
  await writeTensor(document, { ...request, path: target.fsPath }, options);
}

/** Only where models may be run: ONNX Runtime writes the file. */
const ortForm = (): Form => ({
  label: vscode.l10n.t('ORT file'),
  description: vscode.l10n.t("ONNX Runtime's own format, optimized: starts sooner, nothing else reads it"),
  file: 'ort',
});

const forms = (): readonly Form[] => [
  { label: vscode.l10n.t('ONNX file'), description: vscode.l10n.t('weights inside, below 2 GB'), file: 'auto' },
  { label: vscode.l10n.t('ONNX file and weights file'), file: 'external' },
  ...(vscode.workspace.isTrusted ? [ortForm()] : []),
  {
    label: vscode.l10n.t('Folder for Triton Inference Server'),
    description: vscode.l10n.t('config.pbtxt with what was measured'),
    folder: 'triton',
  },
  {
    label: vscode.l10n.t('Folder for MLflow'),
    description: vscode.l10n.t('MLmodel with signature'),
    folder: 'mlflow',
  },
  {
    label: vscode.l10n.t('Folder with programs'),
    description: vscode.l10n.t('Python, JavaScript and C# that run the model'),
    folder: 'snippet',
  },
];
