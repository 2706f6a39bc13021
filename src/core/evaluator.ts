import type { DataType } from './graph/data-type.ts';
import type { Model } from './graph/model.ts';

/** A tensor whose elements are in memory: what goes into a run and comes out of it. Bytes are laid out as in `raw_data`. */
export interface TensorValue {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
  /** For dtype `string`, the elements; `bytes` is empty then. */
  readonly strings?: readonly string[];
}

/** ONNX Runtime's graph optimization levels. */
export type OptimizationLevel = 'disabled' | 'basic' | 'extended' | 'layout' | 'all';

/**
 * Asks for numbers. `core` knows only this interface; the runtime process is behind it.
 * Rejects with `RuntimeError` when ONNX Runtime refuses the model or the run.
 */
export interface Evaluator {
  /** Runs a model once for each set of feeds and gives the outputs by name. The model may come without inputs. */
  run(request: {
    readonly model: Model;
    readonly feeds: readonly ReadonlyMap<string, TensorValue>[];
    /** Default: every graph output. */
    readonly outputs?: readonly string[];
    readonly level?: OptimizationLevel;
    readonly threads?: number;
    readonly signal?: AbortSignal;
  }): Promise<readonly ReadonlyMap<string, TensorValue>[]>;
}

/** ONNX Runtime refused or failed; `message` is its own text without addresses. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
}
