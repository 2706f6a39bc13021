import type { Evaluator } from '../evaluator.ts';
import type { Draft } from '../graph/draft.ts';
import type { Facts } from '../shapes/facts.ts';

/**
 * `exact`: bit-equal outputs for every input, from kernels that sum in the same order. ONNX Runtime multiplies by weights
 * that are constants with another kernel than by those that nodes make or that can be overridden; without prepacking it
 * does not. `rounding`: equal in real arithmetic, floating-point rounding or the sign of a zero may move. `lossy`:
 * changes numbers on purpose.
 */
export type Exactness = 'exact' | 'rounding' | 'lossy';

/** One rewrite rule. File name = `name` = spelling on the command line = fixture folder. */
export interface Pass {
  readonly name: string;
  readonly title: string;
  /** What it does and when, in a sentence or two, for help and docs. */
  readonly summary: string;
  readonly exactness: Exactness;
  /** Applies the rule wherever it holds. Changes nothing when called again on its own result. */
  run(draft: Draft, context: PassContext): void | Promise<void>;
}

/** What a pass may use beside the draft. */
export interface PassContext {
  /** Types, shapes and shape values of every value, also of those that passes just made. */
  readonly facts: Facts;
  /** Runs small models; absent when nothing may be executed, and then nothing is folded through the runtime. */
  readonly evaluator?: Evaluator;
  readonly options: PassOptions;
  /** Says what the pass could not do, for the report; what it said last counts. */
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface PassOptions {
  /** Bytes that all constant folds together may add beyond what they remove; default 16 KiB, or 1/50 of the weights. */
  readonly maxFoldGrowth?: number;
  /** Symbolic dimensions bound to a size: `batch` → 1. */
  readonly dims?: ReadonlyMap<string, number>;
  /** The operator set of the default domain that the model is raised to, as far as its operators can be converted. */
  readonly targetOpset?: number;
  /** Keep initializers that are also graph inputs overridable. Default false: they become constants. */
  readonly keepOverridable?: boolean;
}
