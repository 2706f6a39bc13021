/**
 * The one way processes talk: extension host ↔ webview, extension host ↔ worker, worker ↔ runtime.
 *
 * A contract is an interface whose methods take one argument and give a promise. `serve` answers calls with an
 * implementation; `connect` gives a client with the same methods. Five messages travel: `call`, `cancel`, `progress`,
 * `result`, `error`. Errors keep name and message; cancelling is an AbortSignal on both sides; when the other side is
 * gone, every pending call is rejected with `ConnectionClosedError`.
 */

/** What a long call says while it works. */
export interface Progress {
  /** What is being done now: `Profiling run 12 of 60`. */
  readonly message: string;
  /** Share done, 0 to 1, when it is known. */
  readonly fraction?: number;
}

/** What an implementation gets besides its argument. */
export interface CallContext {
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** After a cancellation wait so many milliseconds for what the other side has by then; without it the call rejects at once. */
  readonly lastWordsMs?: number;
}

/** An implementation of a contract. */
export type Handlers<C> = {
  [K in keyof C]: C[K] extends (argument: infer A) => Promise<infer R>
    ? (argument: A, context: CallContext) => Promise<R> | R
    : never;
};

/** A client of a contract. */
export type Client<C> = {
  [K in keyof C]: C[K] extends (argument: infer A) => Promise<infer R>
    ? (argument: A, options?: CallOptions) => Promise<R>
    : never;
};

export type WireMessage =
  | { readonly type: 'call'; readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly name: string; readonly message: string };

/** A connection to another process. Both directions of a contract pair may share one port. */
export interface Port {
  send(message: WireMessage): void;
  /** Calls back for every message; returns what stops it. */
  onMessage(listener: (message: WireMessage) => void): () => void;
  /** Calls back once when the other side is gone, with the reason in words. */
  onClose(listener: (reason: string) => void): void;
}

/** The call was cancelled by its caller. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
  constructor() {
    super('Cancelled.');
  }
}

/** The process at the other end is gone. */
export class ConnectionClosedError extends Error {
  override readonly name = 'ConnectionClosedError';
}

/** An error that the other side threw. Its `name` is the name of the original. */
export class RemoteError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** Answers calls that come in through `port`. Returns what stops serving; running calls are then aborted. */
export function serve<C>(port: Port, handlers: Handlers<C>): () => void {
  const running = new Map<number, AbortController>();
  const abortAll = () => {
    for (const controller of running.values()) controller.abort();
  };
  const answer = async (id: number, method: string, argument: unknown) => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const handler = Object.hasOwn(handlers as object, method) ? handlers[method as keyof C] : undefined;
      if (!handler) throw new Error(`There is no method ${method}.`);
      const context: CallContext = {
        signal: controller.signal,
        progress: (progress) => {
          if (running.has(id)) port.send({ type: 'progress', id, progress });
        },
      };
      const value = await (handler as (argument: unknown, context: CallContext) => unknown)(argument, context);
      port.send({ type: 'result', id, value });
    } catch (error) {
      const { name, message } = controller.signal.aborted ? new CancelledError() : toError(error);
      port.send({ type: 'error', id, name, message });
    } finally {
      running.delete(id);
    }
  };
  const stop = port.onMessage((message) => {
    if (message.type === 'call') void answer(message.id, message.method, message.argument);
    else if (message.type === 'cancel') running.get(message.id)?.abort();
  });
  port.onClose(abortAll);
  return () => {
    stop();
    abortAll();
  };
}

/** A client that sends its calls through `port`. */
export function connect<C>(port: Port): Client<C> {
  interface Pending {
    readonly resolve: (value: never) => void;
    readonly reject: (error: Error) => void;
    readonly onProgress: ((progress: Progress) => void) | undefined;
  }
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let closed: string | undefined;

  port.onMessage((message) => {
    if (message.type === 'call' || message.type === 'cancel') return;
    const call = pending.get(message.id);
    if (message.type === 'progress') call?.onProgress?.(message.progress);
    else if (message.type === 'result') call?.resolve(message.value as never);
    else
      call?.reject(
        message.name === 'CancelledError' ? new CancelledError() : new RemoteError(message.name, message.message),
      );
  });
  port.onClose((reason) => {
    closed = reason;
    for (const call of pending.values()) call.reject(new ConnectionClosedError(reason));
    pending.clear();
  });

  const call = (method: string, argument: unknown, { signal, onProgress, lastWordsMs }: CallOptions = {}) =>
    new Promise((resolve, reject) => {
      if (closed !== undefined) return reject(new ConnectionClosedError(closed));
      if (signal?.aborted) return reject(new CancelledError());
      const id = nextId++;
      // The caller hears of a cancellation soon, whether or not the other side still answers.
      const abort = () => {
        port.send({ type: 'cancel', id });
        const give = () => settle(() => reject(new CancelledError()));
        if (lastWordsMs === undefined) give();
        else setTimeout(give, lastWordsMs);
      };
      const settle = (then: () => void) => {
        pending.delete(id);
        signal?.removeEventListener('abort', abort);
        then();
      };
      pending.set(id, {
        resolve: (value) => settle(() => resolve(value)),
        reject: (error) => settle(() => reject(error)),
        onProgress,
      });
      signal?.addEventListener('abort', abort, { once: true });
      try {
        port.send({ type: 'call', id, method, argument });
      } catch (error) {
        settle(() => reject(toError(error)));
      }
    });

  return new Proxy({} as Client<C>, {
    // A client is no thenable: `await client` must not call a method named `then`.
    get: (_, method) =>
      typeof method === 'string' && method !== 'then'
        ? (argument: unknown, options?: CallOptions) => call(method, argument, options)
        : undefined,
  });
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
