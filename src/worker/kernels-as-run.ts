import { join } from 'node:path';
import type { Model, Node } from '../core/graph/model.ts';
import { makeTemporaryFolder, prepareModel } from './model-source.ts';
import { openModel } from './open-model.ts';
import type { RuntimeManager } from './runtime-client.ts';

/** Operators of the graph that ONNX Runtime makes of a model, and how many of each. Rejects when it refuses the model. */
export async function operatorsAsRun(
  manager: RuntimeManager,
  model: Model,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const folder = await makeTemporaryFolder();
  const prepared = await prepareModel(model, signal);
  try {
    const optimizedModelPath = join(folder.path, 'optimized.onnx');
    const options = { provider: 'cpu', level: 'all', threads: 0, optimizedModelPath } as const;
    await manager.use(
      async ({ client }) => {
        const { session } = await client.createSession({ model: prepared.source, options });
        await client.release({ session });
      },
      { signal },
    );
    const opened = await openModel(optimizedModelPath);
    const found = new Map<string, number>();
    for (const { opType } of opened.model.graph.nodes) found.set(opType, (found.get(opType) ?? 0) + 1);
    await opened.close();
    return found;
  } finally {
    await prepared.dispose();
    await folder.remove();
  }
}

/** Operators that ONNX Runtime runs as a kernel on integers, and the names those kernels have. */
const integerKernels: Readonly<Record<string, readonly string[]>> = {
  Conv: ['QLinearConv', 'ConvInteger'],
  MatMul: ['QLinearMatMul', 'MatMulIntegerToFloat', 'DynamicQuantizeMatMul', 'MatMulInteger', 'MatMulNBits', 'QGemm'],
  Gemm: ['QGemm', 'MatMulIntegerToFloat', 'DynamicQuantizeMatMul', 'MatMulInteger', 'MatMulNBits'],
  LSTM: ['DynamicQuantizeLSTM'],
  Add: ['QLinearAdd'],
  Mul: ['QLinearMul'],
  Concat: ['QLinearConcat'],
  GlobalAveragePool: ['QLinearGlobalAveragePool'],
  AveragePool: ['QLinearAveragePool'],
  Sigmoid: ['QLinearSigmoid'],
  LeakyRelu: ['QLinearLeakyRelu'],
};

/** How many of the quantized nodes that compute have an integer kernel in the graph as run. */
export function countFused(
  nodes: readonly Node[],
  operators: ReadonlyMap<string, number>,
): { readonly nodes: number; readonly of: number } {
  const left = new Map(operators);
  let fused = 0;
  let of = 0;
  for (const { opType } of nodes) {
    const kernels = integerKernels[opType];
    if (!kernels) continue;
    of++;
    const kernel = kernels.find((name) => (left.get(name) ?? 0) > 0);
    if (kernel === undefined) continue;
    left.set(kernel, left.get(kernel)! - 1);
    fused++;
  }
  return { nodes: fused, of };
}
