import { english } from '../english.ts';
import { everyNode, type Rule, summarized } from './rule.ts';

export const dynamicConvolution: Rule = {
  code: 'dynamic-convolution',
  title: 'Convolution with dynamic quantization',
  severity: 'warning',
  documentation:
    "ConvInteger measures and quantizes its input anew at every run. ONNX Runtime's CPU kernel for it is slower than the float convolution on most machines. Quantize convolutional models statically (QDQ) instead.",
  check: (inspected) => {
    const found = [];
    for (const { graph, node } of everyNode(inspected)) {
      const dynamic = graph.producer(node.inputs[0] ?? '')?.opType === 'DynamicQuantizeLinear';
      if (node.opType === 'ConvInteger' && node.domain === '' && dynamic) found.push(node);
    }
    return summarized(
      found,
      (nodes) => english`${nodes} is dynamically quantized, which is slow. Quantize statically instead.`,
    );
  },
};
