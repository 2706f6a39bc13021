import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../graph/attribute.ts';
import type { DataType } from '../graph/data-type.ts';
import type { Node, Tensor } from '../graph/model.ts';
import { type Axis, constantDim, sameDim, subtractDims } from './dim.ts';
import type { ValueFacts } from './facts.ts';
import { isFollowed, smallNumbers } from './tensor-value.ts';

/** Nothing is known. */
export const unknown: ValueFacts = { kind: 'unknown' };

export type Shape = readonly Axis[];

/**
 * Facts about the outputs of an operator, in their order; those left out are unknown. A rule says only what holds for
 * every input that the operator accepts, and says it from what is given: it never guesses.
 */
export type Rule = (op: Operation) => readonly ValueFacts[];

/** Rules by operator, without the domain. */
export type Rules = Readonly<Record<string, Rule>>;

/** A node with what is known of its inputs: what a rule gets to see. */
export class Operation {
  readonly node: Node;
  /** Version of the operator set that the node belongs to. */
  readonly opset: number;
  readonly inputs: readonly ValueFacts[];
  private readonly constants: (name: string) => Tensor | undefined;

  constructor(
    node: Node,
    opset: number,
    inputs: readonly ValueFacts[],
    constants: (name: string) => Tensor | undefined,
  ) {
    this.node = node;
    this.opset = opset;
    this.inputs = inputs;
    this.constants = constants;
  }

  /** This operation with other inputs, for an operator that works as another one does on a part of them. */
  withInputs(node: Node, inputs: readonly ValueFacts[]): Operation {
    return new Operation(node, this.opset, inputs, this.constants);
  }

  /** True when the input is given. */
  has(index: number): boolean {
    return (this.node.inputs[index] ?? '') !== '';
  }

  input(index: number): ValueFacts {
    return this.inputs[index] ?? unknown;
  }

  shape(index: number): Shape | undefined {
    return this.inputs[index]?.shape;
  }

  dtype(index: number): DataType | undefined {
    return this.inputs[index]?.dtype;
  }

  rank(index: number): number | undefined {
    return this.inputs[index]?.shape?.length;
  }

  /** The elements of a small input, each possibly symbolic or unknown. */
  value(index: number): Shape | undefined {
    return this.inputs[index]?.value;
  }

  /** The elements of a small constant or computed input, when all are known numbers. */
  numbers(index: number): readonly number[] | undefined {
    const value = this.value(index);
    if (value) return allConstant(value);
    const tensor = this.has(index) ? this.constants(this.node.inputs[index]!) : undefined;
    return tensor && isFollowed(tensor.dtype) ? smallNumbers(tensor) : undefined;
  }

  /** The tensor behind an input, when it is a constant of the graph. */
  tensor(index: number): Tensor | undefined {
    return this.has(index) ? this.constants(this.node.inputs[index]!) : undefined;
  }

  int(name: string, fallback: number): number;
  int(name: string): number | undefined;
  int(name: string, fallback?: number): number | undefined {
    return intAttribute(this.node, name) ?? fallback;
  }

  ints(name: string): readonly number[] | undefined {
    return intsAttribute(this.node, name);
  }

  float(name: string, fallback: number): number {
    return floatAttribute(this.node, name, fallback);
  }

  string(name: string, fallback: string): string {
    return stringAttribute(this.node, name, fallback);
  }
}

/** A tensor of this type and shape; either may be unknown. */
export function tensor(dtype: DataType | undefined, shape: Shape | undefined, value?: Shape): ValueFacts {
  return {
    kind: 'tensor',
    ...(dtype ? { dtype } : {}),
    ...(shape ? { shape } : {}),
    ...(value && shape && value.length <= maxValueLength ? { value } : {}),
  };
}

/** Longest tensor whose elements are followed. */
export const maxValueLength = 64;

export const constants = (...dims: readonly number[]): Shape => dims.map(constantDim);

/** The axes as numbers, when all are constants. */
export function allConstant(axes: Shape): readonly number[] | undefined {
  const numbers: number[] = [];
  for (const axis of axes) {
    if (axis?.constant === undefined) return undefined;
    numbers.push(axis.constant);
  }
  return numbers;
}

/** A shape of this rank with every axis unknown. */
export const unknownAxes = (rank: number): Shape => new Array<Axis>(rank).fill(null);

/** An axis counted from the end made one from the start; undefined when it lies outside. */
export function axisIn(rank: number, axis: number): number | undefined {
  const from = axis < 0 ? axis + rank : axis;
  return Number.isInteger(from) && from >= 0 && from < rank ? from : undefined;
}

/** All `axes` of a tensor of `rank`; undefined when one lies outside. */
export function axesIn(rank: number, axes: readonly number[]): readonly number[] | undefined {
  const found = axes.map((axis) => axisIn(rank, axis));
  return found.every((axis) => axis !== undefined) ? found : undefined;
}

/** The shape with one axis put in the place of another. */
export function withAxis(shape: Shape, index: number, axis: Axis): Shape {
  const result = shape.slice();
  result[index] = axis;
  return result;
}

/** The axis that two equal axes make: whichever is known. */
export function mergeAxis(a: Axis, b: Axis): Axis {
  if (a === null) return b;
  return b?.constant !== undefined && a.constant === undefined ? b : a;
}

/** Numpy broadcasting of two axes; null when the outcome depends on what is not known. */
export function broadcastAxis(a: Axis, b: Axis): Axis {
  if (a?.constant === 1) return b;
  if (b?.constant === 1) return a;
  if (sameDim(a, b)) return a;
  if (a?.constant !== undefined) return b?.constant === undefined ? a : null;
  if (b?.constant !== undefined) return b;
  return isCutTo(a, b) ? a : isCutTo(b, a) ? b : null;
}

/**
 * True when `part` is min(size, c) for a constant c of 2 or more, as a table of c positions cut to a sequence's length
 * has: both are 1 together, so wherever they may be broadcast they are equal.
 */
function isCutTo(size: Axis, part: Axis): boolean {
  const cut = subtractDims(size, part);
  if (size === null || cut === null || cut.terms.size !== 1) return false;
  const limit = /^max\(0, (.*) - (\d+)\)$/.exec(cut.key);
  return limit?.[1] === size.key && Number(limit[2]) >= 2;
}

/** Numpy broadcasting of shapes; undefined when a rank is unknown. */
export function broadcast(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  let result: Shape = [];
  for (const shape of shapes) {
    if (!shape) return undefined;
    if (shape !== result) result = broadcastPair(shape, result);
  }
  return result;
}

function broadcastPair(a: Shape, b: Shape): Shape {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const offset = long.length - short.length;
  return long.map((axis, index) => (index < offset ? axis : broadcastAxis(axis, short[index - offset]!)));
}

/** Type and shape of input `index`, for operators that keep both. */
export const same =
  (index = 0): Rule =>
  (op) => [tensor(op.dtype(index), op.shape(index))];

/** Shape of the first input with a fixed element type. */
export const sameShape =
  (dtype: DataType): Rule =>
  (op) => [tensor(dtype, op.shape(0))];

/** One rule for several operators. */
export function forEach(names: string, rule: Rule): Rules {
  return Object.fromEntries(names.split(' ').map((name) => [name, rule]));
}
