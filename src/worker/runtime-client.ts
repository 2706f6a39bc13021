import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { english } from '../core/english.ts';
import { ipcPort } from '../protocol/node-port.ts';
import { CancelledError, type Client, ConnectionClosedError, connect } from '../protocol/rpc.ts';
import type { RuntimeContract } from '../protocol/runtime.ts';

/** A runtime process and the calls it answers. */
export interface Runtime {
  readonly client: Client<RuntimeContract>;
  readonly pid: number;
  /** Ends the process at once, whatever it does: the only way to stop a run. Pending calls reject. */
  kill(): void;
  /** Settles when the process is gone, with the reason in words. */
  readonly closed: Promise<string>;
  /** Calls back for every word of the process: results, and progress while it runs a model. Returns what stops it. */
  onHeard(listener: () => void): () => void;
}

export interface RuntimeOptions {
  /** Variables beside those of this process, such as the Vulkan driver to use. */
  readonly env?: Readonly<Record<string, string>>;
}

const runtimeEnvironment = {
  // On desktop VS Code the executable is Electron, which this variable turns into plain Node.
  ELECTRON_RUN_AS_NODE: '1',
  // ONNX Runtime 1.30 notes what it does under the user's home folder, and sends it, unless told not to.
  ORT_DISABLE_TELEMETRY: '1',
};

/**
 * Variables of a process that hands freed memory back at once, on Linux: glibc keeps what large weights leave behind,
 * a third of what calibrating resnet50 takes. Not for timing: handing back and asking anew takes time in every run.
 */
export const returningMemory = { MALLOC_TRIM_THRESHOLD_: String(1 << 20) };

/** Starts a runtime process. It ends with this one. */
export function startRuntime({ env }: RuntimeOptions = {}): Runtime {
  const child = fork(runtimeEntry(), [], {
    serialization: 'advanced',
    execArgv: [],
    env: { ...process.env, ...env, ...runtimeEnvironment },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let killed = false;
  const closed = ended(child, () => killed);
  const kill = () => {
    killed = true;
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  void closed.then(() => process.off('exit', kill));
  const port = ipcPort(child, closed);
  return { client: connect<RuntimeContract>(port), pid: child.pid ?? -1, kill, closed, onHeard: port.onMessage };
}

/**
 * Where the process' program lies: beside the bundle that this code is part of, or its source when run from sources.
 * A bundle in CommonJS has no `import.meta`, one in ES modules no `__dirname`.
 */
function runtimeEntry(): string {
  const here = import.meta.dirname ?? __dirname;
  const bundled = join(here, 'runtime.cjs');
  return existsSync(bundled) ? bundled : join(here, '../runtime/main.ts');
}

function ended(child: ChildProcess, wasKilled: () => boolean): Promise<string> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-2000);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(english`The runtime process could not be started: ${error.message}`));
    child.once('close', (code, signal) =>
      resolve(wasKilled() ? english`The run was stopped.` : deathReason(code, signal, stderr)),
    );
  });
}

/** Why a process that nobody stopped is gone, and what to do. */
function deathReason(code: number | null, signal: string | null, stderr: string): string {
  const lastLines = stderr.trim().split('\n').slice(-3).join(' ').trim();
  const said = lastLines === '' ? '' : ` ${english`It said: ${lastLines}`}`;
  if (/Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND|ERR_DLOPEN_FAILED|cannot open shared object/.test(stderr)) {
    return (
      english`ONNX Runtime could not be loaded. Reinstall Opscope for this platform (${process.platform} ${process.arch}).` +
      said
    );
  }
  if (/std::bad_alloc|out of memory|Allocation failed/i.test(stderr)) {
    return english`ONNX Runtime ran out of memory. Use a smaller batch or smaller symbolic dimensions.` + said;
  }
  if (signal === 'SIGKILL') {
    return english`The system killed the runtime process, most likely because memory ran out. Use a smaller batch or smaller symbolic dimensions.`;
  }
  if (signal !== null || (code !== null && code > 2)) {
    return (
      english`ONNX Runtime crashed on this model (${signal ?? english`exit code ${code}`}). The model is safe; try another optimization level or provider.` +
      said
    );
  }
  return english`The runtime process ended with exit code ${code}.` + said;
}

/** What uses the runtime, one piece of work after another, on a process that is started when it is needed. */
export interface RuntimeManager {
  /**
   * Gives `work` the runtime for itself until it settles. When `signal` aborts, the process is killed and the result
   * rejects with `CancelledError`; after `silence` milliseconds without a word likewise with `TimeLimitError`. The next
   * use gets a fresh process.
   */
  use<T>(work: (runtime: Runtime) => Promise<T>, options?: UseOptions): Promise<T>;
  /** The process that runs now, or null. */
  readonly pid: number | null;
  /** Ends the process. The manager can be used again. */
  dispose(): void;
}

export interface UseOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * For what times models by the clock: a process that has run none yet. Where many were loaded and released before, the
   * memory of the next lies scattered: qwen2_48_layers_narrow took 4.2 ms a run there, 3.3 in a process of its own.
   */
  readonly fresh?: boolean;
  /** Milliseconds. The process says something after every run and every session, so it hangs when one of these takes longer. */
  readonly silence?: number;
}

/** The runtime said nothing for the time it was given. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/** A manager of one runtime process. */
export function createRuntimeManager(options: RuntimeOptions = {}): RuntimeManager {
  let current: Runtime | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const running = (): Runtime => {
    if (current) return current;
    const started = startRuntime(options);
    current = started;
    void started.closed.then(() => {
      if (current === started) current = undefined;
    });
    return started;
  };
  const stop = () => {
    current?.kill();
    current = undefined;
  };

  const hasRun = async (): Promise<boolean> => {
    const described = await current?.client.describe(undefined).catch(() => undefined);
    return (described?.sessions ?? 0) > 0;
  };

  const useNow = async <T>(
    work: (runtime: Runtime) => Promise<T>,
    { signal, silence, fresh }: UseOptions,
  ): Promise<T> => {
    if (fresh && !signal?.aborted && (await hasRun())) stop();
    if (signal?.aborted) throw new CancelledError();
    let interruption: Error | undefined;
    const interrupt = (reason: Error) => {
      interruption = reason;
      stop();
    };
    const abort = () => interrupt(new CancelledError());
    const runtime = running();
    const stopWatching =
      silence === undefined
        ? () => {}
        : onSilence(runtime, silence, () => interrupt(new TimeLimitError(silenceMessage(silence))));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await work(runtime);
    } catch (error) {
      throw interruption ?? error;
    } finally {
      stopWatching();
      signal?.removeEventListener('abort', abort);
    }
  };

  return {
    use: (work, useOptions = {}) => {
      const result = last.then(() => useNow(work, useOptions));
      last = result.catch(() => {});
      return result;
    },
    get pid() {
      return current?.pid ?? null;
    },
    dispose: stop,
  };
}

/** Calls back when the process said nothing for so many milliseconds. Returns what stops waiting for that. */
function onSilence(runtime: Runtime, milliseconds: number, then: () => void): () => void {
  let last = performance.now();
  const check = () => (performance.now() - last < milliseconds ? timer.refresh() : then());
  // What it said while this process was busy is still to be heard when the timer fires.
  const timer = setTimeout(() => setImmediate(check), milliseconds);
  const stop = runtime.onHeard(() => {
    last = performance.now();
    timer.refresh();
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

function silenceMessage(milliseconds: number): string {
  return english`ONNX Runtime gave no answer within ${Math.round(milliseconds / 100) / 10} s and was stopped. Raise the time limit, or use smaller inputs.`;
}

/** Whether an error says that the runtime process is gone. */
export function isRuntimeGone(error: unknown): error is ConnectionClosedError {
  return error instanceof ConnectionClosedError;
}
