import * as vscode from 'vscode';
import type { OptimizationLevel } from '../core/evaluator.ts';
import type { OptimizeRequest, ProfileRequest, RunSettings } from '../protocol/worker.ts';

/** How a model is profiled, besides what every run shares. */
export type ProfileSettings = Pick<ProfileRequest, 'runs' | 'warmup' | 'level'>;

/** What a user chose for one model, remembered by the workspace. */
export type RememberedSettings = Partial<RunSettings> & { readonly profile?: ProfileSettings };

/** The settings a run of a model starts from: the configuration, and what was chosen for this model before. */
export function runSettings(uri: vscode.Uri, { profile: _, ...remembered }: RememberedSettings): RunSettings {
  const settings = vscode.workspace.getConfiguration('opscope', uri);
  return {
    provider: settings.get('provider', 'cpu'),
    threads: settings.get('threads', 0),
    timeLimit: settings.get('timeLimit', 120),
    seed: settings.get('seed', 0),
    dims: {},
    ...remembered,
  };
}

/** How a model is profiled: the configuration, unless something else was chosen for this model before. */
export function profileSettings(uri: vscode.Uri, { profile }: RememberedSettings = {}): ProfileSettings {
  if (profile) return profile;
  const settings = vscode.workspace.getConfiguration('opscope', uri);
  return {
    runs: settings.get('runs', 0),
    warmup: settings.get('warmupRuns', -1),
    level: settings.get<OptimizationLevel>('optimizationLevel', 'all'),
  };
}

/** How the commands of the palette optimize and quantize. */
export function transformSettings(uri: vscode.Uri): Pick<OptimizeRequest, 'preset' | 'verify' | 'measure'> {
  const settings = vscode.workspace.getConfiguration('opscope', uri);
  return {
    preset: settings.get<OptimizeRequest['preset']>('optimizePreset', 'default'),
    verify: settings.get('verify', true),
    measure: settings.get('measure', true),
  };
}
