import { graphAttributes, intAttribute } from '../graph/attribute.ts';
import type { Node } from '../graph/model.ts';

const random = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
]);
const randomContrib = new Set(['Sampling', 'RandomNormal', 'BiasDropout', 'BitmaskDropout', 'BitmaskBiasDropout']);

/**
 * True when the node gives the same outputs for the same inputs and has no body: an operator of ONNX's own domains or
 * of ONNX Runtime's that draws no random numbers. Of an operator from elsewhere nothing is known.
 */
export function isDeterministic(node: Node): boolean {
  if (graphAttributes(node).length > 0) return false;
  if (node.domain === 'com.microsoft') return !randomContrib.has(node.opType);
  if (node.domain === 'ai.onnx.ml') return true;
  if (node.domain !== '' || random.has(node.opType)) return false;
  return node.opType !== 'Dropout' || ((node.inputs[2] ?? '') === '' && intAttribute(node, 'training_mode', 0) === 0);
}
