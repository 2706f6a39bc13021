import { intAttribute } from '../graph/attribute.ts';
import { readAll } from '../graph/byte-source.ts';
import { bitsPerElement, elementCount } from '../graph/data-type.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node, Tensor } from '../graph/model.ts';
import { axesOf, permutationOf } from './operands.ts';
import { fromFront } from './shape-facts.ts';
import { constantNumbers, tensorOf } from './tensors.ts';

/** Gives the result of a node that only moves elements; undefined when this case is not covered. */
type Mover = (data: Tensor, node: Node, graph: GraphDraft) => Promise<Tensor | undefined> | Tensor | undefined;

const withDims = (data: Tensor, dims: readonly number[], name: string): Tensor => ({
  name,
  dtype: data.dtype,
  dims,
  data: data.data,
});

const movers: Readonly<Record<string, Mover>> = {
  Identity: (data, node) => withDims(data, data.dims, node.outputs[0]!),
  Squeeze: (data, node, graph) => {
    const axes = axesOf(graph, node)?.map((axis) => fromFront(axis, data.dims.length));
    return (
      axes &&
      withDims(
        data,
        data.dims.filter((_, axis) => !axes.includes(axis)),
        node.outputs[0]!,
      )
    );
  },
  Unsqueeze: (data, node, graph) => {
    const axes = axesOf(graph, node);
    if (!axes) return undefined;
    const rank = data.dims.length + axes.length;
    const added = new Set(axes.map((axis) => fromFront(axis, rank)));
    const rest = [...data.dims];
    const dims = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift()!));
    return withDims(data, dims, node.outputs[0]!);
  },
  Reshape: (data, node, graph) => {
    const target = constantNumbers(graph, node.inputs[1]);
    if (!target || intAttribute(node, 'allowzero', 0) !== 0 || elementCount(data.dims) === 0) return undefined;
    const dims = target.map((size, axis) => (size === 0 ? data.dims[axis]! : size));
    const known = dims.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
    return withDims(
      data,
      dims.map((size) => (size === -1 ? elementCount(data.dims) / known : size)),
      node.outputs[0]!,
    );
  },
  Transpose: transpose,
};

/** Transposes whole bytes; elements below 8 bits are left to others. */
async function transpose(data: Tensor, node: Node): Promise<Tensor | undefined> {
  const permutation = permutationOf(node, data.dims.length);
  const size = bitsPerElement(data.dtype) / 8;
  if (!permutation || permutation.length !== data.dims.length || size < 1) return undefined;
  const source = await readAll(data.data);
  const dims = permutation.map((axis) => data.dims[axis]!);
  const strides = data.dims.map((_, axis) => elementCount(data.dims.slice(axis + 1)));
  const steps = permutation.map((axis) => strides[axis]!);
  const result = new Uint8Array(source.byteLength);
  const index = new Array<number>(dims.length).fill(0);
  let from = 0;
  for (let to = 0; to < result.byteLength; to += size) {
    for (let byte = 0; byte < size; byte++) result[to + byte] = source[from * size + byte]!;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < dims[axis]!) break;
      from -= steps[axis]! * dims[axis]!;
      index[axis] = 0;
    }
  }
  return tensorOf(node.outputs[0]!, data.dtype, dims, result);
}

/** Computes nodes that all only move elements, without a runtime; false when one of them does more. Adds to `known`. */
export async function foldByMoving(
  graph: GraphDraft,
  nodes: readonly Node[],
  known: Map<string, Tensor>,
): Promise<boolean> {
  if (!nodes.every(({ opType }) => opType in movers)) return false;
  for (const node of nodes) {
    const data = known.get(node.inputs[0]!) ?? graph.constant(node.inputs[0]!);
    const result = data && !data.strings ? await movers[node.opType]!(data, node, graph) : undefined;
    if (!result) return false;
    known.set(result.name, result);
  }
  return true;
}
