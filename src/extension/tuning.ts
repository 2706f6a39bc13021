import { existsSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import * as vscode from 'vscode';
import { time } from '../core/report/format.ts';
import type { TuneStep } from '../core/report/report.ts';
import type { PackageKind } from '../protocol/worker.ts';
import { engineText } from './engine-text.ts';
import { type Tuned, tune } from './jobs.ts';
import { requireDisk } from './local-file.ts';
import type { ModelDocument } from './model-document.ts';
import { viewType } from './model-editor.ts';
import { askNumber, dataBeside } from './questions.ts';

/** What tuning is to reach and may lose, what data there is, and where the results go: fields of the tool's input. */
interface Tuning extends Beside {
  /** Milliseconds within which 90 % of the runs must end. */
  readonly p90: number;
  readonly maxMetricDrop?: number;
  readonly calibration?: string;
  readonly labelled?: string;
  readonly output: string;
}

/** What is written beside the best model. */
interface Beside {
  readonly recipe?: string;
  readonly html?: string;
  readonly package?: string;
  readonly packageKind?: PackageKind;
}

/** Asks what to reach, looks for it as a job, and says what was found: files beside the model, and the way to them. */
export async function tuneDocument(document: ModelDocument): Promise<void> {
  await document.session();
  if (document.isUnsaved || document.current !== document.history.head) {
    throw new Error(
      vscode.l10n.t('Tuning starts from the file: save the version on view first, or show the one saved.'),
    );
  }
  const asked = await askTuning(document);
  if (!asked) return;
  const path = await document.path();
  const { provider: _, ...settings } = document.settings;
  const input = { model: path, ...asked, dims: settings.dims, timeLimit: settings.timeLimit, overwrite: true };
  const tuned = await tune(document, { name: 'opscope_tune', input, folder: dirname(path) }, { notify: true });
  if (tuned) await tell(tuned, asked.p90);
}

/** Data that lies beside the model under the usual names is found by itself. Undefined when the user leaves. */
async function askTuning(document: ModelDocument): Promise<Tuning | undefined> {
  const title = vscode.l10n.t('Tune Model');
  const p90 = await askNumber(title, vscode.l10n.t('Milliseconds within which 90 % of the runs must end'), '5');
  if (p90 === undefined) return undefined;
  const labelled = dataBeside(document, 'evaluation.npz');
  const prompt = vscode.l10n.t('Percentage points of the metric that may be lost');
  const maxMetricDrop = labelled && (await askNumber(title, prompt, '0.5'));
  if (labelled && maxMetricDrop === undefined) return undefined;
  const calibration = dataBeside(document, 'calibration.npz');
  const name = basename(document.uri.path, '.onnx');
  const target = await vscode.window.showSaveDialog({
    title,
    defaultUri: vscode.Uri.joinPath(document.uri, '..', `${name}-tuned.onnx`),
    filters: { ONNX: ['onnx'] },
  });
  if (!target) return undefined;
  requireDisk(target);
  const beside = await askBeside(title, target.fsPath);
  return (
    beside && {
      p90,
      output: target.fsPath,
      ...beside,
      ...(labelled && maxMetricDrop ? { labelled, maxMetricDrop } : {}),
      ...(calibration ? { calibration } : {}),
    }
  );
}

/** What else to write, under names that are free. Undefined when the user leaves. */
async function askBeside(title: string, output: string): Promise<Beside | undefined> {
  const start = join(dirname(output), basename(output, extname(output)));
  const html = freePath(start, '.report.html');
  const recipe = freePath(start, '.recipe.json');
  const report = { label: vscode.l10n.t('Report'), description: basename(html), picked: true };
  const steps = {
    label: vscode.l10n.t('Recipe, with which it is made again'),
    description: basename(recipe),
    picked: true,
  };
  const folder = { label: vscode.l10n.t('Folder for deployment'), description: vscode.l10n.t('with what runs it') };
  const chosen = await vscode.window.showQuickPick<vscode.QuickPickItem>([report, steps, folder], {
    title,
    placeHolder: vscode.l10n.t('What to write beside {0}', basename(output)),
    canPickMany: true,
    ignoreFocusOut: true,
  });
  if (!chosen) return undefined;
  const kinds: (vscode.QuickPickItem & { readonly packageKind: PackageKind })[] = [
    { packageKind: 'snippet', label: vscode.l10n.t('Folder with programs') },
    { packageKind: 'triton', label: vscode.l10n.t('Folder for Triton Inference Server') },
    { packageKind: 'mlflow', label: vscode.l10n.t('Folder for MLflow') },
  ];
  const wanted = chosen.includes(folder) && (await vscode.window.showQuickPick(kinds, { title, ignoreFocusOut: true }));
  if (wanted === undefined) return undefined;
  return {
    ...(chosen.includes(report) ? { html } : {}),
    ...(chosen.includes(steps) ? { recipe } : {}),
    ...(wanted ? { package: freePath(start, `-${wanted.packageKind}`), packageKind: wanted.packageKind } : {}),
  };
}

function freePath(start: string, ending: string): string {
  let path = `${start}${ending}`;
  for (let number = 2; existsSync(path); number++) path = `${start}-${number}${ending}`;
  return path;
}

async function tell(tuned: Tuned, target: number): Promise<void> {
  const said = verdict(tuned, target);
  const open = vscode.l10n.t('Open the Result');
  const steps = vscode.l10n.t('Show the Steps');
  const chosen = await vscode.window.showInformationMessage(said, open, steps);
  if (chosen === open) await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(tuned.output), viewType);
  if (chosen !== steps) return;
  const content = stepsText(tuned, said);
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'markdown', content }));
}

function verdict({ met, p90Ms, p90Intervals }: Tuned, target: number): string {
  const [before, after] = p90Ms.map((milliseconds) => time(milliseconds)) as [string, string];
  const [low, high] = p90Intervals[1].map((bound) => time(bound)) as [string, string];
  if (met === null)
    return vscode.l10n.t(
      'Whether 90 % of the runs end within {0} cannot be told: after tuning it is {1} to {2}; before it was {3}. Measure on a quieter machine, or leave more room.',
      time(target),
      low,
      high,
      before,
    );
  return met
    ? vscode.l10n.t('90 % of the runs end within {0}, as wanted; before it was {1}.', after, before)
    : vscode.l10n.t('90 % of the runs end within {0}, not {1}; before it was {2}.', after, time(target), before);
}

function stepsText({ output, recipe, html, package: folder, threads, order, steps, advice }: Tuned, said: string) {
  const kept = (step: TuneStep) => (step.kept ? vscode.l10n.t('kept') : vscode.l10n.t('not kept'));
  const files = [output, recipe, html, folder].filter((path) => path !== undefined);
  return [
    `# ${basename(output)}`,
    said,
    ...(threads > 0 ? [vscode.l10n.t('Run it with {0} threads.', threads)] : []),
    steps.map((step) => `- **${engineText(step.what)}**, ${kept(step)}: ${engineText(step.why)}`).join('\n'),
    engineText(order),
    ...advice.map(engineText),
    files.map((path) => `- ${path}`).join('\n'),
    '',
  ].join('\n\n');
}
