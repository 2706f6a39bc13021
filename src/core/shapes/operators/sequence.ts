/** Sequences, optionals and maps. */
import type { DataType } from '../../graph/data-type.ts';
import type { ValueType } from '../../graph/model.ts';
import { type Axis, constantDim, sameDim } from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import { axisIn, type Operation, type Rules, type Shape, tensor, unknown, withAxis } from '../operation.ts';

const sequenceOf = (element: ValueFacts): ValueFacts => ({ kind: 'sequence', element });

/** What holds of both: equal axes stay, others become unknown. */
export function commonFacts(a: ValueFacts, b: ValueFacts): ValueFacts {
  if (a === b) return a;
  if (a.kind !== b.kind) return unknown;
  if (a.kind !== 'tensor' && a.kind !== 'sparse-tensor') {
    return a.element && b.element && a.kind !== 'unknown'
      ? { kind: a.kind, element: commonElement(a.element, b.element) }
      : { kind: a.kind };
  }
  return commonElement(a, b);
}

function commonElement(a: ValueFacts, b: ValueFacts): ValueFacts {
  if (a === b) return a;
  const shape: Shape | undefined =
    a.shape && b.shape && a.shape.length === b.shape.length
      ? a.shape.map((axis, index): Axis => (sameDim(axis, b.shape![index]) ? axis : null))
      : undefined;
  const value =
    shape && a.value && b.value && a.value.length === b.value.length
      ? a.value.map((axis, index): Axis => (sameDim(axis, b.value![index]) ? axis : null))
      : undefined;
  return tensor(a.dtype === b.dtype ? a.dtype : undefined, shape, value);
}

/** An element without its value: another element of the same sequence has another. */
const typeOf = (facts: ValueFacts): ValueFacts => (facts.kind === 'tensor' ? tensor(facts.dtype, facts.shape) : facts);

function elementOf(op: Operation, index = 0): ValueFacts {
  return op.input(index).element ?? unknown;
}

const construct = (op: Operation): readonly ValueFacts[] => [
  sequenceOf(op.inputs.map(typeOf).reduce((a, b) => commonFacts(a, b), typeOf(op.input(0)))),
];

/** Inserting keeps what old and new elements share. A sequence known to be empty has no element. */
function insert(op: Operation): readonly ValueFacts[] {
  const before = op.input(0).element;
  return [sequenceOf(before ? commonFacts(before, typeOf(op.input(1))) : unknown)];
}

function splitToSequence(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const axis = shape && axisIn(shape.length, op.int('axis', 0));
  if (!shape || axis === undefined) return [sequenceOf(tensor(op.dtype(0), undefined))];
  if (!op.has(1)) {
    const keep = op.int('keepdims', 1) !== 0;
    const one = keep ? withAxis(shape, axis, constantDim(1)) : shape.filter((_, index) => index !== axis);
    return [sequenceOf(tensor(op.dtype(0), one))];
  }
  const parts = op.rank(1) === 0 ? undefined : op.value(1);
  const equal = parts?.every((each) => sameDim(each, parts[0]));
  return [sequenceOf(tensor(op.dtype(0), withAxis(shape, axis, equal ? (parts![0] ?? null) : null)))];
}

function concatFromSequence(op: Operation): readonly ValueFacts[] {
  const { dtype, shape } = elementOf(op);
  const stacked = op.int('new_axis', 0) !== 0;
  const rank = shape && shape.length + (stacked ? 1 : 0);
  const axis = rank === undefined ? undefined : axisIn(rank, op.int('axis', 0));
  if (!shape || axis === undefined) return [tensor(dtype, undefined)];
  const result = stacked ? [...shape.slice(0, axis), null, ...shape.slice(axis)] : withAxis(shape, axis, null);
  return [tensor(dtype, result)];
}

/** What a declared type says; `axis` turns its dims into axes. */
export function factsOfType(
  type: ValueType | undefined,
  axis: (dim: number | string | null, index: number) => Axis,
): ValueFacts {
  const wrappers: ('sequence' | 'optional')[] = [];
  let inner = type;
  while (inner && (inner.kind === 'sequence' || inner.kind === 'optional')) {
    wrappers.push(inner.kind);
    inner = inner.element;
  }
  let facts: ValueFacts = unknown;
  if (inner?.kind === 'tensor' || inner?.kind === 'sparse-tensor') {
    const dtype: DataType | undefined = inner.dtype === 'undefined' ? undefined : inner.dtype;
    const shape = inner.shape?.map((dim, index) =>
      wrappers.length > 0 && typeof dim !== 'number' ? null : axis(dim, index),
    );
    facts = { ...tensor(dtype, shape), kind: inner.kind };
  } else if (inner?.kind === 'map') facts = { kind: 'map' };
  for (const kind of wrappers.reverse()) facts = { kind, element: facts };
  return facts;
}

export const sequenceRules: Rules = {
  SequenceConstruct: construct,
  SequenceEmpty: () => [{ kind: 'sequence' }],
  SequenceAt: (op) => [elementOf(op)],
  SequenceInsert: insert,
  SequenceErase: (op) => [op.input(0)],
  SequenceLength: () => [tensor('int64', [])],
  SplitToSequence: splitToSequence,
  ConcatFromSequence: concatFromSequence,
  Optional: (op) => [{ kind: 'optional', element: op.has(0) ? op.input(0) : unknown }],
  OptionalGetElement: (op) => [op.input(0).kind === 'optional' ? elementOf(op) : op.input(0)],
  OptionalHasElement: () => [tensor('bool', [])],
};
