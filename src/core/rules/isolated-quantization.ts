import { english } from '../english.ts';
import type { Node } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { everyNode, type Rule, summarized } from './rule.ts';

export const isolatedQuantization: Rule = {
  code: 'isolated-quantization',
  title: 'Quantization that speeds nothing up',
  severity: 'info',
  documentation:
    'A value is quantized and dequantized with float operators on both sides. ONNX Runtime runs an operator with integers only when its inputs come from DequantizeLinear and its output goes to QuantizeLinear; this pair rounds the value, takes time, and gains nothing.',
  check: (inspected) => {
    const isolated: Node[] = [];
    for (const { graph, node } of everyNode(inspected)) {
      if (node.opType !== 'QuantizeLinear' || graph.constant(node.inputs[0] ?? '')) continue;
      const readers = graph.consumers(node.outputs[0] ?? '');
      if (readers.length === 0 || readers.some(({ opType }) => opType !== 'DequantizeLinear')) continue;
      const producer = graph.producer(node.inputs[0] ?? '');
      if (producer && readsDequantized(graph, producer)) continue;
      const users = readers.flatMap((reader) => graph.consumers(reader.outputs[0] ?? ''));
      if (users.length > 0 && users.every((user) => !isQuantizedUnit(graph, user))) isolated.push(node);
    }
    return summarized(isolated, (nodes) => english`${nodes} quantizes a value that float operators make and read.`);
  },
};

const readsDequantized = (graph: GraphView, node: Node): boolean =>
  node.inputs.some((name) => graph.producer(name)?.opType === 'DequantizeLinear');

/** Products run with integers also when their result stays float; others only between quantized values. */
const products = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm']);

function isQuantizedUnit(graph: GraphView, node: Node): boolean {
  if (products.has(node.opType)) {
    return node.inputs.slice(0, 2).every((name) => graph.producer(name)?.opType === 'DequantizeLinear');
  }
  return node.outputs.some((name) => graph.consumers(name).some(({ opType }) => opType === 'QuantizeLinear'));
}
