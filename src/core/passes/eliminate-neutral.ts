import { english } from '../english.ts';
import { elementCount, isFloat, isInteger } from '../graph/data-type.ts';
import type { Draft } from '../graph/draft.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Node, Tensor } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import type { Pass } from './pass.ts';
import { broadcastsInto, dtypeOf, shapeOf } from './shape-facts.ts';
import { constantNumbers, viewFloats } from './tensors.ts';
import { broadcastsFromTheBack, forEachNode, passGraphs } from './visit.ts';

/** Where a constant may stand, and the element that changes nothing for a type. */
interface Neutral {
  readonly places: readonly (0 | 1)[];
  readonly isNeutral: (element: number, dtype: string) => boolean;
}

const isNumber = (dtype: string) => isInteger(dtype as never) || isFloat(dtype as never);
const one: Neutral['isNeutral'] = (element, dtype) => element === 1 && isNumber(dtype);
// −0 + x and x − 0 keep the sign of a zero; 0 + −0 is 0.
const addedZero: Neutral['isNeutral'] = (element, dtype) =>
  (element === 0 && isInteger(dtype as never)) || (Object.is(element, -0) && isFloat(dtype as never));
const subtractedZero: Neutral['isNeutral'] = (element, dtype) => Object.is(element, 0) && isNumber(dtype);

const operators: Readonly<Record<string, Neutral>> = {
  Add: { places: [0, 1], isNeutral: addedZero },
  Sub: { places: [1], isNeutral: subtractedZero },
  Mul: { places: [0, 1], isNeutral: one },
  Div: { places: [1], isNeutral: one },
  Pow: { places: [1], isNeutral: one },
  And: { places: [0, 1], isNeutral: (element, dtype) => element === 1 && dtype === 'bool' },
  Or: { places: [0, 1], isNeutral: (element, dtype) => element === 0 && dtype === 'bool' },
  Xor: { places: [0, 1], isNeutral: (element, dtype) => element === 0 && dtype === 'bool' },
};

const zero: Neutral['isNeutral'] = (element, dtype) => element === 0 && isFloat(dtype as never);

const zeroBias: Readonly<Record<string, Neutral>> = {
  Add: { places: [0, 1], isNeutral: zero },
  Sub: { places: [1], isNeutral: zero },
};

/**
 * `y = Mul(x, 1)`
 * becomes `y = x`. Adding 0 to floats stays, since −0 + 0 is 0; a constant that broadcasts to a larger shape stays.
 */
export const eliminateNeutral: Pass = {
  name: 'eliminate-neutral',
  title: english`Remove arithmetic with neutral elements`,
  summary: english`Removes x·1, x/1, x−0, x¹, and adding 0 to integers, where the shape stays.`,
  exactness: 'exact',
  run: (draft, { facts }) => removeNeutral(draft, facts, operators),
};

/**
 * `y = Add(x, 0)` on floats
 * becomes `y = x`: equal, but where `x` is −0 the sign of the zero differs.
 */
export const eliminateZeroBias: Pass = {
  name: 'eliminate-zero-bias',
  title: english`Remove biases of 0`,
  summary: english`Removes adding 0 to floats and subtracting −0; a negative zero keeps its sign then.`,
  exactness: 'rounding',
  run: (draft, { facts }) => removeNeutral(draft, facts, zeroBias),
};

async function removeNeutral(draft: Draft, facts: Facts, rules: Readonly<Record<string, Neutral>>): Promise<void> {
  const uniform = await uniformConstants(draft, rules);
  forEachNode(draft, new Set(Object.keys(rules)), (node, graph) => {
    if (!broadcastsFromTheBack(graph)) return;
    const { places, isNeutral } = rules[node.opType]!;
    for (const place of places) {
      const kept = node.inputs[1 - place]!;
      if (isNormalizationWeight(graph, node, kept)) continue;
      if (!isRemovable(graph, facts, node, place, kept, isNeutral, uniform)) continue;
      const output = node.outputs[0]!;
      const why = english`${node.opType} with this constant changes nothing.`;
      const edit = (edit: GraphEdit) => {
        edit.remove(node);
        edit.replaceValue(output, kept);
      };
      if (graph.rewrite(node, why, edit)) return;
    }
  });
}

/**
 * ONNX Runtime makes one operator of a decomposed normalization, `x / sqrt(…) · weight`, and only with its weight: taking
 * away a weight that is still all ones, as in a model that was never trained, costs far more than it saves.
 */
function isNormalizationWeight(graph: GraphDraft, { opType, inputs }: Node, normalized: string): boolean {
  if (opType !== 'Mul' || inputs.every((input) => (graph.initializer(input)?.dims.length ?? 0) === 0)) return false;
  const sourceOf = (name: string) => {
    const producer = graph.producer(name);
    return producer?.opType === 'Cast' ? graph.producer(producer.inputs[0]!) : producer;
  };
  const scaled = sourceOf(normalized);
  if (scaled?.opType !== 'Mul' && scaled?.opType !== 'Div') return false;
  return scaled.inputs.some((input) => {
    const factor = graph.producer(input);
    return factor !== undefined && ['Sqrt', 'Reciprocal', 'Pow', 'Div'].includes(factor.opType);
  });
}

/** Constants of 65 to 65536 elements that are all the same float, such as the weights of a fresh normalization. */
async function uniformConstants(
  draft: Draft,
  rules: Readonly<Record<string, Neutral>>,
): Promise<ReadonlyMap<Tensor, number>> {
  const found = new Map<Tensor, number>();
  for (const graph of passGraphs(draft)) {
    for (const tensor of graph.initializers()) {
      const count = elementCount(tensor.dims);
      if (
        count <= 64 ||
        count > 65536 ||
        !isFloat(tensor.dtype) ||
        !graph.consumers(tensor.name).some(({ opType }) => opType in rules)
      )
        continue;
      const values = await viewFloats(tensor);
      if (values?.every((each) => Object.is(each, values[0]))) found.set(tensor, values[0]!);
    }
  }
  return found;
}

function isRemovable(
  graph: GraphDraft,
  facts: Facts,
  node: Node,
  place: 0 | 1,
  kept: string,
  isNeutral: Neutral['isNeutral'],
  uniform: ReadonlyMap<Tensor, number>,
): boolean {
  const name = node.inputs[place]!;
  const constant = graph.constant(name);
  const same = constant && uniform.get(constant);
  const elements = same === undefined ? constantNumbers(graph, name) : [same];
  const dtype = dtypeOf(facts, graph, kept);
  if (!elements || elements.length === 0 || !dtype || !graph.canReplaceValue(node.outputs[0]!, kept)) return false;
  if (node.opType !== 'Pow' && dtype !== dtypeOf(facts, graph, name)) return false;
  if (!elements.every((element) => isNeutral(element, dtype))) return false;
  const rank = graph.constant(name)!.dims.length;
  const shape = shapeOf(facts, graph, kept);
  return rank === 0 || broadcastsInto(shapeOf(facts, graph, name), shape);
}
