import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { time } from '../core/report/format.ts';
import type { TuneStep } from '../core/report/report.ts';
import { engineText } from './engine-text.ts';
import { type Tuned, tune } from './jobs.ts';
import type { ModelDocument } from './model-document.ts';
import { viewType } from './model-editor.ts';
import { askTuning } from './questions.ts';

/** Asks what to reach, looks for it as a job, and says what was found: a file beside the model, and the way to it. */
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

async function tell(tuned: Tuned, target: number): Promise<void> {
  const [before, after] = tuned.p90Ms.map((milliseconds) => time(milliseconds));
  const said = tuned.met
    ? vscode.l10n.t('90 % of the runs end within {0}, as wanted; before it was {1}.', after!, before!)
    : vscode.l10n.t('90 % of the runs end within {0}, not {1}; before it was {2}.', after!, time(target), before!);
  const open = vscode.l10n.t('Open the Result');
  const steps = vscode.l10n.t('Show the Steps');
  const chosen = await vscode.window.showInformationMessage(said, open, steps);
  if (chosen === open) await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(tuned.output), viewType);
  if (chosen !== steps) return;
  const content = stepsText(tuned, said);
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'markdown', content }));
}

function stepsText({ output, threads, steps, advice }: Tuned, said: string): string {
  const kept = (step: TuneStep) => (step.kept ? vscode.l10n.t('kept') : vscode.l10n.t('not kept'));
  return [
    `# ${basename(output)}`,
    said,
    ...(threads > 0 ? [vscode.l10n.t('Run it with {0} threads.', threads)] : []),
    steps.map((step) => `- **${engineText(step.what)}**, ${kept(step)}: ${engineText(step.why)}`).join('\n'),
    ...advice.map(engineText),
    '',
  ].join('\n\n');
}
