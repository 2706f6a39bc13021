import type { NodeId } from './graph/model.ts';

/** Something about a model that its owner should know. Reading reports problems; it does not throw for a model's content. */
export interface Problem {
  readonly severity: 'error' | 'warning' | 'info';
  /** Which rule found it, in kebab-case: `unsorted-nodes`. */
  readonly code: string;
  /** What is wrong and, where there is something to do, what to do. */
  readonly message: string;
  readonly node?: NodeId;
  /** The optimizer's pass that mends it, where there is one. */
  readonly fix?: string;
}

/** What a code stands for: what the documentation says of it. */
export interface ProblemKind {
  readonly code: string;
  readonly title: string;
  readonly severity: Problem['severity'];
  /** Why it matters and what to do. */
  readonly documentation: string;
  /** The optimizer's pass that mends it, where there is one. */
  readonly fix?: string;
}
