/** Normalizations: the data keeps type and shape; statistics are smaller. */
import { constantDim } from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import { axisIn, forEach, type Operation, type Rules, same, tensor } from '../operation.ts';

function batchNormalization(op: Operation): readonly ValueFacts[] {
  const data = tensor(op.dtype(0), op.shape(0));
  const statistics = tensor(op.dtype(3) ?? op.dtype(0), op.shape(3) ?? [op.shape(0)?.[1] ?? null]);
  return [data, statistics, statistics, statistics, statistics];
}

/** Mean and inverse deviation keep the axes before `axis`; the rest become 1. */
function layerNormalization(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const axis = shape && axisIn(shape.length, op.int('axis', -1));
  const statistics = tensor(
    'float32',
    shape && axis !== undefined ? shape.map((each, index) => (index < axis ? each : constantDim(1))) : undefined,
  );
  return [tensor(op.dtype(0), shape), statistics, statistics];
}

export const normalizationRules: Rules = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: (op) => [tensor(op.dtype(1) ?? op.dtype(0), op.shape(0))],
  ...forEach('InstanceNormalization GroupNormalization LpNormalization LRN MeanVarianceNormalization', same()),
};
