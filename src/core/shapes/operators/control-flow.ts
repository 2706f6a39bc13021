/** Operators with bodies. A body is inferred with what is known of its inputs, a loop again until that holds for every iteration. */
import type { GraphView } from '../../graph/view.ts';
import type { Axis } from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import { type Operation, type Shape, tensor, unknown } from '../operation.ts';
import { commonFacts } from './sequence.ts';

/** Facts about the inputs of each body that is to be inferred. */
export interface BodyInputs {
  readonly body: GraphView;
  readonly inputs: readonly ValueFacts[];
}

/** How facts go into the bodies of a node and come out of them. */
export interface BodyRule {
  readonly enter: (op: Operation, bodies: readonly GraphView[]) => readonly BodyInputs[];
  /** The node's outputs, or other inputs to infer the bodies with once more. */
  readonly leave: (
    op: Operation,
    entered: readonly BodyInputs[],
    results: readonly (readonly ValueFacts[])[],
  ) => { readonly outputs: readonly ValueFacts[] } | { readonly again: readonly BodyInputs[] };
}

const withoutValue = (facts: ValueFacts): ValueFacts => {
  if (!facts.value) return facts;
  const { value: _, ...rest } = facts;
  return rest;
};

const branches: BodyRule = {
  enter: (op, bodies) => {
    const known = op.value(0)?.[0]?.constant;
    const taken = known === undefined ? undefined : known ? 'then_branch' : 'else_branch';
    return bodies
      .filter((body) => taken === undefined || body.owner?.attribute === taken)
      .map((body) => ({ body, inputs: [] }));
  },
  leave: (op, _entered, results) => ({
    outputs: op.node.outputs.map((_, index) =>
      results
        .map((outputs) => outputs[index] ?? unknown)
        .reduce((a, b) => commonFacts(a, b), results[0]?.[index] ?? unknown),
    ),
  }),
};

/**
 * Loop-carried values: assumed to look in every iteration as they do in the first; where the body gives something else,
 * only what both share is assumed and the body inferred once more.
 */
function widened(assumed: readonly ValueFacts[], given: readonly ValueFacts[]): readonly ValueFacts[] | undefined {
  let changed = false;
  const next = assumed.map((facts, index) => {
    const common = withoutValue(commonFacts(facts, given[index] ?? unknown));
    const kept =
      common.kind === facts.kind &&
      common.dtype === facts.dtype &&
      shapeKey(common.shape) === shapeKey(facts.shape) &&
      facts.kind !== 'sequence' &&
      facts.kind !== 'optional';
    if (kept || sameNesting(common, facts)) return facts;
    changed = true;
    return common;
  });
  return changed ? next : undefined;
}

const shapeKey = (shape: Shape | undefined): string => shape?.map((axis) => axis?.key ?? '?').join() ?? 'none';

function sameNesting(a: ValueFacts, b: ValueFacts): boolean {
  return (
    a.kind === b.kind &&
    (a.kind === 'sequence' || a.kind === 'optional') &&
    a.element?.kind === b.element?.kind &&
    a.element?.dtype === b.element?.dtype &&
    shapeKey(a.element?.shape) === shapeKey(b.element?.shape)
  );
}

/** A value of one iteration put on a new axis for all of them. */
function stacked(facts: ValueFacts, axis: number, count: Axis): ValueFacts {
  const { dtype, shape } = facts;
  if (!shape) return tensor(dtype, undefined);
  const at = axis < 0 ? axis + shape.length + 1 : axis;
  return tensor(dtype, [...shape.slice(0, at), count, ...shape.slice(at)]);
}

/** Loop: inputs M, condition, carried values; the body gets the iteration number, the condition and the carried values. */
const loop: BodyRule = {
  enter: (op, [body]) => {
    const scalar = (dtype: 'int64' | 'bool') => tensor(dtype, []);
    const carried = op.inputs.slice(2).map(withoutValue);
    return body ? [{ body, inputs: [scalar('int64'), scalar('bool'), ...carried] }] : [];
  },
  leave: (_op, entered, results) => {
    const { body, inputs } = entered[0] ?? {};
    const outputs = results[0];
    if (!body || !inputs || !outputs) return { outputs: [] };
    const carried = inputs.slice(2);
    const next = widened(carried, outputs.slice(1, 1 + carried.length));
    if (next) return { again: [{ body, inputs: [...inputs.slice(0, 2), ...next] }] };
    const scanned = outputs.slice(1 + carried.length);
    return { outputs: [...carried, ...scanned.map((facts) => stacked(withoutValue(facts), 0, null))] };
  },
};

/** Scan (opset 9 and later): states first, then inputs that are read slice by slice. */
const scan: BodyRule = {
  enter: (op, [body]) => {
    if (!body) return [];
    const slices = op.int('num_scan_inputs', 0);
    const states = op.inputs.length - slices;
    if (op.opset < 9 || states < 0) return [{ body, inputs: body.inputs.map(() => unknown) }];
    const axes = op.ints('scan_input_axes');
    const inputs = op.inputs.map((facts, index) => {
      if (index < states) return withoutValue(facts);
      const axis = axes?.[index - states] ?? 0;
      const { shape } = facts;
      const at = shape && (axis < 0 ? axis + shape.length : axis);
      return tensor(
        facts.dtype,
        shape?.filter((_, each) => each !== at),
      );
    });
    return [{ body, inputs }];
  },
  leave: (op, entered, results) => {
    const { body, inputs } = entered[0] ?? {};
    const outputs = results[0];
    if (!body || !inputs || !outputs || op.opset < 9) return { outputs: [] };
    const states = op.inputs.length - op.int('num_scan_inputs', 0);
    const next = widened(inputs.slice(0, states), outputs.slice(0, states));
    if (next) return { again: [{ body, inputs: [...next, ...inputs.slice(states)] }] };
    const axes = op.ints('scan_output_axes');
    const length = sequenceLength(op, states);
    const scanned = outputs
      .slice(states)
      .map((facts, index) => stacked(withoutValue(facts), axes?.[index] ?? 0, length));
    return { outputs: [...inputs.slice(0, states), ...scanned] };
  },
};

function sequenceLength(op: Operation, states: number): Axis {
  const shape = op.shape(states);
  const axis = op.ints('scan_input_axes')?.[0] ?? 0;
  return shape?.[axis < 0 ? axis + shape.length : axis] ?? null;
}

/** SequenceMap: the body sees one element of each sequence. */
const sequenceMap: BodyRule = {
  enter: (op, [body]) =>
    body
      ? [{ body, inputs: op.inputs.map((facts) => (facts.kind === 'sequence' ? (facts.element ?? unknown) : facts)) }]
      : [],
  leave: (_op, _entered, results) => ({
    outputs: (results[0] ?? []).map((facts) => ({ kind: 'sequence', element: withoutValue(facts) })),
  }),
};

export const bodyRules: Readonly<Record<string, BodyRule>> = {
  If: branches,
  Loop: loop,
  Scan: scan,
  SequenceMap: sequenceMap,
};
