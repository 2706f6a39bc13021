/** Reductions over axes, and running sums. */
import { type Axis, constantDim, productOf } from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import {
  axesIn,
  axisIn,
  forEach,
  type Operation,
  type Rules,
  type Shape,
  same,
  tensor,
  unknownAxes,
} from '../operation.ts';

/** Axes given by an input since opset 18 (ReduceSum: 13), by an attribute before; an empty list means all or none. */
function reduce(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const dtype = op.dtype(0);
  const keep = op.int('keepdims', 1) !== 0;
  const axes = op.has(1) ? op.numbers(1) : (op.ints('axes') ?? []);
  if (!shape)
    return [tensor(dtype, axes?.length === 0 && !keep && !op.int('noop_with_empty_axes', 0) ? [] : undefined)];
  if (!axes) {
    const count = op.shape(1)?.[0]?.constant;
    const rank = keep ? shape.length : count ? shape.length - count : -1;
    return [tensor(dtype, rank >= 0 ? unknownAxes(rank) : undefined)];
  }
  if (axes.length === 0 && op.int('noop_with_empty_axes', 0)) return [tensor(dtype, shape)];
  const gone = axes.length === 0 ? shape.map((_, index) => index) : axesIn(shape.length, axes);
  if (!gone) return [tensor(dtype, undefined)];
  return [tensor(dtype, without(shape, gone, keep), reducedValue(op, keep))];
}

function without(shape: Shape, gone: readonly number[], keep: boolean): Shape {
  return keep
    ? shape.map((axis, index) => (gone.includes(index) ? constantDim(1) : axis))
    : shape.filter((_, index) => !gone.includes(index));
}

/** ReduceProd over a list of sizes counts elements. */
function reducedValue(op: Operation, keep: boolean): readonly Axis[] | undefined {
  const value = op.value(0);
  if (op.node.opType !== 'ReduceProd' || !value || op.rank(0) !== 1) return undefined;
  return keep || value.length > 0 ? [productOf(value)] : undefined;
}

function argument(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const axis = shape && axisIn(shape.length, op.int('axis', 0));
  if (!shape || axis === undefined) return [tensor('int64', undefined)];
  return [tensor('int64', without(shape, [axis], op.int('keepdims', 1) !== 0))];
}

export const reductionRules: Rules = {
  ...forEach(
    'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare',
    reduce,
  ),
  ...forEach('ArgMax ArgMin', argument),
  ...forEach('CumSum CumProd', same()),
};
