import { join } from 'node:path';
import type { OptimizationLevel } from '../core/evaluator.ts';
import type { Model } from '../core/graph/model.ts';
import { allNodes } from '../core/profile/breakdown.ts';
import { withUniqueNames } from '../core/profile/unique-names.ts';
import { type IntegerUse, integerUse } from '../core/quantize/islands.ts';
import type { QuantizedModel, Scheme } from '../core/quantize/quantize-model.ts';
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
    // It is not run: nothing has to be packed for that.
    const config = { 'session.disable_prepacking': '1' };
    const options = { provider: 'cpu', level, threads: 0, optimizedModelPath, config };
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

/** Operators that schemes other than static write integer kernels for, and the names those have once ONNX Runtime fused them. */
const integerKernels: Readonly<Record<string, readonly string[]>> = {
  MatMul: ['MatMulIntegerToFloat', 'DynamicQuantizeMatMul', 'MatMulInteger', 'MatMulNBits'],
  Gemm: ['MatMulIntegerToFloat', 'DynamicQuantizeMatMul', 'MatMulInteger', 'MatMulNBits'],
  LSTM: ['DynamicQuantizeLSTM'],
};

/** How many quantized nodes ONNX Runtime runs with integer kernels, and which it does not. Rejects when it refuses the model. */
export async function kernelUse(
  manager: RuntimeManager,
  { model, nodes, origins }: Pick<QuantizedModel, 'model' | 'nodes' | 'origins'>,
  scheme: Scheme,
  signal: AbortSignal | undefined,
): Promise<IntegerUse> {
  const options = { level: 'all', signal } as const;
  if (scheme === 'static-int8') {
    const named = withUniqueNames(model);
    // The levels above change layouts, and name anew what they touch.
    const asRun = await modelAsRun(manager, named, { ...options, level: 'extended' });
    const planned = new Set(nodes.map(({ id }) => id));
    const members = model.graph.nodes.filter(({ id }) =>
      [...(origins.get(id) ?? [])].some((from) => planned.has(from)),
    );
    return integerUse(named, new Set(members.map(({ id }) => id)), asRun);
  }
  const left = new Map(await operatorsAsRun(manager, model, options));
  if (scheme === 'fp16') return { nodes: 0, of: 0, islands: [] };
  const computing = nodes.filter(({ opType }) => integerKernels[opType]);
  const fused = computing.filter(({ opType }) => {
    const kernel = integerKernels[opType]!.find((name) => (left.get(name) ?? 0) > 0);
    if (kernel !== undefined) left.set(kernel, left.get(kernel)! - 1);
    return kernel !== undefined;
  });
  return { nodes: fused.length, of: computing.length, islands: [] };
}
