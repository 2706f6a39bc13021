import { RuntimeError } from '../core/evaluator.ts';
import type { Model } from '../core/graph/model.ts';
import { type OperatorCounts, operatorsAsRun } from './kernels-as-run.ts';
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
): Promise<OperatorCounts | undefined> {
  try {
    const operators = await operatorsAsRun(manager, model, { level: 'extended', signal });
    return new Map([...operators].filter(([operator]) => fused.has(operator)));
  } catch (error) {
    if (error instanceof RuntimeError) return undefined;
    throw error;
  }
}

/** Which fusion the second model has fewer of, in words. */
export function lostFusion(before: OperatorCounts, after: OperatorCounts | undefined): string | undefined {
  if (!after) return 'ONNX Runtime cannot optimize the result.';
  const total = (counted: OperatorCounts) => [...counted.values()].reduce((sum, count) => sum + count, 0);
  for (const [operator, count] of before) {
    const now = after.get(operator) ?? 0;
    // One fused operator in the place of another is no loss.
    if (now < count && total(after) < total(before)) {
      return `ONNX Runtime fused ${count} times into ${operator} before and ${now} times after.`;
    }
  }
  return undefined;
}
