import { english } from '../english.ts';
import { intAttribute, intsAttribute, stringAttribute } from '../graph/attribute.ts';
import { dataTypeCode, isInteger } from '../graph/data-type.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { axisFromFront, keepsDims, permutationOf, reducedAxes, sliceRange } from './operands.ts';
import type { Pass } from './pass.ts';
import { constantValue, dtypeOf, fromFront, rankOf, sameShapes, shapeOf } from './shape-facts.ts';
import { constantNumbers, constantScalar } from './tensors.ts';
import { defaultOpset, forEachNode, hasInput } from './visit.ts';

/**
 * `y = Reshape(x, [2, 3]); z = Relu(y)` with `x` of shape [2, 3]
 * becomes `z = Relu(x)`. So for every operator in `rules`: each answers whether the first output is the first input.
 */
export const eliminateNoOp: Pass = {
  name: 'eliminate-no-op',
  title: english`Remove operations without effect`,
  summary: english`Removes reshapes to the same shape, casts to the same type, full slices, zero pads, inactive dropouts, pools and reductions of single elements and the like.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(Object.keys(rules)), (node, graph) => {
      const [input] = node.inputs;
      const [output] = node.outputs;
      if (!input || !output || !graph.canReplaceValue(output, input)) return;
      if (
        node.outputs.slice(1).some((each) => each !== '' && (graph.isOutput(each) || graph.consumers(each).length > 0))
      )
        return;
      const why = rules[node.opType]!({ node, graph, facts, input, output });
      if (!why) return;
      graph.rewrite(node, why, (edit) => {
        edit.remove(node);
        edit.replaceValue(output, input);
      });
    });
  },
};

interface Candidate {
  readonly node: Node;
  readonly graph: GraphDraft;
  readonly facts: Facts;
  readonly input: string;
  readonly output: string;
}

/** Why the first output is the first input; undefined when it is not, or that is not known. */
type Rule = (candidate: Candidate) => string | undefined;

/** For operators that only move elements in order: an equal shape is an equal value. */
const keepsShape: Rule = ({ graph, facts, input, output }) =>
  sameShapes(shapeOf(facts, graph, input), shapeOf(facts, graph, output))
    ? english`Input and output have the same shape.`
    : undefined;

const singleInput: Rule = ({ node }) => (node.inputs.length === 1 ? english`It has a single input.` : undefined);

const blocksOfOne: Rule = ({ node }) =>
  intAttribute(node, 'blocksize') === 1 ? english`Its blocks are single elements.` : undefined;

/** A pool whose windows are single elements, one after the other. */
const window: Rule = ({ node }) => {
  const is = (name: string, wanted: number) => (intsAttribute(node, name) ?? [wanted]).every((each) => each === wanted);
  const single = node.attributes.has('kernel_shape') && is('kernel_shape', 1) && is('strides', 1) && is('pads', 0);
  return single ? english`Its windows are single elements.` : undefined;
};

/** A reduction that keeps its axes, which all have one element. */
const singleElements: Rule = ({ node, graph, facts, input }) => {
  const shape = shapeOf(facts, graph, input);
  const axes = reducedAxes(graph, node) ?? [];
  const single = shape && axes.every((axis) => shape[fromFront(axis, shape.length)]?.constant === 1);
  return single && axes.length > 0 && keepsDims(node) ? english`It reduces single elements.` : undefined;
};

const rules: Readonly<Record<string, Rule>> = {
  Reshape: keepsShape,
  Flatten: keepsShape,
  // With axes it takes axes away, whatever is declared of its input.
  Squeeze: (candidate) =>
    hasInput(candidate.node, 1) || candidate.node.attributes.has('axes') ? undefined : keepsShape(candidate),
  Expand: keepsShape,
  Concat: singleInput,
  Sum: singleInput,
  Max: singleInput,
  Min: singleInput,
  Mean: singleInput,
  Split: ({ node, graph, facts, input, output }) =>
    node.outputs.length === 1 ? keepsShape({ node, graph, facts, input, output }) : undefined,
  Cast: ({ node, graph, facts, input }) => {
    const dtype = dtypeOf(facts, graph, input);
    const same = dtype !== undefined && intAttribute(node, 'to') === dataTypeCode(dtype);
    return same ? english`The input is ${dtype} already.` : undefined;
  },
  CastLike: ({ node, graph, facts, input }) => {
    const dtype = dtypeOf(facts, graph, input);
    return dtype !== undefined && dtype === dtypeOf(facts, graph, node.inputs[1])
      ? english`The input is ${dtype} already.`
      : undefined;
  },
  // Of floats a bound left out is the largest finite number, which ±∞ is clipped to.
  Clip: ({ node, graph, facts, input }) => {
    const bounded = hasInput(node, 1) || hasInput(node, 2) || node.attributes.has('min') || node.attributes.has('max');
    const dtype = dtypeOf(facts, graph, input);
    return bounded || !dtype || !isInteger(dtype) ? undefined : english`It has no bounds.`;
  },
  Dropout: ({ node, graph }) => {
    if (defaultOpset(graph) < 7) return undefined;
    const training = hasInput(node, 2) ? constantScalar(graph, node.inputs[2]) : 0;
    if (training === 0) return english`Dropout does nothing outside training.`;
    return hasInput(node, 1) && constantScalar(graph, node.inputs[1]) === 0 ? english`It drops nothing.` : undefined;
  },
  DepthToSpace: blocksOfOne,
  SpaceToDepth: blocksOfOne,
  AveragePool: window,
  MaxPool: window,
  ReduceMax: singleElements,
  ReduceMean: singleElements,
  ReduceMin: singleElements,
  ReduceProd: singleElements,
  ReduceSum: singleElements,
  Gather: ({ node, graph, facts, input }) => {
    const axis = axisFromFront(graph, facts, node, 0);
    const indices = constantNumbers(graph, node.inputs[1]);
    const shape = shapeOf(facts, graph, input);
    const all = indices?.every((each, at) => each === at || each === at - indices.length);
    if (!all || axis === undefined || rankOf(facts, graph, node.inputs[1]) !== 1) return undefined;
    return shape?.[axis]?.constant === indices?.length ? english`It takes everything in order.` : undefined;
  },
  Resize: (candidate) => {
    const { node, graph, facts, input, output } = candidate;
    if (stringAttribute(node, 'coordinate_transformation_mode') === 'tf_crop_and_resize') return undefined;
    const scales = constantNumbers(graph, node.inputs[defaultOpset(graph) >= 11 ? 2 : 1]);
    const given =
      hasInput(node, 3) || (scales !== undefined && scales.length > 0 && scales.every((each) => each === 1));
    return given && sameShapes(shapeOf(facts, graph, input), shapeOf(facts, graph, output))
      ? english`It keeps every size.`
      : undefined;
  },
  Pad: ({ node, graph, facts }) => {
    const pads = padsOf(node, graph, facts);
    return pads?.every((pad) => pad === 0) ? english`It pads nothing.` : undefined;
  },
  Slice: (candidate) => {
    const range = sliceRange(candidate.facts, candidate.graph, candidate.node);
    const steps = range ? range.steps : hasInput(candidate.node, 4) ? undefined : [1];
    return steps?.every((step) => step === 1) && keepsShape(candidate) ? english`It takes the whole input.` : undefined;
  },
  Tile: ({ node, graph, facts }) => {
    const repeats = constantValue(facts, graph, node.inputs[1]);
    return repeats?.every((repeat) => repeat === 1) ? english`It repeats nothing.` : undefined;
  },
  Transpose: ({ node, graph, facts, input }) => {
    const permutation = permutationOf(node, rankOf(facts, graph, input));
    return permutation?.every((axis, index) => axis === index) ? english`It keeps the order of the axes.` : undefined;
  },
};

function padsOf(node: Node, graph: GraphDraft, facts: Facts): readonly number[] | undefined {
  if (defaultOpset(graph) >= 11) return constantValue(facts, graph, node.inputs[1]);
  const attribute = node.attributes.get('pads') ?? node.attributes.get('paddings');
  return attribute?.type === 'ints' ? attribute.value.map(Number) : undefined;
}
