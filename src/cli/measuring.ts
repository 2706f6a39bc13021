import manifest from '../../package.json' with { type: 'json' };
import type { RunSettings } from '../protocol/worker.ts';
import { modelIdentity } from '../worker/inspect.ts';
import type { OpenedModel } from '../worker/open-model.ts';
import type { MeasuredModel, MeasurementContext } from '../worker/profile.ts';
import type { RunOptions, Session } from './command.ts';

/** The settings of a run, from the options of a command. */
export function settingsOf({ provider, threads, timeLimit, dim, inputs, fill, seed }: RunOptions): RunSettings {
  return {
    provider,
    threads,
    timeLimit,
    dims: dim,
    seed,
    ...(inputs === undefined ? {} : { inputs }),
    ...(fill === undefined ? {} : { fill }),
  };
}

/** A model to measure from the file it was opened from. */
export async function measuredModel(opened: OpenedModel): Promise<MeasuredModel> {
  return { model: opened.model, path: opened.path, identity: await modelIdentity(opened) };
}

/** What a measurement works with, from the session of a command. */
export async function measurementContext({ runtime, signal, onProgress }: Session): Promise<MeasurementContext> {
  return { manager: await runtime(), opscope: manifest.version, signal, onProgress };
}
