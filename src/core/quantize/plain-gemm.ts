import { english } from '../english.ts';
import { attributes, floatAttribute, intAttribute } from '../graph/attribute.ts';
import type { Draft } from '../graph/draft.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node, Tensor } from '../graph/model.ts';
import { float32Tensor } from '../passes/tensors.ts';
import { readWeight } from './weights.ts';

/**
 * Writes each Gemm with constant weights as integer kernels take it, in the main graph: its factors `alpha` and `beta` go
 * into the weights and the bias, and an input that it transposes is transposed before. Computes the same, to rounding.
 */
export async function writePlainGemms(draft: Draft, signal?: AbortSignal): Promise<void> {
  draft.currentPass = 'plain-gemm';
  const graph = draft.main;
  for (const node of graph.nodes()) {
    signal?.throwIfAborted();
    if (node.domain !== '' || node.opType !== 'Gemm') continue;
    const [data, weightName, biasName = ''] = node.inputs as [string, string, string?];
    const weight = floatConstant(graph, weightName);
    if (!weight || graph.constant(data)) continue;
    const bias = floatConstant(graph, biasName);
    const alpha = floatAttribute(node, 'alpha', 1);
    const beta = biasName === '' ? 1 : floatAttribute(node, 'beta', 1);
    const transposes = intAttribute(node, 'transA', 0) !== 0;
    if ((alpha === 1 && beta === 1 && !transposes) || (beta !== 1 && !bias)) continue;
    const scaledWeight = alpha === 1 ? undefined : await scaled(graph, weight, alpha);
    const scaledBias = bias && beta !== 1 ? await scaled(graph, bias, beta) : undefined;
    graph.rewrite(
      node,
      english`It is written as integer kernels take it: without factors, and nothing transposed inside.`,
      (edit) => {
        for (const tensor of [scaledWeight, scaledBias]) if (tensor) edit.setInitializer(tensor);
        const input = transposes ? graph.freshName(`${data}_transposed`) : data;
        const perm = attributes({ perm: [1, 0] });
        if (transposes) edit.add({ opType: 'Transpose', inputs: [data], outputs: [input], attributes: perm }, [node]);
        const plain = new Map([...node.attributes].filter(([name]) => !['alpha', 'beta', 'transA'].includes(name)));
        const names = [input, scaledWeight?.name ?? weightName, scaledBias?.name ?? biasName];
        edit.change(node, { inputs: names.slice(0, node.inputs.length), attributes: plain });
      },
    );
    removeUnread(graph, node, [...(scaledWeight ? [weightName] : []), ...(scaledBias ? [biasName] : [])]);
  }
}

function floatConstant(graph: GraphDraft, name: string): Tensor | undefined {
  const tensor = name === '' ? undefined : graph.constant(name);
  return tensor?.dtype === 'float32' ? tensor : undefined;
}

async function scaled(graph: GraphDraft, tensor: Tensor, factor: number): Promise<Tensor> {
  const values = (await readWeight(tensor)).map((value) => value * factor);
  return float32Tensor(graph.freshName(`${tensor.name}_scaled`), tensor.dims, values);
}

function removeUnread(graph: GraphDraft, node: Node, names: readonly string[]): void {
  const unread = names.filter(
    (name) => graph.initializer(name) && graph.consumers(name).length === 0 && !graph.isOutput(name),
  );
  if (unread.length === 0) return;
  graph.rewrite(graph.node(node.id)!, english`Weights without their factor are not read any more.`, (edit) => {
    for (const name of unread) edit.removeInitializer(name);
    edit.setInputs(graph.inputs.filter(({ name }) => !unread.includes(name)));
  });
}
