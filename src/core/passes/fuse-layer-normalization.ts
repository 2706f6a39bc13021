import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { affineStep, isSquareOf, meanOf, onlyReadBy } from './normalization-parts.ts';
import type { Pass } from './pass.ts';
import { dtypeOf, scalarWithin, shapeOf } from './shape-facts.ts';
import { float32Tensor } from './tensors.ts';
import { defaultOpset, forEachNode, producerOf, soleConsumer } from './visit.ts';

/**
 * `d = x − mean(x); y = d / √(mean(d²) + ε) · γ + β` over the last axis
 * becomes `y = LayerNormalization(x, γ, β)`, from opset 17 on, for float32; also without β, or with neither.
 */
export const fuseLayerNormalization: Pass = {
  name: 'fuse-layer-normalization',
  title: english`Recognize LayerNormalization`,
  summary: english`Writes the nine nodes of a layer normalization as the standard operator, from opset 17 on.`,
  exactness: 'rounding',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Div']), (division, graph) => {
      if (defaultOpset(graph) < 17 || dtypeOf(facts, graph, division.outputs[0]) !== 'float32') return;
      const found = findNormalization(graph, facts, division);
      if (!found) return;
      const { input, epsilon, gamma, beta, nodes, last } = found;
      const width = shapeOf(facts, graph, input)?.at(-1)?.constant;
      if (!gamma && width === undefined) return;
      graph.rewrite(last, english`These nodes are a layer normalization over the last axis.`, (edit) => {
        for (const node of nodes) edit.remove(node);
        const scale = gamma ?? addOnes(graph, edit, `${last.outputs[0]}_scale`, width!);
        edit.add(
          {
            opType: 'LayerNormalization',
            inputs: beta ? [input, scale, beta] : [input, scale],
            outputs: last.outputs,
            attributes: attributes({ axis: -1, epsilon: { float: epsilon } }),
          },
          nodes,
        );
      });
    });
  },
};

interface Found {
  readonly input: string;
  readonly epsilon: number;
  readonly gamma?: string | undefined;
  readonly beta?: string | undefined;
  readonly nodes: readonly Node[];
  readonly last: Node;
}

function findNormalization(graph: GraphDraft, facts: Facts, division: Node): Found | undefined {
  const centred = producerOf(graph, division.inputs[0], 'Sub');
  const root = producerOf(graph, division.inputs[1], 'Sqrt');
  const sum = producerOf(graph, root?.inputs[0], 'Add');
  const variance = sum && (meanOf(graph, facts, sum.inputs[0]!) ?? meanOf(graph, facts, sum.inputs[1]!));
  const square = variance && graph.producer(variance.inputs[0]!);
  const mean = centred && meanOf(graph, facts, centred.inputs[1]!);
  if (!centred || !root || !sum || !variance || !square || !mean) return undefined;
  const [value] = centred.outputs;
  const epsilon = scalarWithin(facts, graph, value, sum.inputs[sum.inputs[0] === variance.outputs[0] ? 1 : 0]);
  if (mean.inputs[0] !== centred.inputs[0] || epsilon === undefined || !isSquareOf(graph, facts, square, value!))
    return undefined;
  const scaled = affineStep(graph, facts, division, 'Mul', centred.inputs[0]!);
  const shifted = scaled && affineStep(graph, facts, scaled.node, 'Add', centred.inputs[0]!);
  const last = (shifted ?? scaled)?.node ?? division;
  // With operands that are no constants ONNX Runtime recognizes the whole, and would not what is left of it.
  const after = shifted ? undefined : soleConsumer(graph, last.outputs[0]!);
  if (after?.opType === (scaled ? 'Add' : 'Mul')) return undefined;
  const inner = [mean, centred, square, variance, sum, root, division, ...(scaled ? [scaled.node] : [])];
  const within = inner.filter((node) => node !== last);
  if (!onlyReadBy(graph, within, [...inner, last])) return undefined;
  const nodes = [...within, last];
  return { input: centred.inputs[0]!, epsilon, gamma: scaled?.operand, beta: shifted?.operand, nodes, last };
}

function addOnes(graph: GraphDraft, edit: GraphEdit, base: string, width: number): string {
  const name = graph.freshName(base);
  edit.setInitializer(float32Tensor(name, [width], new Float32Array(width).fill(1)));
  return name;
}
