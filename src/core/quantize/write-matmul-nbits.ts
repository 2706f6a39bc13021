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
import { type BlockOptions, type PackedBlocks, quantizeBlocks } from './blocks.ts';
import { inverseFactor, quantizeCompensating } from './gptq.ts';
import { joinedError } from './rounding-error.ts';
import { chooseTargets, type KeptNode, type Target } from './targets.ts';
import { readWeight } from './weights.ts';
import { importContrib, transpose, type WrittenNodes } from './write-dynamic.ts';
import { removeUnread, type WeightError } from './write-qdq.ts';

/** `blockSize`: elements that share a scale, a power of two from 16. `symmetric`: the zero point is the middle and is not stored. */
export interface MatMulNBitsOptions extends BlockOptions {
  readonly exclude?: ReadonlySet<NodeId> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For `gptq`: products of inputs with each other, one value after the other. */
  readonly moments?: ((sizes: ReadonlyMap<string, number>) => Moments) | undefined;
}

/** See `secondMoments`. */
export type Moments = AsyncIterable<readonly [value: string, products: Float64Array]>;

const refusals = {
  Conv: english`weight-only kernels exist for products of matrices only`,
  ConvTranspose: english`weight-only kernels exist for products of matrices only`,
};

/** Rewrites MatMul and Gemm nodes with constant weights; the bias of a Gemm becomes the kernel's own. */
export async function writeMatMulNBits(
  graph: GraphDraft,
  facts: Facts,
  options: MatMulNBitsOptions,
): Promise<WrittenNodes> {
  const { bits, blockSize, exclude, signal } = options;
  const operators = new Set(['MatMul', 'Gemm']);
  const choice = chooseTargets(graph, facts, { operators, refusals, exclude });
  const nodes: Node[] = [];
  const kept: KeptNode[] = [...choice.kept];
  const weightErrors: WeightError[] = [];
  const isTaken = ({ weight, channelAxis }: Target) => weight.dims[1 - channelAxis]! >= blockSize;
  for (const { node, weight, channelAxis } of choice.targets.filter((target) => !isTaken(target))) {
    const inputs = weight.dims[1 - channelAxis]!;
    const reason = english`it sums over ${inputs} elements, fewer than the ${blockSize} that share a scale`;
    kept.push({ node, reason });
  }
  for await (const [target, packed] of packedWeights(choice.targets.filter(isTaken), options)) {
    signal?.throwIfAborted();
    const { node, weight, channelAxis, bias } = target;
    const outputs = weight.dims[channelAxis]!;
    const inputs = weight.dims[1 - channelAxis]!;
    weightErrors.push({ node: node.id, ...joinedError([packed]) });
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

/** The weights of every target in blocks; with `gptq` in the order in which the products of their inputs come. */
async function* packedWeights(
  targets: readonly Target[],
  options: MatMulNBitsOptions,
): AsyncGenerator<readonly [Target, PackedBlocks]> {
  if (options.method !== 'gptq') {
    for (const target of targets) {
      const { rows, outputs, inputs } = await rowsOf(target);
      yield [target, quantizeBlocks(rows, outputs, inputs, options)];
    }
    return;
  }
  if (!options.moments) throw new Error(english`GPTQ needs data that is like what the model will see.`);
  const readers = new Map<string, Target[]>();
  for (const target of targets) {
    const [input] = target.node.inputs;
    readers.set(input!, [...(readers.get(input!) ?? []), target]);
  }
  const sizes = new Map(
    Array.from(readers, ([input, [first]]) => [input, first!.weight.dims[1 - first!.channelAxis]!]),
  );
  for await (const [input, products] of options.moments(sizes)) {
    const factor = inverseFactor(products, sizes.get(input)!);
    for (const target of readers.get(input)!) {
      const { rows, outputs, inputs } = await rowsOf(target);
      yield [target, quantizeCompensating(rows, outputs, inputs, factor, options)];
    }
  }
}

/** A weight with one row an output, in memory of its own. */
async function rowsOf({ weight, channelAxis }: Target) {
  const outputs = weight.dims[channelAxis]!;
  const inputs = weight.dims[1 - channelAxis]!;
  const values = await readWeight(weight);
  return { rows: channelAxis === 0 ? values.slice() : transpose(values, inputs, outputs), outputs, inputs };
}
