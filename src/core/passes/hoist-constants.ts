import { english } from '../english.ts';
import { bufferSource } from '../graph/byte-source.ts';
import { bitsPerElement, elementCount } from '../graph/data-type.ts';
import type { Node, SparseTensor, Tensor } from '../graph/model.ts';
import { toBigInts } from '../tensor/convert.ts';
import type { Pass } from './pass.ts';
import { float32Tensor, tensorOf } from './tensors.ts';
import { forEachNode } from './visit.ts';

/**
 * `c = Constant() {value = 2}; y = Mul(x, c)`
 * becomes `y = Mul(x, c)` with an initializer `c`. A Constant that is an output of its graph stays.
 */
export const hoistConstants: Pass = {
  name: 'hoist-constants',
  title: english`Turn Constant nodes into initializers`,
  summary: english`Stores the values of Constant nodes beside the weights, where every pass and runtime looks for them.`,
  exactness: 'exact',
  run(draft) {
    forEachNode(draft, new Set(['Constant']), (node, graph) => {
      const [output] = node.outputs;
      const tensor = output ? constantTensor(node, output) : undefined;
      if (!tensor || graph.isOutput(tensor.name)) return;
      graph.rewrite(node, english`A constant is a value, not a computation.`, (edit) => {
        edit.remove(node);
        edit.setInitializer(tensor);
      });
    });
  },
};

/** Larger ones stay sparse: a fold may not grow the file by more either. */
const maxDenseBytes = 16 * 1024;

/** The tensor of a Constant node; undefined for large sparse values. */
function constantTensor(node: Node, name: string): Tensor | undefined {
  for (const [attribute, { type, value }] of node.attributes) {
    if (type === 'tensor' && attribute === 'value') return { ...value, name };
    if (type === 'sparse-tensor') return dense(value, name);
    if (type === 'int') return int64Big(name, [value], []);
    if (type === 'ints') return int64Big(name, value, [value.length]);
    if (type === 'float') return float32Tensor(name, [], [value]);
    if (type === 'floats') return float32Tensor(name, [value.length], value);
    if (type === 'string') return stringTensor(name, [value], []);
    if (type === 'strings') return stringTensor(name, value, [value.length]);
  }
  return undefined;
}

/** A sparse tensor with its zeros; undefined when it is large or not in memory. */
function dense({ values, indices, dims }: SparseTensor, name: string): Tensor | undefined {
  const size = bitsPerElement(values.dtype) / 8;
  const bytes = values.data.bytes;
  const places = indices.data.bytes && toBigInts('int64', indices.data.bytes);
  const count = elementCount(dims);
  if (!bytes || !places || values.strings || !Number.isInteger(size) || count * size > maxDenseBytes) return undefined;
  const filled = new Uint8Array(count * size);
  const rank = indices.dims.length === 2 ? indices.dims[1]! : 1;
  for (let at = 0; at * rank < places.length; at++) {
    const index = places.slice(at * rank, (at + 1) * rank).map(Number);
    const flat = rank === 1 ? index[0]! : index.reduce((sum, each, axis) => sum * dims[axis]! + each, 0);
    filled.set(bytes.subarray(at * size, (at + 1) * size), flat * size);
  }
  return tensorOf(name, values.dtype, dims, filled);
}

function int64Big(name: string, values: readonly bigint[], dims: readonly number[]): Tensor {
  return tensorOf(name, 'int64', dims, new Uint8Array(BigInt64Array.from(values).buffer));
}

function stringTensor(name: string, strings: readonly Uint8Array[], dims: readonly number[]): Tensor {
  return { name, dtype: 'string', dims, data: bufferSource(new Uint8Array(0)), strings };
}
