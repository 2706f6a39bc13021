import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { nextOf, productWithHalf } from './fuse-gelu.ts';
import type { Pass } from './pass.ts';
import { scalarWithin } from './shape-facts.ts';
import { defaultOpset, forEachNode, producerOf, soleConsumer } from './visit.ts';

/**
 * `y = x · (1 + Tanh(√(2/π) · (x + 0.044715·x³))) · 0.5`, in whatever order
 * becomes `y = Gelu(x) {approximate = tanh}`, from opset 20 on. ONNX Runtime has a fused operator of its own for these
 * nodes, so it does not pay everywhere.
 */
export const fuseTanhGelu: Pass = {
  name: 'fuse-tanh-gelu',
  title: english`Recognize Gelu with Tanh`,
  summary: english`Writes the eight nodes of a Gelu with the hyperbolic tangent as the standard operator, from opset 20 on.`,
  exactness: 'rounding',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Tanh']), (tanh, graph) => {
      if (defaultOpset(graph) < 20) return;
      const argument = argumentOf(graph, facts, tanh.inputs[0]!);
      const plusOne = nextOf(graph, tanh, 'Add');
      if (!argument || !plusOne || otherOperand(graph, facts, plusOne, tanh.outputs[0]!) !== 1) return;
      const found = productWithHalf(graph, facts, plusOne, argument.x);
      if (!found) return;
      const removed = [...argument.nodes, tanh, plusOne, ...found.nodes];
      graph.rewrite(found.last, english`These nodes are the Gelu of their input, with Tanh.`, (edit) => {
        for (const node of removed) edit.remove(node);
        const approximate = attributes({ approximate: 'tanh' });
        edit.add(
          { opType: 'Gelu', inputs: [argument.x], outputs: found.last.outputs, attributes: approximate },
          removed,
        );
      });
    });
  },
};

/** How far off, relatively, a constant may be that was written with few digits: 0.7978845 and 0.044715. */
const tolerance = 1e-6;
const isNear = (value: number | undefined, wanted: number) =>
  value !== undefined && Math.abs(value / wanted - 1) <= tolerance;

function otherOperand(graph: GraphDraft, facts: Facts, { inputs }: Node, value: string): number | undefined {
  return scalarWithin(facts, graph, value, inputs[inputs[0] === value ? 1 : 0]);
}

/** `x` of `√(2/π) · (x + 0.044715·x³)`, whose nodes nothing else reads. */
function argumentOf(graph: GraphDraft, facts: Facts, value: string): { x: string; nodes: readonly Node[] } | undefined {
  const scaled = ownProducer(graph, value, 'Mul');
  for (const sumValue of scaled?.inputs ?? []) {
    const sum = ownProducer(graph, sumValue, 'Add');
    if (!sum || !isNear(otherOperand(graph, facts, scaled!, sumValue), Math.sqrt(2 / Math.PI))) continue;
    for (const place of [0, 1]) {
      const term = ownProducer(graph, sum.inputs[place]!, 'Mul');
      const x = sum.inputs[1 - place]!;
      for (const cubeValue of term?.inputs ?? []) {
        const cube = ownProducer(graph, cubeValue, 'Pow');
        const isCube = cube?.inputs[0] === x && scalarWithin(facts, graph, x, cube.inputs[1]) === 3;
        if (isCube && isNear(otherOperand(graph, facts, term!, cubeValue), 0.044715))
          return { x, nodes: [cube, term!, sum, scaled!] };
      }
    }
  }
  return undefined;
}

function ownProducer(graph: GraphDraft, value: string, opType: string): Node | undefined {
  const producer = producerOf(graph, value, opType);
  return producer && soleConsumer(graph, value) ? producer : undefined;
}
