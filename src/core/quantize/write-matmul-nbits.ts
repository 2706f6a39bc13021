/**
 * Weight-only quantization: `com.microsoft.MatMulNBits` holds weights in blocks of 4 or 8 bits along the summed axis.
 * With accuracy level 4 the runtime turns activations into int8 block by block and multiplies integers.
 */
import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node, NodeId } from '../graph/model.ts';
import { float32Tensor, tensorOf } from '../passes/tensors.ts';
import type { Facts } from '../shapes/facts.ts';
import { type BlockMethod, quantizeBlocks } from './blocks.ts';
import { chooseTargets, type KeptNode } from './targets.ts';
import { readWeight } from './weights.ts';
import { importContrib, transpose, type WrittenNodes } from './write-dynamic.ts';
import { removeUnread, type WeightError } from './write-qdq.ts';

export interface BlockOptions {
  readonly bits: 4 | 8;
  /** Elements that share a scale: a power of two from 16. */
  readonly blockSize: number;
  readonly method: BlockMethod;
  /** The zero point is the middle and is not stored. */
  readonly symmetric: boolean;
  readonly exclude?: ReadonlySet<NodeId>;
  readonly signal?: AbortSignal;
}

const refusals = {
  Conv: english`weight-only kernels exist for products of matrices only`,
  ConvTranspose: english`weight-only kernels exist for products of matrices only`,
};

/** Rewrites MatMul and Gemm nodes with constant weights; the bias of a Gemm becomes the kernel's own. */
export async function writeMatMulNBits(graph: GraphDraft, facts: Facts, options: BlockOptions): Promise<WrittenNodes> {
  const { bits, blockSize, method, symmetric, exclude, signal } = options;
  const operators = new Set(['MatMul', 'Gemm']);
  const choice = chooseTargets(graph, facts, { operators, refusals, exclude });
  const nodes: Node[] = [];
  const kept: KeptNode[] = [...choice.kept];
  const weightErrors: WeightError[] = [];
  for (const { node, weight, channelAxis, bias } of choice.targets) {
    signal?.throwIfAborted();
    const transposed = channelAxis === 0;
    const outputs = weight.dims[channelAxis]!;
    const inputs = weight.dims[1 - channelAxis]!;
    if (inputs < blockSize) {
      kept.push({
        node,
        reason: english`it sums over ${inputs} elements, fewer than the ${blockSize} that share a scale`,
      });
      continue;
    }
    const values = await readWeight(weight);
    const rows = transposed ? values : transpose(values, inputs, outputs);
    const packed = quantizeBlocks(rows, outputs, inputs, { bits, blockSize, method, symmetric });
    weightErrors.push({ node: node.id, signal: packed.signal, noise: packed.noise });
    const blocks = Math.ceil(inputs / blockSize);
    graph.rewrite(node, english`Its weights are stored in ${bits} bits, ${blockSize} to a scale.`, (edit) => {
      const name = graph.freshName(`${weight.name}_${bits}bit`);
      edit.setInitializer(tensorOf(name, 'uint8', [outputs, blocks, (blockSize * bits) / 8], packed.stored));
      edit.setInitializer(float32Tensor(`${name}_scale`, [outputs * blocks], packed.scales));
      if (packed.zeroPoints)
        edit.setInitializer(tensorOf(`${name}_zero_point`, 'uint8', [packed.zeroPoints.length], packed.zeroPoints));
      const optional = [packed.zeroPoints ? `${name}_zero_point` : '', '', bias ? node.inputs[2]! : ''];
      while (optional.at(-1) === '') optional.pop();
      // The bias of a Gemm may be [1, N]; the kernel wants [N].
      if (bias && bias.dims.length !== 1) {
        edit.setInitializer({ ...bias, name: `${name}_bias`, dims: [outputs] });
        optional[2] = `${name}_bias`;
      }
      edit.remove(node);
      edit.add({
        opType: 'MatMulNBits',
        domain: 'com.microsoft',
        name: node.name,
        inputs: [node.inputs[0]!, name, `${name}_scale`, ...optional],
        outputs: node.outputs,
        attributes: attributes({ K: inputs, N: outputs, bits, block_size: blockSize, accuracy_level: 4 }),
      });
    });
    nodes.push(node);
  }
  if (nodes.length > 0) importContrib(graph);
  const done = new Set(nodes);
  removeUnread(
    graph,
    choice.targets.filter(({ node }) => done.has(node)),
  );
  return { nodes, kept, weightErrors };
}
