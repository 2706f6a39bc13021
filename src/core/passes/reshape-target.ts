import { intAttribute } from '../graph/attribute.ts';
import type { Node } from '../graph/model.ts';
import { type Axis, sameDim } from '../shapes/dim.ts';
import type { KnownShape } from './shape-facts.ts';

/**
 * The second input of a Reshape that takes a value of shape `from` to a shape with these axes: sizes where they are
 * known, 0 where an axis keeps its place, −1 for at most one other. Undefined when that cannot say it for every size
 * of the symbols: beside −1 all other sizes must be known and not 0, or an empty tensor would have no answer.
 */
export function reshapeTarget(from: KnownShape | undefined, to: KnownShape): number[] | undefined {
  const target: number[] = [];
  for (const [index, axis] of to.entries()) target.push(targetOf(axis, from?.[index]));
  const inferred = target.filter((each) => each === -1).length;
  if (inferred > 1 || (inferred === 1 && target.includes(0))) return undefined;
  // 0 means "as in the input", so a size that is 0 can only be said by an axis that keeps it.
  return to.every((axis, index) => axis?.constant !== 0 || from?.[index]?.constant === 0) ? target : undefined;
}

function targetOf(axis: Axis, source: Axis | undefined): number {
  if (axis?.constant !== undefined) return axis.constant;
  return sameDim(axis, source) ? 0 : -1;
}

/** True when a Reshape reads 0 as "as in the input", as nearly all do. */
export function copiesZeros(node: Node): boolean {
  return intAttribute(node, 'allowzero', 0) === 0;
}
