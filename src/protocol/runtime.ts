import type { OptimizationLevel, TensorValue } from '../core/evaluator.ts';

/** What a value of a session looks like to ONNX Runtime. Symbolic dimensions are strings; an unknown one is ''. */
export interface SessionValue {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

export interface SessionOptions {
  readonly provider: string;
  readonly level: OptimizationLevel;
  /** Intra-op threads; 0 lets ONNX Runtime choose. */
  readonly threads: number;
  /** `false`: memory is not laid out ahead for inputs of a size, which saves time only where a model runs again and again. */
  readonly memoryPattern?: boolean;
  /** Where ONNX Runtime writes the graph it made, alone in a folder; where the system allows, without large weights. */
  readonly optimizedModelPath?: string;
  /** Where ONNX Runtime writes the graph it made in its own format, whole; not together with `optimizedModelPath`. */
  readonly ortPath?: string;
  /** Prefix of the trace file; profiling is on when it is given. */
  readonly profilePrefix?: string;
  /** Further session configuration entries: `session.disable_quant_qdq` → `1`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** A model for the runtime: a file, or bytes of a model without external data. */
export type ModelSource = { readonly path: string } | { readonly bytes: Uint8Array };

/** Name → tensor, as it crosses the process boundary. */
export type Feeds = Readonly<Record<string, TensorValue>>;

/** The runtime process, the only code that loads ONNX Runtime. Calls on it run one after another; to stop one, kill the process. */
export interface RuntimeContract {
  /** Version of ONNX Runtime and the providers it was built with. */
  describe(argument: undefined): Promise<{
    readonly version: string;
    readonly backends: readonly { readonly name: string; readonly bundled: boolean }[];
    readonly pid: number;
    /** Sessions that it has made so far. */
    readonly sessions: number;
  }>;
  /** Creates a session. `milliseconds` is the time that took. */
  createSession(argument: { readonly model: ModelSource; readonly options: SessionOptions }): Promise<{
    readonly session: number;
    readonly inputs: readonly SessionValue[];
    readonly outputs: readonly SessionValue[];
    readonly milliseconds: number;
  }>;
  /** One run; gives the named outputs, all of them when none are named. */
  run(argument: {
    readonly session: number;
    readonly feeds: Feeds;
    readonly outputs?: readonly string[];
  }): Promise<Readonly<Record<string, TensorValue>>>;
  /** `count` runs timed one by one on the monotonic clock, in milliseconds; stops early after `timeLimit` ms. */
  time(argument: {
    readonly session: number;
    readonly feeds: Feeds;
    readonly count: number;
    readonly timeLimit?: number;
  }): Promise<Float64Array>;
  /**
   * Rounds of both sessions in the given order (0: first, 1: second), `each` runs a turn, timed one by one.
   * `samples[i]` belongs to `order[floor(i / each)]`.
   */
  timeInterleaved(argument: {
    readonly sessions: readonly [number, number];
    readonly feeds: readonly [Feeds, Feeds];
    readonly order: Uint8Array;
    readonly each: number;
    readonly timeLimit?: number;
  }): Promise<Float64Array>;
  /** Ends profiling of a session and gives the path of the trace it wrote. */
  endProfiling(argument: { readonly session: number }): Promise<{ readonly tracePath: string }>;
  release(argument: { readonly session: number }): Promise<void>;
}
