/** Operators that take parts of tensors or put them together by position. */
import {
  type Axis,
  addDims,
  ceilDivide,
  constantDim,
  floorDivide,
  hugeSign,
  isNonNegative,
  maxDims,
  minDims,
  negate,
  subtractDims,
} from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import {
  axisIn,
  forEach,
  maxValueLength,
  mergeAxis,
  type Operation,
  type Rules,
  type Shape,
  same,
  tensor,
  unknownAxes,
  withAxis,
} from '../operation.ts';

/** Starts, ends, axes and steps of a Slice: inputs since opset 10, attributes before. */
function sliceParts(op: Operation): { starts?: Shape; ends?: Shape; axes?: readonly number[]; steps?: Shape } {
  if (op.opset < 10) {
    const [starts, ends, axes] = [op.ints('starts'), op.ints('ends'), op.ints('axes')];
    return {
      ...(starts ? { starts: starts.map(constantDim), axes: axes ?? starts.map((_, index) => index) } : {}),
      ...(ends ? { ends: ends.map(constantDim) } : {}),
    };
  }
  const starts = op.value(1);
  const ends = op.value(2);
  const count = starts?.length ?? ends?.length ?? op.shape(1)?.[0]?.constant;
  const axes = op.has(3)
    ? op.numbers(3)
    : count === undefined || count > maxValueLength
      ? undefined
      : Array.from({ length: count }, (_, index) => index);
  const steps = op.has(4) ? op.value(4) : axes?.map(() => constantDim(1));
  return {
    ...(starts ? { starts } : {}),
    ...(ends ? { ends } : {}),
    ...(axes ? { axes } : {}),
    ...(steps ? { steps } : {}),
  };
}

function slice(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const { starts, ends, axes, steps } = sliceParts(op);
  if (!shape || !axes) return [tensor(op.dtype(0), shape && unknownAxes(shape.length))];
  let result = shape;
  for (const [index, given] of axes.entries()) {
    const axis = axisIn(shape.length, given);
    if (axis === undefined) return [tensor(op.dtype(0), unknownAxes(shape.length))];
    const length = slicedLength(
      shape[axis]!,
      starts?.[index] ?? null,
      ends?.[index] ?? null,
      steps?.[index]?.constant ?? Number.NaN,
    );
    result = withAxis(result, axis, length);
  }
  return [tensor(op.dtype(0), result, slicedValue(op, starts, ends, steps))];
}

/** Elements left of an axis. `step` NaN: unknown. */
export function slicedLength(size: Axis, start: Axis, end: Axis, step: number): Axis {
  if (size === null || start === null || end === null || !step) return null;
  const backwards = step < 0;
  const from = clampIndex(start, size, backwards);
  const to = clampIndex(end, size, backwards);
  if (from === null || to === null) return null;
  const span = backwards ? subtractDims(from, to) : subtractDims(to, from);
  const steps = ceilDivide(span, constantDim(Math.abs(step)));
  // From 0 onwards the end alone counts, and that is no less than 0.
  return from.constant === 0 && !backwards ? steps : maxDims(constantDim(0), steps);
}

/** A start or end brought into 0 … size, or for negative steps into −1 … size − 1. */
function clampIndex(index: Axis, size: Axis, backwards: boolean): Axis {
  if (index === null || size === null) return null;
  const lowest = constantDim(backwards ? -1 : 0);
  const highest = backwards ? subtractDims(size, constantDim(1)) : size;
  const sign = hugeSign(index);
  if (sign > 0 || (index.constant !== undefined && index.constant >= 2 ** 31 - 1)) return highest;
  if (sign < 0 || (index.constant !== undefined && index.constant <= -(2 ** 31 - 1))) return lowest;
  const negative = negate(index);
  const fromEnd = index.constant !== undefined ? index.constant < 0 : negative !== null && isNonNegative(negative);
  if (index.constant === undefined && !fromEnd && !isNonNegative(index)) return null;
  const absolute = fromEnd ? addDims(index, size) : index;
  const inside = minDims(absolute, highest);
  const bothAbove = absolute !== null && highest !== null && isNonNegative(absolute) && isNonNegative(highest);
  return bothAbove ? inside : maxDims(lowest, inside);
}

/** Elements that a Slice of the first axis leaves; a row is what lies behind one index of it. */
function slicedValue(op: Operation, starts?: Shape, ends?: Shape, steps?: Shape): Shape | undefined {
  const value = op.value(0);
  const count = op.shape(0)?.[0]?.constant;
  const [start, end, step] = [starts?.[0], ends?.[0], steps ? steps[0]?.constant : 1];
  const axes = op.opset < 10 ? op.ints('axes') : op.has(3) ? op.numbers(3) : [0];
  if (!value || !count || !start || !end || !step || starts?.length !== 1) return undefined;
  if (axes?.length === 1 ? axisIn(op.rank(0)!, axes[0]!) !== 0 : axes) return undefined;
  const from = clampIndex(start, constantDim(count), step < 0)?.constant;
  const to = clampIndex(end, constantDim(count), step < 0)?.constant;
  if (from === undefined || to === undefined) return undefined;
  const row = value.length / count;
  const picked: Axis[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) picked.push(...value.slice(at * row, (at + 1) * row));
  return picked;
}

function gather(op: Operation): readonly ValueFacts[] {
  const [data, indices] = [op.shape(0), op.shape(1)];
  const axis = data && axisIn(data.length, op.int('axis', 0));
  if (!data || !indices || axis === undefined) return [tensor(op.dtype(0), undefined)];
  const shape = [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)];
  const value = op.value(0);
  const wanted = data.length === 1 && indices.length <= 1 ? op.numbers(1) : undefined;
  const picked = value && wanted?.map((index) => value[index < 0 ? index + value.length : index] ?? null);
  return [tensor(op.dtype(0), shape, picked)];
}

function gatherND(op: Operation): readonly ValueFacts[] {
  const [data, indices] = [op.shape(0), op.shape(1)];
  const depth = indices?.at(-1)?.constant;
  const batch = op.int('batch_dims', 0);
  if (!data || !indices || depth === undefined) return [tensor(op.dtype(0), undefined)];
  return [tensor(op.dtype(0), [...indices.slice(0, -1), ...data.slice(batch + depth)])];
}

/** Sizes of the parts of a Split; null for a part of unknown size. */
function splitSizes(op: Operation, size: Axis): Shape {
  const count = op.node.outputs.length;
  const given = op.has(1) ? op.value(1) : op.ints('split')?.map(constantDim);
  if (given) return Array.from({ length: count }, (_, index) => given[index] ?? null);
  if (op.has(1) || size === null) return unknownAxes(count);
  const parts = op.int('num_outputs', count);
  if (op.node.attributes.has('num_outputs')) {
    const each = ceilDivide(size, constantDim(parts));
    const last = subtractDims(
      size,
      [...Array(parts - 1)].reduce<Axis>((sum) => addDims(sum, each), constantDim(0)),
    );
    return Array.from({ length: count }, (_, index) => (index === parts - 1 ? last : each));
  }
  return new Array<Axis>(count).fill(floorDivide(size, constantDim(count)));
}

function split(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const axis = shape && axisIn(shape.length, op.int('axis', 0));
  if (!shape || axis === undefined) return op.node.outputs.map(() => tensor(op.dtype(0), undefined));
  const sizes = splitSizes(op, shape[axis]!);
  const value = shape.length === 1 ? op.value(0) : undefined;
  let start = 0;
  return sizes.map((size) => {
    const length = size?.constant ?? Number.NaN;
    const part = value && !Number.isNaN(start + length) ? value.slice(start, start + length) : undefined;
    start += length;
    return tensor(op.dtype(0), withAxis(shape, axis, size), part);
  });
}

/** Pad: amounts by input since opset 11, by attribute before (`paddings` at opset 1); axes since opset 18. */
function pad(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  if (!shape) return [tensor(op.dtype(0), undefined)];
  const pads = op.opset >= 11 ? op.value(1) : (op.ints('pads') ?? op.ints('paddings'))?.map(constantDim);
  const axes = op.has(3) ? op.numbers(3)?.map((axis) => axisIn(shape.length, axis)) : shape.map((_, index) => index);
  if (!pads || !axes || pads.length !== 2 * axes.length) return [tensor(op.dtype(0), unknownAxes(shape.length))];
  let result = shape;
  for (const [index, axis] of axes.entries()) {
    if (axis === undefined) return [tensor(op.dtype(0), unknownAxes(shape.length))];
    const grown = addDims(addDims(shape[axis]!, pads[index]!), pads[index + axes.length]!);
    result = withAxis(result, axis, grown);
  }
  return [tensor(op.dtype(0), result)];
}

function compress(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const axis = op.int('axis');
  if (axis === undefined) return [tensor(op.dtype(0), [null])];
  const at = shape && axisIn(shape.length, axis);
  return [tensor(op.dtype(0), shape && at !== undefined ? withAxis(shape, at, null) : undefined)];
}

function oneHot(op: Operation): readonly ValueFacts[] {
  const indices = op.shape(0);
  const axis = indices && axisIn(indices.length + 1, op.int('axis', -1));
  if (!indices || axis === undefined) return [tensor(op.dtype(2), undefined)];
  const depth = op.value(1)?.[0] ?? null;
  return [tensor(op.dtype(2), [...indices.slice(0, axis), depth, ...indices.slice(axis)])];
}

function topK(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const axis = shape && axisIn(shape.length, op.int('axis', -1));
  const count = op.opset < 10 ? constantDim(op.int('k', 0)) : (op.value(1)?.[0] ?? null);
  const result = shape && axis !== undefined ? withAxis(shape, axis, count) : undefined;
  return [tensor(op.dtype(0), result), tensor('int64', result)];
}

function unique(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const axis = op.int('axis');
  const at = shape && axis !== undefined ? axisIn(shape.length, axis) : undefined;
  const values = axis === undefined ? [null] : shape && at !== undefined ? withAxis(shape, at, null) : undefined;
  const list = tensor('int64', [null]);
  return [tensor(op.dtype(0), values), list, list, list];
}

function centerCropPad(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const target = op.value(1);
  const axes = op.ints('axes') ?? shape?.map((_, index) => index);
  if (!shape || !target || !axes) return [tensor(op.dtype(0), shape && unknownAxes(shape.length))];
  let result = shape;
  for (const [index, given] of axes.entries()) {
    const axis = axisIn(shape.length, given);
    if (axis !== undefined) result = withAxis(result, axis, target[index] ?? null);
  }
  return [tensor(op.dtype(0), result)];
}

/** Elements of `indices` decide the shape, of `data` the type. */
const shapedByIndices = (op: Operation): readonly ValueFacts[] => [tensor(op.dtype(0), op.shape(1))];

/** Range over integers: max(0, ⌈(limit − start) / delta⌉) elements, whose values are followed when few and known. */
function range(op: Operation): readonly ValueFacts[] {
  const [start, limit, delta] = [op.value(0)?.[0], op.value(1)?.[0], op.value(2)?.[0]];
  const dtype = op.dtype(0);
  const step = delta?.constant;
  if (!start || !limit || !step) return [tensor(dtype, [null])];
  const span = subtractDims(limit, start);
  const exact = start.constant !== undefined && limit.constant !== undefined;
  const count = exact
    ? constantDim(Math.max(0, Math.ceil((limit.constant! - start.constant!) / step)))
    : maxDims(
        constantDim(0),
        step > 0
          ? ceilDivide(span, constantDim(step))
          : Number.isInteger(step)
            ? ceilDivide(negate(span), constantDim(-step))
            : null,
      );
  const known = count?.constant;
  const value =
    known !== undefined && known <= maxValueLength && Number.isInteger(step)
      ? Array.from({ length: known }, (_, index) => addDims(start, constantDim(index * step)))
      : undefined;
  return [tensor(dtype, [count], value)];
}

/** Where both sides must agree, what either knows. */
function scatter(op: Operation): readonly ValueFacts[] {
  return [tensor(op.dtype(0), op.shape(0))];
}

function sequenceBatch(op: Operation): readonly ValueFacts[] {
  const [a, b] = [op.shape(0), op.shape(1)];
  const merged =
    a && b?.length === 1 && a.length > 1 ? a.map((axis, index) => (index === 1 ? mergeAxis(axis, b[0]!) : axis)) : a;
  return [tensor(op.dtype(0), op.int('batch_axis', 1) === 1 ? merged : a)];
}

const nonZero = (op: Operation): readonly ValueFacts[] => {
  const shape = op.shape(0);
  return [tensor('int64', [shape ? constantDim(shape.length) : null, null])];
};

export const indexingRules: Rules = {
  Slice: slice,
  Gather: gather,
  GatherND: gatherND,
  GatherElements: shapedByIndices,
  Split: split,
  Pad: pad,
  Compress: compress,
  OneHot: oneHot,
  TopK: topK,
  Unique: unique,
  CenterCropPad: centerCropPad,
  Range: range,
  NonZero: nonZero,
  ReverseSequence: sequenceBatch,
  ...forEach('Scatter ScatterElements ScatterND TensorScatter', scatter),
  Trilu: same(),
};
