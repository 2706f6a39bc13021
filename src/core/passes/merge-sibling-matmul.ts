import { english } from '../english.ts';
import { readAll } from '../graph/byte-source.ts';
import { byteLengthOf, isFloat } from '../graph/data-type.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Attribute, Node, Tensor } from '../graph/model.ts';
import { addInts } from './operands.ts';
import type { Pass } from './pass.ts';
import { tensorOf } from './tensors.ts';
import { defaultOpset, passGraphs, soleConsumer } from './visit.ts';

/**
 * `q = MatMul(x, Wq); k = MatMul(x, Wk); v = MatMul(x, Wv)`
 * becomes `y = MatMul(x, [Wq Wk Wv]); q, k, v = Split(y) {axis = −1}`, with the biases that are added to all of them.
 * One large product keeps more cores busy than three small ones; the Split copies, so it pays for wide layers.
 */
export const mergeSiblingMatmul: Pass = {
  name: 'merge-sibling-matmul',
  title: english`Merge MatMul nodes of one input`,
  summary: english`Multiplies once by the weights of several MatMul nodes that read the same value, and splits the product.`,
  exactness: 'rounding',
  async run(draft) {
    for (const graph of passGraphs(draft)) {
      const families = new Map<string, Sibling[]>();
      for (const node of graph.nodes()) {
        const sibling = siblingOf(graph, node);
        if (!sibling) continue;
        const { weight, bias } = sibling;
        // Weights can be put side by side when their rows and types are alike; a bias is for all or for none.
        const family = `${weight.dtype} ${weight.dims[0]} ${bias !== undefined} ${node.inputs[0]}`;
        families.set(family, [...(families.get(family) ?? []), sibling]);
      }
      for (const siblings of families.values()) if (siblings.length > 1) await merge(graph, siblings);
    }
  },
};

/** A product with constant weights of its own and the bias that is added to it alone. */
interface Sibling {
  readonly product: Node;
  readonly weight: Tensor;
  readonly sum: Node | undefined;
  readonly bias: Tensor | undefined;
}

function siblingOf(graph: GraphDraft, product: Node): Sibling | undefined {
  if (product.domain !== '' || product.opType !== 'MatMul') return undefined;
  const weight = ownConstant(graph, product.inputs[1]!, product);
  if (weight?.dims.length !== 2 || !isFloat(weight.dtype) || product.inputs[0] === weight.name) return undefined;
  const sum = soleConsumer(graph, product.outputs[0]!);
  const alone: Sibling = { product, weight, sum: undefined, bias: undefined };
  if (sum?.domain !== '' || sum.opType !== 'Add') return alone;
  const other = sum.inputs[sum.inputs[0] === product.outputs[0] ? 1 : 0]!;
  const bias = graph.constant(other);
  const fits = bias?.dims.length === 1 && bias.dims[0] === weight.dims[1] && bias.dtype === weight.dtype;
  return fits ? { product, weight, sum, bias } : alone;
}

/** A constant that nothing but `reader` reads: what others read, too, would be stored twice. */
function ownConstant(graph: GraphDraft, name: string, reader: Node): Tensor | undefined {
  const tensor = graph.constant(name);
  return tensor && !tensor.strings && soleConsumer(graph, name) === reader ? tensor : undefined;
}

async function merge(graph: GraphDraft, siblings: readonly Sibling[]): Promise<void> {
  const first = siblings[0]!;
  const weight = await beside(
    siblings.map((each) => each.weight),
    graph.freshName(first.weight.name),
  );
  const bias =
    first.bias &&
    (await beside(
      siblings.map((each) => each.bias!),
      graph.freshName(first.bias.name),
    ));
  const last = ({ product, sum }: Sibling) => (sum ?? product).outputs[0]!;
  graph.rewrite(first.product, english`${siblings.length} products of one value are one product, split.`, (edit) => {
    for (const { product, sum } of siblings) {
      edit.remove(product);
      if (sum) edit.remove(sum);
    }
    edit.setInitializer(weight);
    if (bias) edit.setInitializer(bias);
    const all = siblings.flatMap(({ product, sum }) => (sum ? [product, sum] : [product]));
    const value = graph.freshName(`${first.product.outputs[0]}_all`);
    const { name, inputs } = first.product;
    edit.add({ opType: 'MatMul', name, inputs: [inputs[0]!, weight.name], outputs: [value] }, all);
    const sum = bias ? graph.freshName(`${last(first)}_all`) : value;
    if (bias) edit.add({ opType: 'Add', name: first.sum!.name, inputs: [value, bias.name], outputs: [sum] }, all);
    const sizes = siblings.map((each) => each.weight.dims[1]!);
    const axis: [string, Attribute] = ['axis', { type: 'int', value: -1n }];
    const outputs = siblings.map(last);
    if (defaultOpset(graph) >= 13) {
      const split = addInts(graph, edit, `${last(first)}_sizes`, sizes);
      edit.add({ opType: 'Split', inputs: [sum, split], outputs, attributes: new Map([axis]) }, all);
    } else {
      const split: Attribute = { type: 'ints', value: sizes.map(BigInt) };
      edit.add({ opType: 'Split', inputs: [sum], outputs, attributes: new Map([axis, ['split', split]]) }, all);
    }
  });
}

/** Matrices with equally many rows, or vectors, side by side. */
async function beside(tensors: readonly Tensor[], name: string): Promise<Tensor> {
  const { dtype, dims } = tensors[0]!;
  const rows = dims.length === 2 ? dims[0]! : 1;
  const parts = await Promise.all(tensors.map(({ data }) => readAll(data)));
  const widths = tensors.map((each) => byteLengthOf(dtype, each.dims.at(-1)!));
  const bytes = new Uint8Array(rows * widths.reduce((sum, width) => sum + width, 0));
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (const [index, width] of widths.entries()) {
      bytes.set(parts[index]!.subarray(row * width, (row + 1) * width), at);
      at += width;
    }
  }
  const columns = tensors.reduce((sum, each) => sum + each.dims.at(-1)!, 0);
  return tensorOf(name, dtype, [...dims.slice(0, -1), columns], bytes);
}
