import { readingProblems } from '../onnx/reading-problems.ts';
import type { ProblemKind } from '../problem.ts';
import { rules } from '../rules/catalog.ts';

/** Everything that may be wrong with a model: what reading it reports, and what the rules find. */
export const problemKinds: readonly ProblemKind[] = [...readingProblems, ...rules];
