import { english } from '../core/english.ts';
import { RuntimeError } from '../core/evaluator.ts';
import type { Model } from '../core/graph/model.ts';
import { type OperatorCounts, operatorsAsRun } from './kernels-as-run.ts';
import { isRuntimeGone, type RuntimeManager } from './runtime-client.ts';

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
  'RMSNormalization',
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

/** What ONNX Runtime makes of a model, by operator; undefined when it refuses the model, or crashes on it. */
export async function countAsRun(
  manager: RuntimeManager,
  model: Model,
  signal?: AbortSignal,
): Promise<OperatorCounts | undefined> {
  try {
    return await operatorsAsRun(manager, model, { level: 'extended', signal });
  } catch (error) {
    if (error instanceof RuntimeError || isRuntimeGone(error)) return undefined;
    throw error;
  }
}

/** Whether ONNX Runtime fused anything that a rewrite could cost. */
export const hasFusions = (asRun: OperatorCounts): boolean => [...asRun.keys()].some((operator) => fused.has(operator));

/** Which fusion the second model has fewer of, in words. Both are what `countAsRun` gives. */
export function lostFusion(before: OperatorCounts, after: OperatorCounts | undefined): string | undefined {
  if (!after) return english`ONNX Runtime cannot optimize the result.`;
  const total = (counted: OperatorCounts, counts: (operator: string) => boolean) =>
    [...counted].reduce((sum, [operator, count]) => sum + (counts(operator) ? count : 0), 0);
  const isFused = (operator: string) => fused.has(operator);
  // One fused operator in the place of another is no loss, unless it covers less and more is left to run.
  const fewer = total(after, isFused) < total(before, isFused) || total(after, () => true) > total(before, () => true);
  if (!fewer) return undefined;
  for (const [operator, count] of before) {
    const now = after.get(operator) ?? 0;
    if (isFused(operator) && now < count) {
      return english`ONNX Runtime fused nodes into ${count} × ${operator} before and ${now} × after.`;
    }
  }
  return undefined;
}
