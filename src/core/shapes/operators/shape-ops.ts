/** Operators that ask for shapes or change them: the elements stay as they are, or are the shape itself. */
import {
  type Axis,
  addDims,
  constantDim,
  divideExactly,
  floorDivide,
  isConstant,
  isNonNegative,
  multiplyDims,
  productOf,
  sameDim,
} from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import {
  axesIn,
  axisIn,
  broadcastAxis,
  constants,
  maxValueLength,
  type Operation,
  type Rules,
  type Shape,
  tensor,
  unknownAxes,
} from '../operation.ts';

function shapeOf(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  if (!shape) return [tensor('int64', [null])];
  const at = (index: number) => Math.min(Math.max(index < 0 ? index + shape.length : index, 0), shape.length);
  const part = shape.slice(at(op.int('start', 0)), at(op.int('end', shape.length)));
  return [tensor('int64', constants(part.length), part)];
}

const sizeOf = (op: Operation): readonly ValueFacts[] => {
  const shape = op.shape(0);
  return [tensor('int64', constants(), shape && [productOf(shape)])];
};

/** The target of a Reshape: its second input, or before opset 5 the attribute. */
function reshapeTarget(op: Operation): Shape | undefined {
  if (op.opset < 5 && op.node.domain === '') return op.ints('shape')?.map(constantDim);
  const value = op.value(1);
  if (value) return value;
  const length = op.shape(1)?.[0]?.constant;
  return length !== undefined && length <= maxValueLength ? unknownAxes(length) : undefined;
}

function reshape(op: Operation): readonly ValueFacts[] {
  const target = reshapeTarget(op);
  if (!target) return [tensor(op.dtype(0), undefined)];
  const from = op.shape(0);
  const shape = reshapedShape(from, target, op.int('allowzero', 0) !== 0);
  return [tensor(op.dtype(0), shape, op.value(0))];
}

/**
 * The shape that Reshape makes. A symbolic element of the target is taken to be no 0 that copies the input's axis: such
 * a target comes from tensors without elements only. One that could be −1 is unknown.
 */
export function reshapedShape(from: Shape | undefined, target: Shape, allowZero: boolean): Shape {
  const placed = target.map((axis, index): Axis => {
    if (axis === null || isConstant(axis, -1)) return null;
    if (isConstant(axis, 0)) return allowZero ? axis : (from?.[index] ?? null);
    return axis.constant !== undefined || isNonNegative(axis) ? axis : null;
  });
  const open = target.flatMap((axis, index) => (axis === null || isConstant(axis, -1) ? [index] : []));
  const total = from && productOf(from);
  if (open.length !== 1 || !total) return placed;
  const rest = productOf(placed.filter((_, index) => index !== open[0]));
  const missing = quotientOfShapes(from, placed, open[0]!) ?? (rest && divideEvenly(total, rest));
  return missing ? placed.map((axis, index) => (index === open[0] ? missing : axis)) : placed;
}

/** What is left of the input's axes when those that the target names are taken away; needs no division. */
function quotientOfShapes(from: Shape, placed: Shape, open: number): Axis | undefined {
  const left = [...from];
  for (const [index, axis] of placed.entries()) {
    if (index === open) continue;
    const at = left.findIndex((each) => sameDim(each, axis));
    if (at < 0) return undefined;
    left.splice(at, 1);
  }
  return productOf(left) ?? undefined;
}

/** Reshape demands an even division, so a division of constants that is not even says nothing. */
function divideEvenly(total: Axis, part: Axis): Axis {
  if (total === null || part === null || part.constant === 0) return null;
  const exact = divideExactly(total, part);
  if (exact) return exact;
  return total.constant === undefined ? floorDivide(total, part) : null;
}

function flatten(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  if (!shape) return [tensor(op.dtype(0), [null, null])];
  const axis = op.int('axis', 1);
  const at = axis < 0 ? axis + shape.length : axis;
  if (at < 0 || at > shape.length) return [tensor(op.dtype(0), [null, null])];
  return [tensor(op.dtype(0), [productOf(shape.slice(0, at)), productOf(shape.slice(at))])];
}

/** Axes given by an input since opset 13, by an attribute before. */
function axesOf(op: Operation): readonly number[] | undefined {
  return op.has(1) ? op.numbers(1) : op.ints('axes');
}

function squeeze(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const given = op.has(1) || op.node.attributes.has('axes');
  const axes = axesOf(op);
  if (!shape || (given && !axes)) {
    const count = op.shape(1)?.[0]?.constant;
    const known = shape && count !== undefined && count <= shape.length;
    return [tensor(op.dtype(0), known ? unknownAxes(shape.length - count) : undefined)];
  }
  if (!given) {
    if (shape.some((axis) => axis?.constant === undefined)) return [tensor(op.dtype(0), undefined)];
    return [
      tensor(
        op.dtype(0),
        shape.filter((axis) => !isConstant(axis, 1)),
        op.value(0),
      ),
    ];
  }
  const gone = axesIn(shape.length, axes!);
  const result = gone && shape.filter((_, index) => !gone.includes(index));
  return [tensor(op.dtype(0), result, op.value(0))];
}

function unsqueeze(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const axes = axesOf(op);
  if (!shape || !axes) {
    const count = axes?.length ?? op.shape(1)?.[0]?.constant;
    const rank = shape && count !== undefined && count <= maxValueLength ? shape.length + count : undefined;
    return [tensor(op.dtype(0), rank === undefined ? undefined : unknownAxes(rank))];
  }
  const rank = shape.length + axes.length;
  const added = axesIn(rank, axes);
  if (!added || new Set(added).size !== added.length) return [tensor(op.dtype(0), undefined)];
  let next = 0;
  const result = Array.from({ length: rank }, (_, index) => (added.includes(index) ? constantDim(1) : shape[next++]!));
  return [tensor(op.dtype(0), result, op.value(0))];
}

function transpose(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const order = op.ints('perm');
  if (!shape) return [tensor(op.dtype(0), order && unknownAxes(order.length))];
  const result = order ? order.map((axis) => shape[axis] ?? null) : shape.toReversed();
  return [tensor(op.dtype(0), result, transposedValue(op, shape))];
}

/** Lists stay as they are; a table is read column by column. */
function transposedValue(op: Operation, shape: Shape): Shape | undefined {
  const value = op.value(0);
  if (shape.length <= 1 || !value) return value;
  const [rows, columns] = [shape[0]?.constant, shape[1]?.constant];
  const order = op.ints('perm') ?? [1, 0];
  if (shape.length !== 2 || !rows || !columns || rows * columns !== value.length) return undefined;
  if (order[0] === 0) return value;
  return value.map((_, at) => value[(at % rows) * columns + Math.floor(at / rows)] ?? null);
}

function expand(op: Operation): readonly ValueFacts[] {
  const from = op.shape(0);
  const target =
    op.value(1) ?? (op.shape(1)?.[0]?.constant === undefined ? undefined : boundedAxes(op.shape(1)![0]!.constant!));
  if (!from || !target) return [tensor(op.dtype(0), undefined)];
  const shape = broadcastTo(from, target);
  const value = op.value(0);
  const count = shape.length === 1 ? shape[0]?.constant : undefined;
  const stretched =
    value?.length === 1 && count !== undefined && count <= maxValueLength ? new Array(count).fill(value[0]) : undefined;
  return [tensor(op.dtype(0), shape, shape.length === 0 || value?.length === count ? value : stretched)];
}

const boundedAxes = (rank: number): Shape | undefined => (rank <= maxValueLength ? unknownAxes(rank) : undefined);

function broadcastTo(from: Shape, target: Shape): Shape {
  const rank = Math.max(from.length, target.length);
  return Array.from({ length: rank }, (_, index) => {
    const a = from[index - (rank - from.length)];
    const b = target[index - (rank - target.length)];
    if (a === undefined || b === undefined) return a ?? b ?? null;
    return broadcastAxis(a, b);
  });
}

function tile(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  if (op.opset < 6) return [tensor(op.dtype(0), shape && unknownAxes(shape.length))];
  const repeats = op.value(1);
  if (!shape || !repeats) return [tensor(op.dtype(0), shape && unknownAxes(shape.length))];
  const result = shape.map((axis, index) => multiplyDims(axis, repeats[index] ?? null));
  const unchanged = repeats.every((each) => isConstant(each, 1));
  return [tensor(op.dtype(0), result, unchanged ? op.value(0) : undefined)];
}

function depthToSpace(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const block = constantDim(op.int('blocksize', 0));
  if (shape?.length !== 4) return [tensor(op.dtype(0), unknownAxes(4))];
  const [batch, channels, height, width] = shape as [Axis, Axis, Axis, Axis];
  const toSpace = op.node.opType === 'DepthToSpace';
  const square = multiplyDims(block, block);
  const scale = (axis: Axis) => (toSpace ? multiplyDims(axis, block) : floorDivide(axis, block));
  const depth = toSpace ? floorDivide(channels, square) : multiplyDims(channels, square);
  return [tensor(op.dtype(0), [batch ?? null, depth, scale(height), scale(width)])];
}

function concat(op: Operation): readonly ValueFacts[] {
  const dtype = op.inputs.find((each) => each.dtype)?.dtype;
  const shapes = op.inputs.map(({ shape }) => shape);
  const rank = shapes.find((shape) => shape)?.length;
  const axis = rank === undefined ? undefined : axisIn(rank, op.int('axis', op.opset < 4 ? 1 : 0));
  if (rank === undefined || axis === undefined) return [tensor(dtype, undefined)];
  const result = Array.from({ length: rank }, (_, index): Axis => {
    if (index === axis) return shapes.reduce<Axis>((sum, shape) => addDims(sum, shape?.[axis] ?? null), constantDim(0));
    const known = shapes.map((shape) => shape?.[index] ?? null);
    return known.find((each) => each?.constant !== undefined) ?? known.find((each) => each !== null) ?? null;
  });
  const values = op.inputs.map((each) => each.value ?? partialValue(each));
  const value = rank === 1 && values.every((each) => each) ? values.flatMap((each) => each!) : undefined;
  return [tensor(dtype, result, value)];
}

/** Unknown elements of a list of known length: what it is put beside stays known. */
function partialValue({ shape }: ValueFacts): Shape | undefined {
  const length = shape?.length === 1 ? shape[0]?.constant : undefined;
  return length !== undefined && length <= maxValueLength ? unknownAxes(length) : undefined;
}

export const shapeRules: Rules = {
  Shape: shapeOf,
  Size: sizeOf,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: depthToSpace,
  Concat: concat,
};
