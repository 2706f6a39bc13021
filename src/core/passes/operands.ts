/** Parameters that newer operator sets take as inputs and older ones as attributes, read and written alike. */
import { intAttribute, intsAttribute } from '../graph/attribute.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Attribute, Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { constantValue, fromFront, rankOf } from './shape-facts.ts';
import { constantNumbers, int64Tensor } from './tensors.ts';
import { defaultOpset, hasInput } from './visit.ts';

/** Opset from which `axes` is an input of Squeeze and Unsqueeze. */
const axesAsInput = 13;

/** The axes of a Squeeze or Unsqueeze; undefined when they are not constants. A Squeeze without axes has none. */
export function axesOf(graph: GraphDraft, node: Node): readonly number[] | undefined {
  if (defaultOpset(graph) < axesAsInput) return intsAttribute(node, 'axes');
  return hasInput(node, 1) ? constantNumbers(graph, node.inputs[1]) : undefined;
}

/** Inputs and attributes for a Squeeze or Unsqueeze of `data` along `axes`. */
export function withAxes(
  graph: GraphDraft,
  edit: GraphEdit,
  data: string,
  axes: readonly number[],
): { inputs: string[]; attributes: ReadonlyMap<string, Attribute> } {
  if (defaultOpset(graph) < axesAsInput) {
    return { inputs: [data], attributes: new Map([['axes', { type: 'ints', value: axes.map(BigInt) }]]) };
  }
  return { inputs: [data, addInts(graph, edit, `${data}_axes`, axes)], attributes: new Map() };
}

/** Adds an int64 vector under a new name and gives the name. */
export function addInts(graph: GraphDraft, edit: GraphEdit, base: string, values: readonly number[]): string {
  const name = graph.freshName(base);
  edit.setInitializer(int64Tensor(name, values));
  return name;
}

/** Where a Slice begins and ends on each of its axes, when all is constant. */
export interface SliceRange {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly axes: readonly number[];
  readonly steps: readonly number[];
}

/** The parameters of a Slice; undefined when they are not all constants. */
export function sliceRange(facts: Facts, graph: GraphDraft, node: Node): SliceRange | undefined {
  const read = (index: number, attribute: string) => {
    if (defaultOpset(graph) < 10) return intsAttribute(node, attribute);
    return hasInput(node, index)
      ? (constantNumbers(graph, node.inputs[index]) ?? constantValue(facts, graph, node.inputs[index]))
      : undefined;
  };
  const starts = read(1, 'starts');
  const ends = read(2, 'ends');
  if (!starts || !ends || starts.length !== ends.length) return undefined;
  const given = (index: number, attribute: string) =>
    defaultOpset(graph) < 10 ? node.attributes.has(attribute) : hasInput(node, index);
  const axes = given(3, 'axes') ? read(3, 'axes') : starts.map((_, index) => index);
  const steps = given(4, 'steps') ? read(4, 'steps') : starts.map(() => 1);
  if (axes?.length !== starts.length || steps?.length !== starts.length) return undefined;
  return { starts, ends, axes, steps };
}

/** The permutation of a Transpose; undefined when it is left out and the rank is not known. */
export function permutationOf(node: Node, rank: number | undefined): readonly number[] | undefined {
  const given = intsAttribute(node, 'perm');
  if (given) return given;
  return rank === undefined ? undefined : Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
}

/** Whether a reduction keeps the axes it reduces. */
export function keepsDims(node: Node): boolean {
  return intAttribute(node, 'keepdims', 1) !== 0;
}

/** The axes a reduction takes away; undefined when they are not constants, or all. */
export function reducedAxes(graph: GraphDraft, node: Node): readonly number[] | undefined {
  if (node.opType.startsWith('Arg')) return [intAttribute(node, 'axis', 0)];
  return hasInput(node, 1) ? constantNumbers(graph, node.inputs[1]) : intsAttribute(node, 'axes');
}

/** The attribute `axis` counted from the front; undefined without one, and when it counts from an end that is not known. */
export function axisFromFront(graph: GraphDraft, facts: Facts, node: Node, missing?: number): number | undefined {
  const axis = intAttribute(node, 'axis') ?? missing;
  const rank = rankOf(facts, graph, node.inputs[0]);
  return axis === undefined || (axis < 0 && rank === undefined) ? undefined : fromFront(axis, rank ?? 0);
}
