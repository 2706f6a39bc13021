/** Questions that passes ask of the facts. Every answer `true` or `defined` holds for all sizes of the symbols. */
import type { DataType } from '../graph/data-type.ts';
import type { GraphView } from '../graph/view.ts';
import { type Axis, sameDim } from '../shapes/dim.ts';
import type { Facts } from '../shapes/facts.ts';
import { constantScalar } from './tensors.ts';

export type KnownShape = readonly Axis[];

/** The shape of a value; undefined when its rank is not known or the input is left out. */
export function shapeOf(facts: Facts, graph: GraphView, value: string | undefined): KnownShape | undefined {
  return value ? facts.of(graph, value).shape : undefined;
}

export function rankOf(facts: Facts, graph: GraphView, value: string | undefined): number | undefined {
  return shapeOf(facts, graph, value)?.length;
}

export function dtypeOf(facts: Facts, graph: GraphView, value: string | undefined): DataType | undefined {
  return value ? facts.of(graph, value).dtype : undefined;
}

/** The sizes of all axes, when all are constants. */
export function staticShape(facts: Facts, graph: GraphView, value: string | undefined): number[] | undefined {
  return allConstants(shapeOf(facts, graph, value));
}

/** The elements of a small integer value, when all are constants. */
export function constantValue(facts: Facts, graph: GraphView, value: string | undefined): number[] | undefined {
  return value ? allConstants(facts.of(graph, value).value) : undefined;
}

function allConstants(axes: KnownShape | undefined): number[] | undefined {
  const numbers = axes?.map((axis) => axis?.constant);
  return numbers?.every((each) => each !== undefined) ? numbers : undefined;
}

/** True when both shapes are known and equal axis by axis. */
export function sameShapes(a: KnownShape | undefined, b: KnownShape | undefined): boolean {
  return (
    a !== undefined && b !== undefined && a.length === b.length && a.every((axis, index) => sameDim(axis, b[index]))
  );
}

/** True when a value of shape `b` broadcast with one of shape `a` has shape `a`. */
export function broadcastsInto(b: KnownShape | undefined, a: KnownShape | undefined): boolean {
  if (!a || !b || b.length > a.length) return false;
  return b.every((axis, index) => axis?.constant === 1 || sameDim(axis, a[a.length - b.length + index]));
}

/** The one element of a constant that a value keeps its shape with when they broadcast. */
export function scalarWithin(
  facts: Facts,
  graph: GraphView,
  value: string | undefined,
  constant: string | undefined,
): number | undefined {
  const rank = constant ? graph.constant(constant)?.dims.length : undefined;
  if (rank === undefined || rank > (rankOf(facts, graph, value) ?? 0)) return undefined;
  return constantScalar(graph, constant);
}

/** An axis counted from the front. */
export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
