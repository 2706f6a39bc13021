import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import type { Pass } from './pass.ts';
import { scalarWithin } from './shape-facts.ts';
import { defaultOpset, forEachNode, producerOf, soleConsumer } from './visit.ts';

/**
 * `y = x · (1 + Erf(x / √2)) · 0.5`, in whatever order
 * becomes `y = Gelu(x)`, from opset 20 on. No constant may have a larger rank than `x`, which `y` would take on.
 */
export const fuseGelu: Pass = {
  name: 'fuse-gelu',
  title: english`Recognize Gelu`,
  summary: english`Writes the five nodes of a Gelu with the error function as the standard operator, from opset 20 on.`,
  exactness: 'rounding',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Erf']), (erf, graph) => {
      if (defaultOpset(graph) < 20) return;
      const scaled = scaledInput(graph, facts, erf.inputs[0]!);
      const plusOne = nextOf(graph, erf, 'Add');
      if (!scaled || !plusOne || otherScalar(graph, facts, plusOne, erf.outputs[0]!) !== 1) return;
      const found = productWithHalf(graph, facts, plusOne, scaled.input);
      if (!found) return;
      const removed = [scaled.node, erf, plusOne, ...found.nodes];
      graph.rewrite(found.last, english`These five nodes are the Gelu of their input.`, (edit) => {
        for (const node of removed) if (node !== scaled.node || scaled.alone) edit.remove(node);
        edit.add({ opType: 'Gelu', inputs: [scaled.input], outputs: found.last.outputs }, removed);
      });
    });
  },
};

/** How far off, relatively, a root of this type may be that was written with few digits and rounded. */
const toleranceOf = (dtype: string | undefined) => (dtype === 'float64' ? 1e-14 : 1e-6);

/** `x / √2`, or `x · 1/√2`. */
function scaledInput(
  graph: GraphDraft,
  facts: Facts,
  value: string,
): { node: Node; input: string; alone: boolean } | undefined {
  const alone = soleConsumer(graph, value) !== undefined;
  const is = (wanted: number, x: string, constant: string) => {
    const scalar = scalarWithin(facts, graph, x, constant);
    return scalar !== undefined && Math.abs(scalar / wanted - 1) <= toleranceOf(graph.constant(constant)?.dtype);
  };
  const division = producerOf(graph, value, 'Div');
  if (division && is(Math.SQRT2, division.inputs[0]!, division.inputs[1]!)) {
    return { node: division, input: division.inputs[0]!, alone };
  }
  const product = producerOf(graph, value, 'Mul');
  for (const place of [0, 1]) {
    const input = product?.inputs[1 - place];
    if (product && input && is(Math.SQRT1_2, input, product.inputs[place]!)) return { node: product, input, alone };
  }
  return undefined;
}

/** The only reader of a node's result, when it is of this operator. */
export function nextOf(graph: GraphDraft, node: Node, opType: string): Node | undefined {
  const reader = soleConsumer(graph, node.outputs[0]!);
  return reader?.opType === opType && reader.domain === '' ? reader : undefined;
}

function otherScalar(graph: GraphDraft, facts: Facts, node: Node, value: string): number | undefined {
  return scalarWithin(facts, graph, value, node.inputs[0] === value ? node.inputs[1] : node.inputs[0]);
}

/** The two products with `x` and 0.5 that follow, in either order, or with `0.5·x` made before. */
export function productWithHalf(
  graph: GraphDraft,
  facts: Facts,
  from: Node,
  x: string,
): { nodes: readonly Node[]; last: Node } | undefined {
  const first = nextOf(graph, from, 'Mul');
  if (!first) return undefined;
  const other = first.inputs[first.inputs[0] === from.outputs[0] ? 1 : 0]!;
  const half = producerOf(graph, other, 'Mul');
  if (half?.inputs.includes(x) && otherScalar(graph, facts, half, x) === 0.5 && soleConsumer(graph, other) === first) {
    return { nodes: [half, first], last: first };
  }
  const second = nextOf(graph, first, 'Mul');
  if (!second) return undefined;
  const factor = otherScalar(graph, facts, second, first.outputs[0]!);
  if (other === x && factor === 0.5) return { nodes: [first, second], last: second };
  const swapped = otherScalar(graph, facts, first, from.outputs[0]!) === 0.5 && second.inputs.includes(x);
  return swapped ? { nodes: [first, second], last: second } : undefined;
}
