import { type Evaluator, type OptimizationLevel, RuntimeError, type TensorValue } from '../core/evaluator.ts';
import type { Model } from '../core/graph/model.ts';
import { collectGarbage, tensorsPassed } from '../protocol/garbage.ts';
import type { SessionOptions } from '../protocol/runtime.ts';
import { type PreparedModel, prepareModel } from './model-source.ts';
import type { Runtime, RuntimeManager } from './runtime-client.ts';

/** Entries of ONNX Runtime's session configuration. */
export type SessionConfig = NonNullable<SessionOptions['config']>;

export interface EvaluatorOptions {
  /** Of the sessions. */
  readonly config?: SessionConfig;
  /** Clears away what making a model left behind before its session takes room: some 5 MB for a few hundredths of a second. */
  readonly sparing?: boolean;
}

/** A session that is kept for the next call with the same model. */
interface KeptSession {
  readonly runtime: Runtime;
  readonly model: Model;
  readonly level: OptimizationLevel;
  readonly threads: number;
  readonly session: number;
  readonly prepared: PreparedModel;
}

/** Verification goes back and forth between two models, calibration feeds one again and again. */
const keptSessions = 2;

/** An evaluator whose sessions can be given up before the runtime process ends. */
export interface RuntimeEvaluator extends Evaluator {
  /** Releases what it keeps; it can go on being used. */
  dispose(): Promise<void>;
}

/**
 * Runs models in the runtime process. Sessions of the last two models are kept, so asking again for the same model
 * costs no new session. Without a level, ONNX Runtime changes nothing about the model: the results are the model's own.
 */
export function createEvaluator(
  manager: RuntimeManager,
  { config = {}, sparing = false }: EvaluatorOptions = {},
): RuntimeEvaluator {
  let kept: KeptSession[] = [];

  const release = async ({ runtime, session, prepared }: KeptSession, current: Runtime) => {
    if (runtime === current) await runtime.client.release({ session }).catch(() => {});
    await prepared.dispose();
  };

  const sessionFor = async (
    runtime: Runtime,
    model: Model,
    level: OptimizationLevel,
    threads: number,
    signal: AbortSignal | undefined,
  ): Promise<number> => {
    const gone = kept.filter((entry) => entry.runtime !== runtime);
    kept = kept.filter((entry) => entry.runtime === runtime);
    for (const entry of gone) await release(entry, runtime);
    const found = kept.find((entry) => entry.model === model && entry.level === level && entry.threads === threads);
    if (found) {
      kept = [found, ...kept.filter((entry) => entry !== found)];
      return found.session;
    }
    while (kept.length >= keptSessions) await release(kept.pop()!, runtime);
    const prepared = await prepareModel(model, signal);
    if (sparing) collectGarbage();
    try {
      // Calibrating efficientnet_b0 took 347 MB with memory patterns, 247 MB without, in the same time.
      const options = { provider: 'cpu', level, threads, config, memoryPattern: false };
      const { session } = await runtime.client.createSession({ model: prepared.source, options });
      kept.unshift({ runtime, model, level, threads, session, prepared });
      return session;
    } catch (error) {
      await prepared.dispose();
      throw error;
    }
  };

  return {
    run: ({ model, feeds, outputs, level = 'disabled', threads = 0, signal }) =>
      manager
        .use(
          async (runtime) => {
            const session = await sessionFor(runtime, model, level, threads, signal);
            const results: ReadonlyMap<string, TensorValue>[] = [];
            for (const feed of feeds) {
              const values = await runtime.client.run({
                session,
                feeds: Object.fromEntries(feed),
                ...(outputs ? { outputs } : {}),
              });
              tensorsPassed([...feed.values(), ...Object.values(values)]);
              results.push(new Map(Object.entries(values)));
            }
            return results;
          },
          { signal },
        )
        .catch((error: unknown) => {
          throw error instanceof Error && error.name === 'RuntimeError' ? new RuntimeError(error.message) : error;
        }),
    dispose: async () => {
      if (kept.length === 0) return;
      // Sessions go with their process; one must not be started to end them.
      if (manager.pid === null) {
        for (const { prepared } of kept.splice(0)) await prepared.dispose();
        return;
      }
      await manager.use(async (runtime) => {
        for (const entry of kept.splice(0)) await release(entry, runtime);
      });
    },
  };
}
