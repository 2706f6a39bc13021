import { english } from '../english.ts';
import type { Pass } from './pass.ts';
import { constantScalar } from './tensors.ts';
import { broadcastsFromTheBack, forEachNode, producerOf, soleConsumer } from './visit.ts';

/**
 * `r = Reciprocal(s); y = Mul(x, r)`
 * becomes `y = Div(x, s)`, the form in which ONNX Runtime recognizes RMS normalization; also for `r = Div(1, s)`.
 */
export const fuseReciprocal: Pass = {
  name: 'fuse-reciprocal',
  title: english`Divide instead of multiplying by a reciprocal`,
  summary: english`Replaces a product with a reciprocal by one division, rounded once instead of twice.`,
  exactness: 'rounding',
  run(draft) {
    forEachNode(draft, new Set(['Mul']), (node, graph) => {
      if (!broadcastsFromTheBack(graph)) return;
      for (const place of [0, 1] as const) {
        const factor = node.inputs[place]!;
        const divisor = reciprocalOf(factor);
        if (divisor === undefined || soleConsumer(graph, factor) !== node) continue;
        graph.rewrite(node, english`Multiplying by 1/s is dividing by s.`, (edit) => {
          edit.change(node, { opType: 'Div', inputs: [node.inputs[1 - place]!, divisor] });
        });
        return;
      }

      function reciprocalOf(value: string): string | undefined {
        const reciprocal = producerOf(graph, value, 'Reciprocal');
        if (reciprocal) return reciprocal.inputs[0];
        const division = producerOf(graph, value, 'Div');
        // Integers would round the quotient down to 0; floats have 1.0.
        const isFloat = division && /^float/.test(graph.constant(division.inputs[0]!)?.dtype ?? '');
        return isFloat &&
          constantScalar(graph, division.inputs[0]) === 1 &&
          graph.constant(division.inputs[0]!)!.dims.length === 0
          ? division.inputs[1]
          : undefined;
      }
    });
  },
};
