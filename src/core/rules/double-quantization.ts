import { english } from '../english.ts';
import { everyNode, type Rule, summarized } from './rule.ts';

export const doubleQuantization: Rule = {
  code: 'double-quantization',
  title: 'A value is quantized twice in a row',
  severity: 'warning',
  documentation:
    'A value is dequantized and at once quantized again. Each step rounds, so accuracy is lost for nothing, most often because a quantizer ran on a model that was quantized already. Quantize the float model instead.',
  check: (inspected) => {
    const found = [];
    for (const { graph, node } of everyNode(inspected)) {
      if (node.opType !== 'QuantizeLinear') continue;
      const before = graph.producer(node.inputs[0] ?? '');
      if (before?.opType !== 'DequantizeLinear') continue;
      // The same scale and zero point give the same integers back: that pair loses nothing.
      if (before.inputs[1] === node.inputs[1] && before.inputs[2] === node.inputs[2]) continue;
      found.push(node);
    }
    return summarized(found, (nodes) => english`${nodes} quantizes a value that was dequantized just before.`);
  },
};
