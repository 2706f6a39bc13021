import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import { affineStep, isSquareOf, meanOf, onlyReadBy } from './normalization-parts.ts';
import type { Pass } from './pass.ts';
import { dtypeOf, scalarWithin } from './shape-facts.ts';
import { defaultOpset, forEachNode, producerOf } from './visit.ts';

/**
 * `y = x / √(mean(x²) + ε) · γ` over the last axis becomes `y = RMSNormalization(x, γ)`, from opset 23 on, for
 * float32. `fuse-reciprocal` has made the division of the product with a reciprocal that PyTorch writes.
 */
export const fuseRmsNormalization: Pass = {
  name: 'fuse-rms-normalization',
  title: english`Recognize RMSNormalization`,
  summary: english`Writes the six nodes of a root mean square normalization as the standard operator, from opset 23 on.`,
  exactness: 'rounding',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Div']), (division, graph) => {
      if (defaultOpset(graph) < 23 || dtypeOf(facts, graph, division.outputs[0]) !== 'float32') return;
      const [input] = division.inputs;
      const root = producerOf(graph, division.inputs[1], 'Sqrt');
      const sum = producerOf(graph, root?.inputs[0], 'Add');
      const mean = sum && (meanOf(graph, facts, sum.inputs[0]!) ?? meanOf(graph, facts, sum.inputs[1]!));
      const square = mean && graph.producer(mean.inputs[0]!);
      if (!input || !root || !square || !isSquareOf(graph, facts, square, input)) return;
      const epsilon = scalarWithin(facts, graph, input, sum.inputs[sum.inputs[0] === mean.outputs[0] ? 1 : 0]);
      const scaled = affineStep(graph, facts, division, 'Mul', input);
      const inner = [square, mean, sum, root, division];
      if (epsilon === undefined || !scaled || !onlyReadBy(graph, inner, [...inner, scaled.node])) return;
      const nodes = [...inner, scaled.node];
      graph.rewrite(
        scaled.node,
        english`These nodes are a root mean square normalization over the last axis.`,
        (edit) => {
          for (const node of nodes) edit.remove(node);
          edit.add(
            {
              opType: 'RMSNormalization',
              inputs: [input, scaled.operand],
              outputs: scaled.node.outputs,
              attributes: attributes({ axis: -1, epsilon: { float: epsilon } }),
            },
            nodes,
          );
        },
      );
    });
  },
};
