import { existsSync, symlinkSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { env, type InferenceSession, listSupportedBackends, type OnnxValue, type Tensor } from 'onnxruntime-node';
import { type Binding, binding, initOrt } from 'onnxruntime-node/dist/binding.js';
import { english } from '../core/english.ts';
import { RuntimeError } from '../core/evaluator.ts';
import { withProviderAdvice } from '../core/provider-advice.ts';
import { tensorsPassed, whileTiming } from '../protocol/garbage.ts';
import type { CallContext, Handlers } from '../protocol/rpc.ts';
import type { Feeds, RuntimeContract, SessionOptions, SessionValue } from '../protocol/runtime.ts';
import { cleanMessage } from './error-message.ts';
import { canPass, dtypeName, fromNativeTensor, toNativeTensor } from './tensors.ts';

interface Session {
  readonly native: Binding.InferenceSession;
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  readonly profilePrefix: string | undefined;
}

/** Runs that are ready to go: what is fed and what is asked for. */
interface Prepared {
  readonly native: Binding.InferenceSession;
  readonly feeds: Record<string, OnnxValue>;
  readonly fetches: Record<string, null>;
}

/**
 * The handlers of the runtime process. Sessions are those of onnxruntime-node's binding itself: its public class waits
 * for the event loop before every run and wraps every output, which belongs to no model's latency.
 */
export function createRuntimeHandlers(): Handlers<RuntimeContract> {
  const sessions = new Map<number, Session>();
  let nextSession = 1;
  const find = (id: number): Session => {
    const session = sessions.get(id);
    if (!session) throw new RuntimeError(english`There is no session ${id}.`);
    return session;
  };

  return serialized<RuntimeContract>({
    describe: () => ({
      version: env.versions.node!,
      backends: listSupportedBackends(),
      pid: process.pid,
      sessions: nextSession - 1,
    }),

    createSession: ({ model, options }) => {
      const start = performance.now();
      env.logLevel = 'fatal';
      requireProvider(options.provider);
      const native = attemptOn(options.provider, () => {
        initOrt();
        const session = new binding.InferenceSession();
        if ('path' in model) session.loadModel(model.path, nativeOptions(options));
        else {
          const { buffer, byteOffset, byteLength } = model.bytes;
          session.loadModel(buffer as ArrayBuffer, byteOffset, byteLength, nativeOptions(options));
        }
        return session;
      });
      const milliseconds = performance.now() - start;
      const inputs = native.inputMetadata.map(sessionValue);
      const outputs = native.outputMetadata.map(sessionValue);
      const session = nextSession++;
      sessions.set(session, { native, inputs, outputs, profilePrefix: options.profilePrefix });
      return { session, inputs, outputs, milliseconds };
    },

    run: ({ session, feeds, outputs }) => {
      const { native, feeds: tensors, fetches } = prepare(find(session), feeds, outputs);
      const results = attempt(() => native.run(tensors, fetches, {}));
      const given = Object.fromEntries(
        Object.entries(results).map(([name, value]) => [name, fromNativeTensor(value as Tensor)]),
      );
      tensorsPassed([...Object.values(feeds), ...Object.values(given)]);
      return given;
    },

    time: ({ session, feeds, count, timeLimit }, context) => {
      const prepared = prepare(find(session), feeds);
      return timeRuns(count, () => prepared, timeLimit, context);
    },

    timeInterleaved: ({ sessions: pair, feeds, order, each, timeLimit }, context) => {
      const prepared = pair.map((id, index) => prepare(find(id), feeds[index]!));
      return timeRuns(order.length * each, (index) => prepared[order[Math.floor(index / each)]!]!, timeLimit, context);
    },

    endProfiling: async ({ session }) => {
      const { native, profilePrefix } = find(session);
      if (profilePrefix === undefined) throw new RuntimeError(english`Profiling is not on for this session.`);
      attempt(() => native.endProfiling());
      return { tracePath: await newestTrace(profilePrefix) };
    },

    release: ({ session }) => {
      const { native } = find(session);
      sessions.delete(session);
      attempt(() => native.dispose());
    },
  });
}

/** Calls run one after another, also those that wait for something in between. */
function serialized<C>(handlers: Handlers<C>): Handlers<C> {
  let last: Promise<unknown> = Promise.resolve();
  const wrapped = Object.entries(handlers).map(([name, handler]) => [
    name,
    (argument: unknown, context: CallContext) => {
      const result = last.then(() =>
        (handler as (argument: unknown, context: CallContext) => unknown)(argument, context),
      );
      last = result.catch(() => {});
      return result;
    },
  ]);
  return Object.fromEntries(wrapped) as Handlers<C>;
}

/**
 * Times runs one by one. Between runs, every 50 ms, the event loop gets a turn, so that memory of past outputs is
 * freed and a parent that is gone is noticed.
 */
async function timeRuns(
  count: number,
  which: (index: number) => Prepared,
  timeLimit: number | undefined,
  { signal, progress }: CallContext,
): Promise<Float64Array> {
  const samples = new Float64Array(count);
  const begin = performance.now();
  let lastTurn = begin;
  for (let index = 0; index < count; index++) {
    const { native, feeds, fetches } = which(index);
    const start = performance.now();
    const results = attempt(() => native.run(feeds, fetches, {}));
    const end = performance.now();
    samples[index] = end - start;
    // Large outputs that pile up would put those of the next run into memory that has not been touched yet.
    tensorsPassed(
      Object.values(results).map((value) => fromNativeTensor(value as Tensor)),
      whileTiming,
    );
    if (timeLimit !== undefined && end - begin >= timeLimit) return samples.slice(0, index + 1);
    if (end - lastTurn >= 50) {
      progress({ message: `Run ${index + 1} of ${count}`, fraction: (index + 1) / count });
      await nextTurn();
      signal.throwIfAborted();
      lastTurn = performance.now();
    }
  }
  return samples;
}

function prepare({ native, inputs, outputs }: Session, feeds: Feeds, names?: readonly string[]): Prepared {
  const known = new Set(inputs.map(({ name }) => name));
  const unknown = Object.keys(feeds).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new RuntimeError(english`The model has no input ${unknown.join(', ')}.`);
  const missing = [...known].filter((name) => !Object.hasOwn(feeds, name));
  if (missing.length > 0) throw new RuntimeError(english`No data was given for the input ${missing.join(', ')}.`);
  const wanted = names ?? outputs.filter(({ dtype }) => canPass(dtype)).map(({ name }) => name);
  if (wanted.length === 0) {
    throw new RuntimeError(english`None of the outputs is a tensor of a type that ONNX Runtime gives to JavaScript.`);
  }
  return {
    native,
    feeds: Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, toNativeTensor(name, value)])),
    fetches: Object.fromEntries(wanted.map((name) => [name, null])),
  };
}

function sessionValue({ name, isTensor, type, shape, symbolicDimensions }: Binding.ValueMetadata): SessionValue {
  if (!isTensor) return { name, dtype: 'not-a-tensor', shape: [] };
  return { name, dtype: dtypeName(type), shape: shape.map((dim, axis) => (dim < 0 ? symbolicDimensions[axis]! : dim)) };
}

function nativeOptions(options: SessionOptions): InferenceSession.SessionOptions {
  const { provider, level, threads, memoryPattern, optimizedModelPath, ortPath, profilePrefix, config } = options;
  const writtenPath = optimizedModelPath ?? ortPath;
  const extra = {
    ...dropWeights(optimizedModelPath),
    ...(ortPath === undefined ? {} : { 'session.save_model_format': 'ORT' }),
    ...config,
  };
  return {
    executionProviders: [provider],
    graphOptimizationLevel: level,
    logSeverityLevel: 4,
    ...(memoryPattern === false ? { enableMemPattern: false } : {}),
    ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
    ...(writtenPath === undefined ? {} : { optimizedModelFilePath: writtenPath }),
    ...(profilePrefix !== undefined ? { enableProfiling: true, profileFilePrefix: profilePrefix } : {}),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

/** Has the weights of an optimized model go to a file beside it, which leads nowhere: copying gigabytes takes seconds. */
function dropWeights(optimizedModelPath: string | undefined): Readonly<Record<string, string>> {
  if (optimizedModelPath === undefined || process.platform === 'win32') return {};
  const name = 'dropped-weights.bin';
  const path = join(dirname(optimizedModelPath), name);
  if (!existsSync(path)) symlinkSync('/dev/null', path);
  return {
    'session.optimized_model_external_initializers_file_name': name,
    'session.optimized_model_external_initializers_min_size_in_bytes': String(1 << 20),
  };
}

/** The trace that was written last under a prefix: the binding does not say what it is called. */
async function newestTrace(prefix: string): Promise<string> {
  const folder = dirname(prefix);
  const names = (await readdir(folder)).filter((name) => name.startsWith(basename(prefix)) && name.endsWith('.json'));
  const found = await Promise.all(
    names.map(async (name) => ({ path: join(folder, name), written: (await stat(join(folder, name))).mtimeMs })),
  );
  const newest = found.sort((a, b) => b.written - a.written)[0];
  if (!newest) throw new RuntimeError(english`ONNX Runtime wrote no trace. Check that the temporary folder has room.`);
  return newest.path;
}

/** Throws when this build of ONNX Runtime does not know the provider, which may be misspelt or of another system. */
function requireProvider(provider: string): void {
  const names = listSupportedBackends().map(({ name }) => name);
  if (!names.includes(provider)) {
    throw new RuntimeError(
      withProviderAdvice(provider, english`This ONNX Runtime has no provider ${provider}; it has ${names.join(', ')}.`),
    );
  }
}

/** The same as `attempt`; when what fails is the provider, with what can be done about that. */
function attemptOn<T>(provider: string, action: () => T): T {
  try {
    return attempt(action);
  } catch (error) {
    const { message } = error as RuntimeError;
    throw provider !== 'cpu' && providerFails.test(message)
      ? new RuntimeError(withProviderAdvice(provider, message))
      : error;
  }
}

const providerFails = /load shared library|LoadLibrary|provider .*not (?:available|enabled|supported)|adapter|Vulkan/i;

function attempt<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new RuntimeError(cleanMessage(error instanceof Error ? error.message : String(error)));
  }
}
