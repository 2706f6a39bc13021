import { graphAttributes, intAttribute } from './attribute.ts';
import type { Model, Node } from './model.ts';

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
  const isKnown = ['', 'ai.onnx.ml', 'com.microsoft'].includes(node.domain);
  return isKnown && !mayDraw(node);
}

/** Whether a node draws random numbers, as far as operators are known. A Dropout does that in training only. */
function mayDraw(node: Node): boolean {
  if (node.domain === 'com.microsoft') return randomContrib.has(node.opType);
  if (node.domain !== '') return false;
  if (random.has(node.opType)) return true;
  return node.opType === 'Dropout' && ((node.inputs[2] ?? '') !== '' || intAttribute(node, 'training_mode', 0) !== 0);
}

/** Whether a node of a model, of a body or of a function may draw random numbers, other than a Dropout whose training mode is a constant false. */
export function drawsNumbers({ graph, functions }: Model): boolean {
  const isOff = (value: string | undefined) => graph.initializers.get(value ?? '')?.data.bytes?.[0] === 0;
  const stack: Node[] = [...graph.nodes, ...functions.flatMap(({ nodes }) => nodes)];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (mayDraw(node) && !(node.opType === 'Dropout' && isOff(node.inputs[2]))) return true;
    for (const { graph: body } of graphAttributes(node)) stack.push(...body.nodes);
  }
  return false;
}
