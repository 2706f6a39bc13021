import type { DataType } from '../graph/data-type.ts';
import type { GraphView } from '../graph/view.ts';
import type { DimExpression } from './dim.ts';

/** What is known of a value without running the model. */
export interface ValueFacts {
  readonly kind: 'tensor' | 'sparse-tensor' | 'sequence' | 'optional' | 'map' | 'unknown';
  readonly dtype?: DataType;
  /** Undefined: rank unknown. A null axis: size unknown. */
  readonly shape?: readonly (DimExpression | null)[];
  /** For small integer tensors of rank 0 or 1: the elements, each possibly symbolic or unknown. */
  readonly value?: readonly (DimExpression | null)[];
}

/**
 * Facts about every value of a model, inferred on demand and remembered by graph and name. A name means the same value
 * in every version of a draft, so facts stay true while passes change the graph around them.
 */
export interface Facts {
  /** What is known of `value` as seen from `graph`, enclosing graphs included. */
  of(graph: GraphView, value: string): ValueFacts;
}
