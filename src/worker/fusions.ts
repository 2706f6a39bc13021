import { join } from 'node:path';
import type { Model } from '../core/graph/model.ts';
import { makeTemporaryFolder, prepareModel } from './model-source.ts';
import { openModel } from './open-model.ts';
import type { RuntimeManager } from './runtime-client.ts';

/** ONNX Runtime's fused operators: losing one costs speed. Layout operators are left out, they come and go in pairs. */
const fused = new Set([
  'Attention',
  'MultiHeadAttention',
  'GroupQueryAttention',
  'QAttention',
  'EmbedLayerNormalization',
  'SkipLayerNormalization',
  'SkipSimplifiedLayerNormalization',
  'SimplifiedLayerNormalization',
  'LayerNormalization',
  'Gelu',
  'BiasGelu',
  'FastGelu',
  'QuickGelu',
  'BiasSoftmax',
  'FusedConv',
  'FusedGemm',
  'FusedMatMul',
  'RotaryEmbedding',
  'MatMulNBits',
  'DynamicQuantizeMatMul',
  'MatMulIntegerToFloat',
  'QLinearConv',
  'QLinearMatMul',
  'QGemm',
]);

/** How many of each fused operator ONNX Runtime makes of a model; undefined when it refuses the model. */
export async function countFusions(
  manager: RuntimeManager,
  model: Model,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, number> | undefined> {
  const known = counts.get(model);
  if (known) return known;
  const folder = await makeTemporaryFolder();
  const prepared = await prepareModel(model, signal);
  try {
    const optimizedModelPath = join(folder.path, 'optimized.onnx');
    await manager.use(
      async ({ client }) => {
        const options = { provider: 'cpu', level: 'extended' as const, threads: 0, optimizedModelPath };
        const { session } = await client.createSession({ model: prepared.source, options });
        await client.release({ session });
      },
      { signal },
    );
    const opened = await openModel(optimizedModelPath);
    const found = countOperators(opened.model);
    await opened.close();
    counts.set(model, found);
    return found;
  } catch (error) {
    if (error instanceof Error && error.name === 'RuntimeError') return undefined;
    throw error;
  } finally {
    await prepared.dispose();
    await folder.remove();
  }
}

const counts = new WeakMap<Model, ReadonlyMap<string, number>>();

function countOperators({ graph }: Model): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const stack = [...graph.nodes];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (fused.has(node.opType)) found.set(node.opType, (found.get(node.opType) ?? 0) + 1);
    for (const { type, value } of node.attributes.values()) if (type === 'graph') stack.push(...value.nodes);
  }
  return found;
}

/** Which fusion the second model has fewer of, in words. */
export function lostFusion(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number> | undefined,
): string | undefined {
  if (!after) return 'ONNX Runtime cannot optimize the result.';
  const total = (counted: ReadonlyMap<string, number>) => [...counted.values()].reduce((sum, count) => sum + count, 0);
  for (const [operator, count] of before) {
    const now = after.get(operator) ?? 0;
    // One fused operator in the place of another is no loss.
    if (now < count && total(after) < total(before)) {
      return `ONNX Runtime fused ${count} times into ${operator} before and ${now} times after.`;
    }
  }
  return undefined;
}
