import type { Evaluator } from '../core/evaluator.ts';
import { bufferSource } from '../core/graph/byte-source.ts';
import type { Model, NodeId, Tensor } from '../core/graph/model.ts';
import { fromNumbers, toNumbers } from '../core/tensor/convert.ts';

/** Rows, summed elements and columns of the product that is asked with: as large as kernels that pack their weights like. */
const [rows, inner, columns] = [4, 64, 16];

/**
 * Whether 8-bit products saturate on this machine, as they do on x64 without VNNI: two of 255 · 127 do not fit the 16
 * bits in which they are added. ONNX Runtime itself is asked, since no file says so on every system.
 */
export async function saturates(evaluator: Evaluator, signal?: AbortSignal): Promise<boolean> {
  const activations = { dtype: 'uint8' as const, dims: [rows, inner], bytes: new Uint8Array(rows * inner).fill(255) };
  const [results] = await evaluator.run({ model: product, feeds: [new Map([['x', activations]])], signal });
  const { dtype, bytes } = results!.get('y')!;
  return toNumbers(dtype, bytes, rows * columns).some((sum) => sum !== 255 * 127 * inner);
}

const weights: Tensor = {
  name: 'w',
  dtype: 'int8',
  dims: [inner, columns],
  data: bufferSource(fromNumbers('int8', new Array<number>(inner * columns).fill(127))),
};

/** `MatMulInteger` of uint8 with constant int8 weights: the kernel that quantized products come down to. */
const product: Model = {
  irVersion: 8,
  producerName: 'opscope',
  producerVersion: '',
  domain: '',
  modelVersion: 0n,
  docString: '',
  opsets: new Map([['', 13]]),
  graph: {
    name: 'saturation',
    docString: '',
    nodes: [
      {
        id: 0 as NodeId,
        opType: 'MatMulInteger',
        domain: '',
        name: 'y',
        inputs: ['x', 'w'],
        outputs: ['y'],
        attributes: new Map(),
      },
    ],
    inputs: [{ name: 'x', type: { kind: 'tensor', dtype: 'uint8', shape: [rows, inner] } }],
    outputs: [{ name: 'y', type: { kind: 'tensor', dtype: 'int32', shape: [rows, columns] } }],
    valueInfo: [],
    initializers: new Map([['w', weights]]),
    sparseInitializers: [],
    quantizationAnnotations: [],
    metadata: new Map(),
  },
  functions: [],
  metadata: new Map(),
  nextNodeId: 1,
};
