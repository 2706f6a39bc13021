import { basename } from 'node:path';
import * as vscode from 'vscode';
import { count, dateTime, significant } from '../../core/report/format.ts';
import {
  compareRuns,
  hasChangedSince,
  type MeasuredRun,
  mediansOf,
  runFigure,
  sameMachine,
  sparkline,
} from '../../core/report/runs.ts';
import { latencySentence } from '../../core/report/sentences.ts';
import { engineText } from '../engine-text.ts';
import { type KeptRuns, stateOf } from '../kept-runs.ts';
import { viewType } from '../model-editor.ts';

/** What was measured of the workspace's models, newest first; two runs can be compared. */
export function registerRunsView(kept: KeptRuns): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  const provider: vscode.TreeDataProvider<MeasuredRun> = {
    onDidChangeTreeData: changed.event,
    getChildren: (parent) => (parent ? [] : [...kept.all()]),
    getTreeItem: async (run) => {
      const item = new vscode.TreeItem(nameOf(run));
      const uri = vscode.Uri.parse(run.model);
      const bars = sparkline(mediansOf(kept.all(), run.model));
      const state = await fileState(run, kept.all());
      item.id = run.id;
      item.description = [bars, state, runFigure(run), settingsOf(run)].filter(Boolean).join(' · ');
      item.tooltip = tooltipOf(run, state);
      item.contextValue = 'run';
      item.iconPath = new vscode.ThemeIcon(run.against ? 'git-compare' : 'pulse');
      item.command = { command: 'vscode.openWith', title: vscode.l10n.t('Open'), arguments: [uri, viewType] };
      return item;
    },
  };
  const view = vscode.window.createTreeView('opscope.runs', { treeDataProvider: provider, canSelectMany: true });
  const files = vscode.workspace.createFileSystemWatcher('**/*.onnx');
  const refresh = () => changed.fire();
  const chosen = (run?: MeasuredRun, runs?: readonly MeasuredRun[]) => runs ?? (run ? [run] : view.selection);
  return vscode.Disposable.from(
    changed,
    view,
    files,
    files.onDidChange(refresh),
    files.onDidCreate(refresh),
    files.onDidDelete(refresh),
    kept.onDidChange(refresh),
    vscode.commands.registerCommand('opscope.openRun', async (run?: MeasuredRun) => {
      for (const { model } of chosen(run).slice(0, 1)) {
        await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.parse(model), viewType);
      }
    }),
    vscode.commands.registerCommand('opscope.removeRun', (run?: MeasuredRun, runs?: readonly MeasuredRun[]) =>
      kept.remove(new Set(chosen(run, runs).map(({ id }) => id))),
    ),
    vscode.commands.registerCommand('opscope.compareRuns', (run?: MeasuredRun, runs?: readonly MeasuredRun[]) =>
      tellDifference(chosen(run, runs)),
    ),
  );
}

const nameOf = ({ model, version }: MeasuredRun) =>
  `${basename(vscode.Uri.parse(model).path)} · ${engineText(version)}`;

function settingsOf({ provider, threads }: MeasuredRun): string {
  if (threads === 0) return provider;
  return threads === 1
    ? vscode.l10n.t('{0}, 1 thread', provider)
    : vscode.l10n.t('{0}, {1} threads', provider, count(threads));
}

/** Nothing, when the file is still the one that was measured. */
async function fileState(run: MeasuredRun, runs: readonly MeasuredRun[]): Promise<string> {
  try {
    const now = await stateOf(vscode.Uri.parse(run.model));
    return hasChangedSince(run, now, runs) ? vscode.l10n.t('file changed since') : '';
  } catch {
    return vscode.l10n.t('file is gone');
  }
}

function tooltipOf(run: MeasuredRun, state: string): string {
  const { against, sha256, machine } = run;
  return [
    `${nameOf(run)}, ${dateTime(run.date)}`,
    vscode.l10n.t('Median {0} of {1} runs, {2}', runFigure(run), count(run.runs), settingsOf(run)),
    against &&
      vscode.l10n.t('Against {0}: {1}', engineText(against.version), engineText(latencySentence(against.latency))),
    machine &&
      vscode.l10n.t(
        'On {0}, {1} cores, {2}, ONNX Runtime {3}',
        machine.cpu,
        count(machine.cores),
        machine.os,
        machine.onnxruntime,
      ),
    sha256 && `SHA-256 ${sha256.slice(0, 12)}…`,
    state,
  ]
    .filter(Boolean)
    .join('\n');
}

/** Two runs beside each other. They were not measured in turns, so that what differs may be the machine's doing. */
async function tellDifference(runs: readonly MeasuredRun[]): Promise<void> {
  const [a, b] = [...runs].sort((one, other) => (one.date < other.date ? -1 : 1));
  if (!a || !b || runs.length !== 2) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Select two runs in the Runs view to compare them.'));
    return;
  }
  const again = vscode.l10n.t('Compare with…');
  const line = (run: MeasuredRun) => `${nameOf(run)}, ${settingsOf(run)}: ${runFigure(run)}, ${dateTime(run.date)}`;
  const said = await vscode.window.showInformationMessage(
    differenceOf(a, b),
    {
      modal: true,
      detail: [
        line(a),
        line(b),
        ...(sameMachine(a, b) ? [] : [vscode.l10n.t('They were measured on different machines.')]),
        vscode.l10n.t(
          'Between two times the machine alone can make such a difference. For a verdict, compare the models in one measurement.',
        ),
      ].join('\n'),
    },
    again,
  );
  if (said === again) await vscode.commands.executeCommand('opscope.compare', vscode.Uri.parse(b.model));
}

function differenceOf(a: MeasuredRun, b: MeasuredRun): string {
  const { ratio, difference } = compareRuns(a, b);
  if (difference === 'faster')
    return vscode.l10n.t('The median of the later run is {0} × lower.', significant(1 / ratio));
  if (difference === 'slower') return vscode.l10n.t('The median of the later run is {0} × higher.', significant(ratio));
  return vscode.l10n.t('No difference can be told: the intervals of the two runs overlap.');
}
