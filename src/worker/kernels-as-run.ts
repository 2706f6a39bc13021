import { join } from 'node:path';
import type { OptimizationLevel } from '../core/evaluator.ts';
import type { Model, Node } from '../core/graph/model.ts';
import { allNodes } from '../core/profile/breakdown.ts';
import { makeTemporaryFolder, prepareModel } from './model-source.ts';
import { openModel } from './open-model.ts';
import type { RuntimeManager } from './runtime-client.ts';

/** Operators → how many of each, bodies included. */
export type OperatorCounts = ReadonlyMap<string, number>;

const known = new WeakMap<Model, Map<OptimizationLevel, OperatorCounts>>();

/** What the graph as run depends on beside the model. */
export interface AsRunOptions {
  readonly level: OptimizationLevel;
  readonly signal?: AbortSignal | undefined;
}

/** The model that ONNX Runtime makes of a model on the CPU, without its large weights. Rejects when it refuses the model. */
export async function modelAsRun(
  manager: RuntimeManager,
  model: Model,
  { level, signal }: AsRunOptions,
): Promise<Model> {
  const folder = await makeTemporaryFolder();
  const prepared = await prepareModel(model, signal);
  try {
    const optimizedModelPath = join(folder.path, 'optimized.onnx');
    const options = { provider: 'cpu', level, threads: 0, optimizedModelPath };
    await manager.use(
      async ({ client }) => {
        const { session } = await client.createSession({ model: prepared.source, options });
        await client.release({ session });
      },
      { signal },
    );
    const opened = await openModel(optimizedModelPath);
    await opened.close();
    return opened.model;
  } finally {
    await prepared.dispose();
    await folder.remove();
  }
}

/** How many of each operator ONNX Runtime runs of a model on the CPU; what was found is remembered with the model. */
export async function operatorsAsRun(
  manager: RuntimeManager,
  model: Model,
  options: AsRunOptions,
): Promise<OperatorCounts> {
  const before = known.get(model)?.get(options.level);
  if (before) return before;
  const found = countOperators(await modelAsRun(manager, model, options));
  known.set(model, (known.get(model) ?? new Map()).set(options.level, found));
  return found;
}

function countOperators(model: Model): OperatorCounts {
  const found = new Map<string, number>();
  for (const { opType } of allNodes(model).values()) found.set(opType, (found.get(opType) ?? 0) + 1);
  return found;
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
  operators: OperatorCounts,
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
