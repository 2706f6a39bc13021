/** What a node computes of transposed inputs, so that its outputs are transposed instead. */
import { intsAttribute } from '../graph/attribute.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Attribute, Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { addInts, axesOf, axisFromFront, keepsDims, reducedAxes, withAxes } from './operands.ts';
import { dtypeOf, fromFront, rankOf, staticShape } from './shape-facts.ts';
import { constantNumbers } from './tensors.ts';
import { broadcastsFromTheBack, defaultOpset, hasInput } from './visit.ts';

/** `v = Transpose(v', permutation)`: axis `i` of `v` is axis `permutation[i]` of `v'`. */
export type Permutation = readonly number[];

/** How a node reads `v'` instead of `v`. */
export interface TransposedNode {
  /** The inputs that it reads before the transpose; the others are read as they are. */
  readonly data: readonly number[];
  /** What its outputs are transposed by then. */
  readonly outputs: Permutation;
  /** Its other inputs from the second on and its attributes, where they name axes. */
  readonly adapt?: (edit: GraphEdit) => Pick<Node, 'attributes'> & { readonly parameters: readonly string[] };
}

/** Their results are the same bits wherever an element lies. */
const exactElementwise = new Set(
  (
    'Abs Add And BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast Ceil Clip Div Equal Floor Greater ' +
    'GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Max Min Mul Neg Not Or PRelu Relu Round Sign Sqrt Sub Where Xor'
  ).split(' '),
);
/** Their kernels compute the last few elements in another way than the others. */
const otherElementwise = new Set(
  (
    'Celu Cos Elu Erf Exp Gelu HardSigmoid HardSwish LeakyRelu Log Mean Mish Mod Pow Reciprocal Selu Sigmoid Sin ' +
    'Softplus Softsign Sum Tanh ThresholdedRelu'
  ).split(' '),
);

type Rule = (node: Node, graph: GraphDraft, facts: Facts, permutation: Permutation) => TransposedNode | undefined;

/** The node as one that reads its inputs before a transpose; undefined when it cannot. `exact`: with the same bits. */
export function transposedNode(
  node: Node,
  graph: GraphDraft,
  facts: Facts,
  permutation: Permutation,
  exact: boolean,
): TransposedNode | undefined {
  const { opType } = node;
  if (node.domain !== '') return undefined;
  const rules = exact ? exactRules : allRules;
  if (exactElementwise.has(opType) || (!exact && otherElementwise.has(opType)))
    return elementwise(node, graph, facts, permutation);
  // Even a maximum: whether a NaN is one depends on where its kernel meets it.
  if (!exact && /^(?:Reduce|Arg)/.test(opType)) return reduction(node, graph, facts, permutation);
  return Object.hasOwn(rules, opType) ? rules[opType]!(node, graph, facts, permutation) : undefined;
}

const elementwise: Rule = (node, graph, facts, permutation) => {
  const several = node.inputs.length > 1 && node.opType !== 'Clip';
  if (several && !broadcastsFromTheBack(graph)) return undefined;
  const data: number[] = [];
  for (const [at, input] of node.inputs.entries()) {
    if (input === '' || hasOneElement(graph, facts, input, permutation.length)) continue;
    const rank = rankOf(facts, graph, input);
    const fits = graph.constant(input) ? rank !== undefined && rank <= permutation.length : rank === permutation.length;
    if (!fits) return undefined;
    data.push(at);
  }
  return { data, outputs: permutation };
};

/** A value of one element is the same however axes are ordered, unless the rank would grow by it. */
function hasOneElement(graph: GraphDraft, facts: Facts, value: string, rank: number): boolean {
  const shape = staticShape(facts, graph, value);
  return shape !== undefined && shape.length <= rank && shape.every((size) => size === 1);
}

/** A node with an attribute `axis` that keeps the rank. */
const along =
  (missing: number | undefined, every: boolean): Rule =>
  (node, graph, facts, permutation) => {
    const axis = axisFromFront(graph, facts, node, missing);
    if (axis === undefined) return undefined;
    const data = every ? node.inputs.map((_, at) => at) : [0];
    if (!data.every((at) => rankOf(facts, graph, node.inputs[at]) === permutation.length)) return undefined;
    const attributes = withInt(node, 'axis', permutation[axis]!);
    return { data, outputs: permutation, adapt: () => ({ parameters: every ? [] : node.inputs.slice(1), attributes }) };
  };

/** From opset 13 on over one axis. The kernel is made for the last one. */
const softmax: Rule = (node, graph, facts, permutation) => {
  const axis = axisFromFront(graph, facts, node, -1);
  const last = permutation.length - 1;
  if (defaultOpset(graph) < 13 || axis === undefined || (axis === last && permutation[axis] !== last)) return undefined;
  return along(-1, false)(node, graph, facts, permutation);
};

const reduction: Rule = (node, graph, _facts, permutation) => {
  const axes = reducedAxes(graph, node)?.map((axis) => fromFront(axis, permutation.length));
  if (!axes || axes.length === 0) return undefined;
  const mapped = axes.map((axis) => permutation[axis]!);
  return {
    data: [0],
    outputs: keepsDims(node) ? permutation : without(permutation, axes),
    adapt: (edit) => {
      if (node.opType.startsWith('Arg')) return { parameters: [], attributes: withInt(node, 'axis', mapped[0]!) };
      return hasInput(node, 1)
        ? { parameters: [addInts(graph, edit, `${node.inputs[0]}_axes`, mapped)], attributes: node.attributes }
        : { parameters: [], attributes: withInts(node, 'axes', mapped) };
    },
  };
};

/** The permutation of the axes that are left. */
function without(permutation: Permutation, axes: readonly number[]): Permutation {
  const left = permutation.filter((_, axis) => !axes.includes(axis));
  return left.map((axis) => left.filter((other) => other < axis).length);
}

const squeeze: Rule = (node, graph, _facts, permutation) => {
  const axes = axesOf(graph, node)?.map((axis) => fromFront(axis, permutation.length));
  if (!axes) return undefined;
  const mapped = axes.map((axis) => permutation[axis]!);
  return { data: [0], outputs: without(permutation, axes), adapt: (edit) => adaptAxes(graph, edit, node, mapped) };
};

/** New axes stay where they are, the others keep the order they have before the transpose. */
const unsqueeze: Rule = (node, graph, _facts, permutation) => {
  const given = axesOf(graph, node);
  if (!given) return undefined;
  const rank = permutation.length + given.length;
  const axes = given.map((axis) => fromFront(axis, rank));
  const old = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis));
  const outputs = Array.from({ length: rank }, (_, axis) =>
    axes.includes(axis) ? axis : old[permutation[old.indexOf(axis)]!]!,
  );
  return { data: [0], outputs, adapt: (edit) => adaptAxes(graph, edit, node, axes) };
};

function adaptAxes(graph: GraphDraft, edit: GraphEdit, node: Node, axes: readonly number[]) {
  const { inputs, attributes } = withAxes(graph, edit, node.inputs[0]!, axes);
  return { parameters: inputs.slice(1), attributes };
}

const pad: Rule = (node, graph, _facts, permutation) => {
  const rank = permutation.length;
  const asInput = defaultOpset(graph) >= 11;
  const pads = asInput ? constantNumbers(graph, node.inputs[1]) : intsAttribute(node, 'pads');
  if (pads?.length !== 2 * rank || hasInput(node, 3)) return undefined;
  const moved = new Array<number>(2 * rank);
  for (const [axis, to] of permutation.entries()) {
    moved[to] = pads[axis]!;
    moved[to + rank] = pads[axis + rank]!;
  }
  return {
    data: [0],
    outputs: permutation,
    adapt: (edit) =>
      asInput
        ? {
            parameters: [addInts(graph, edit, `${node.outputs[0]}_pads`, moved), ...node.inputs.slice(2)],
            attributes: node.attributes,
          }
        : { parameters: [], attributes: withInts(node, 'pads', moved) },
  };
};

const slice: Rule = (node, graph, facts, permutation) => {
  const asInput = defaultOpset(graph) >= 10;
  if (asInput && dtypeOf(facts, graph, node.inputs[1]) !== 'int64') return undefined;
  const given = asInput ? hasInput(node, 3) : node.attributes.has('axes');
  const stated = asInput ? constantNumbers(graph, node.inputs[3]) : intsAttribute(node, 'axes');
  const count = asInput ? staticShape(facts, graph, node.inputs[1])?.[0] : intsAttribute(node, 'starts')?.length;
  const axes = given ? stated : Array.from({ length: count ?? 0 }, (_, axis) => axis);
  if (!axes || count !== axes.length) return undefined;
  const mapped = axes.map((axis) => permutation[fromFront(axis, permutation.length)]!);
  return {
    data: [0],
    outputs: permutation,
    adapt: (edit) => {
      if (!asInput) return { parameters: [], attributes: withInts(node, 'axes', mapped) };
      const [, starts, ends] = node.inputs;
      const name = addInts(graph, edit, `${node.outputs[0]}_axes`, mapped);
      return { parameters: [starts!, ends!, name, ...node.inputs.slice(4)], attributes: node.attributes };
    },
  };
};

const exactRules: Readonly<Record<string, Rule>> = {
  Concat: along(undefined, true),
  Split: along(0, false),
  Pad: pad,
  Slice: slice,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
};
const allRules: Readonly<Record<string, Rule>> = { ...exactRules, Softmax: softmax, LogSoftmax: softmax };

function withInt(node: Node, name: string, value: number): ReadonlyMap<string, Attribute> {
  return new Map([...node.attributes, [name, { type: 'int', value: BigInt(value) }]]);
}

function withInts(node: Node, name: string, values: readonly number[]): ReadonlyMap<string, Attribute> {
  return new Map([...node.attributes, [name, { type: 'ints', value: values.map(BigInt) }]]);
}
