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
    const count = elementCount(data.dims);
    const kept = target.map((size, axis) => (size === 0 ? data.dims[axis]! : size));
    const known = kept.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
    const dims = kept.map((size) => (size === -1 ? count / known : size));
    // A file may ask for a shape that does not hold its elements; ONNX Runtime refuses it then.
    const holds = dims.every((size) => Number.isInteger(size)) && elementCount(dims) === count;
    return holds ? withDims(data, dims, node.outputs[0]!) : undefined;
  },
  Transpose: transpose,
};

function transpose(data: Tensor, node: Node): Promise<Tensor | undefined> | undefined {
  const permutation = permutationOf(node, data.dims.length);
  return permutation?.length === data.dims.length ? transposeTensor(data, permutation, node.outputs[0]!) : undefined;
}

/** A transposed tensor under a new name, of elements of 1, 2, 4 or 8 bytes; undefined for others. */
export async function transposeTensor(
  data: Tensor,
  permutation: readonly number[],
  name: string,
): Promise<Tensor | undefined> {
  const size = bitsPerElement(data.dtype) / 8;
  const source = wordsOf(await readAll(data.data), size);
  if (!source) return undefined;
  const dims = permutation.map((axis) => data.dims[axis]!);
  const strides = data.dims.map((_, axis) => elementCount(data.dims.slice(axis + 1)));
  const result = source.slice();
  gather(
    source,
    result,
    dims,
    permutation.map((axis) => strides[axis]!),
  );
  return tensorOf(name, data.dtype, dims, new Uint8Array(result.buffer));
}

type Words = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** The bytes as unsigned words of an element's size: moving those keeps every bit, also of a NaN. */
function wordsOf(bytes: Uint8Array, size: number): Words | undefined {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  if (size === 1) return new Uint8Array(buffer, byteOffset, byteLength);
  if (size === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  if (size === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4);
  return size === 8 ? new BigUint64Array(buffer, byteOffset, byteLength / 8) : undefined;
}

/**
 * Fills `to` in order from elements of `from` that lie `steps[axis]` apart along each axis. The last two axes go in
 * squares of 32, which keeps both sides in the cache: 72 weights of bert_base, 340 MB, in 0.7 s instead of 5.
 */
function gather(from: Words, to: Words, dims: readonly number[], steps: readonly number[]): void {
  const rank = dims.length;
  const [rows, columns] = [dims[rank - 2] ?? 1, dims[rank - 1] ?? 1];
  const [rowStep, columnStep] = [steps[rank - 2] ?? 0, steps[rank - 1] ?? 0];
  const planes = to.length / (rows * columns || 1);
  for (let plane = 0; plane < planes; plane++) {
    let start = 0;
    for (let axis = rank - 3, rest = plane; axis >= 0; axis--) {
      start += (rest % dims[axis]!) * steps[axis]!;
      rest = Math.floor(rest / dims[axis]!);
    }
    const target = plane * rows * columns;
    for (let top = 0; top < rows; top += 32) {
      for (let left = 0; left < columns; left += 32) {
        const bottom = Math.min(top + 32, rows);
        const right = Math.min(left + 32, columns);
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++) {
            to[target + row * columns + column] = from[start + row * rowStep + column * columnStep]!;
          }
        }
      }
    }
  }
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
