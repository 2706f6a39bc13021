import type { DataType } from '../graph/data-type.ts';
import type { GraphView } from '../graph/view.ts';
import type { Axis } from './dim.ts';

/** What is known of a value without running the model. */
export interface ValueFacts {
  readonly kind: 'tensor' | 'sparse-tensor' | 'sequence' | 'optional' | 'map' | 'unknown';
  readonly dtype?: DataType;
  /** Undefined: rank unknown. A null axis: size unknown. */
  readonly shape?: readonly Axis[];
  /**
   * For small integer and bool tensors: the elements in row-major order, each possibly symbolic or unknown. Small
   * float tensors have it too where it leads to shapes; their elements may be fractions.
   */
  readonly value?: readonly Axis[];
  /** For a sequence or optional: what is known of each of its elements. */
  readonly element?: ValueFacts;
}

/**
 * Facts about every value of a model, inferred on demand and remembered by graph and name. A name means the same value
 * in every version of a draft, so facts stay true while passes change the graph around them.
 */
export interface Facts {
  /** What is known of `value` as seen from `graph`, enclosing graphs included. */
  of(graph: GraphView, value: string): ValueFacts;
}
