/**
 * Weight-only quantization of embeddings: `com.microsoft.GatherBlockQuantized` looks rows up in a table of 4 or 8 bits
 * and turns only those that were asked for into floats.
 */

import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import { float32Tensor, tensorOf } from '../passes/tensors.ts';
import { quantizeBlocks } from './blocks.ts';
import { joinedError } from './rounding-error.ts';
import type { KeptNode } from './targets.ts';
import { readWeight } from './weights.ts';
import { importContrib, type WrittenNodes } from './write-dynamic.ts';
import type { MatMulNBitsOptions } from './write-matmul-nbits.ts';
import type { WeightError } from './write-qdq.ts';

/** A table of fewer elements saves less than what is written about it. */
const fewestElements = 4096;

/** Rewrites lookups along the first axis of constant float tables of two axes. */
export async function writeGatherBlocks(
  graph: GraphDraft,
  { bits, blockSize, method, symmetric, exclude, signal }: MatMulNBitsOptions,
): Promise<WrittenNodes> {
  const nodes: Node[] = [];
  const kept: KeptNode[] = [];
  const weightErrors: WeightError[] = [];
  for (const node of graph.nodes()) {
    const [data, indices] = node.inputs;
    const table = node.opType === 'Gather' && node.domain === '' && data ? graph.initializer(data) : undefined;
    const axis = node.attributes.get('axis');
    if (table?.dtype !== 'float32' || table.dims.length !== 2 || (axis?.type === 'int' && axis.value !== 0n)) continue;
    const [rows, columns] = table.dims as [number, number];
    if (rows * columns < fewestElements || !graph.constant(table.name) || graph.constant(indices!)) continue;
    if ([...graph.draft.origin(node.id)].some((id) => exclude?.has(id))) {
      kept.push({ node, reason: english`kept float on request` });
      continue;
    }
    if (graph.consumers(table.name).length > 1 || graph.isOutput(table.name)) {
      kept.push({ node, reason: english`others read its table as floats` });
      continue;
    }
    if (columns % blockSize !== 0) {
      kept.push({
        node,
        reason: english`its rows have ${columns} elements, no multiple of the ${blockSize} that share a scale`,
      });
      continue;
    }
    signal?.throwIfAborted();
    const packed = quantizeBlocks(await readWeight(table), rows, columns, { bits, blockSize, method, symmetric });
    weightErrors.push({ node: node.id, ...joinedError([packed]) });
    const blocks = columns / blockSize;
    graph.rewrite(node, english`The rows of its table are stored in ${bits} bits, ${blockSize} to a scale.`, (edit) => {
      const name = graph.freshName(`${table.name}_${bits}bit`);
      edit.setInitializer(tensorOf(name, 'uint8', [rows, (columns * bits) / 8], packed.stored));
      edit.setInitializer(float32Tensor(`${name}_scale`, [rows, blocks], packed.scales));
      const zeroPoint = packed.zeroPoints ? [`${name}_zero_point`] : [];
      if (packed.zeroPoints) {
        const dims = [rows, packed.zeroPoints.length / rows];
        edit.setInitializer(tensorOf(`${name}_zero_point`, 'uint8', dims, packed.zeroPoints));
      }
      edit.remove(node);
      edit.add({
        opType: 'GatherBlockQuantized',
        domain: 'com.microsoft',
        name: node.name,
        inputs: [name, indices!, `${name}_scale`, ...zeroPoint],
        outputs: node.outputs,
        attributes: attributes({ gather_axis: 0, quantize_axis: 1, block_size: blockSize, bits }),
      });
      edit.removeInitializer(table.name);
      edit.setInputs(graph.inputs.filter((input) => input.name !== table.name));
    });
    nodes.push(node);
  }
  if (nodes.length > 0) importContrib(graph);
  return { nodes, kept, weightErrors };
}
