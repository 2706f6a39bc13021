/**
 * Bias correction, after Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019),
 * with means from calibration data: rounded weights shift the mean of each output channel; the bias takes it back.
 */
import { intAttribute } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Facts } from '../shapes/facts.ts';
import type { Channels } from './calibration.ts';
import { addedBias, type Target } from './targets.ts';
import { channelLayout, type QuantizedWeight } from './weights.ts';

/**
 * Which means of the targets' inputs bias correction needs. A MatMul has no bias of its own and is left out, unless a
 * constant vector is added to what it gives.
 */
export function inputChannels(graph: GraphDraft, facts: Facts, targets: readonly Target[]): Channels {
  const values = new Map<string, { axes: readonly number[]; channels: number }>();
  for (const target of targets) {
    const { node, weight, channelAxis } = target;
    const [value] = node.inputs as [string];
    if (node.opType === 'Conv') {
      const axes = weight.dims.map((_, axis) => axis).filter((axis) => axis !== 1);
      values.set(value, { axes, channels: weight.dims[1]! * intAttribute(node, 'group', 1) });
      continue;
    }
    const rank = node.opType === 'Gemm' ? 2 : addedBias(graph, target) && facts.of(graph, value).shape?.length;
    if (rank === undefined || rank < 2) continue;
    const axes = Array.from({ length: rank - 1 }, (_, axis) => axis);
    values.set(value, { axes, channels: weight.dims[1 - channelAxis]! });
  }
  return values;
}

/** What to add to the bias of each output channel: the mean of what rounding took from the weights. */
export function biasShift(
  { node, weight, channelAxis }: Target,
  values: Float32Array,
  { values: stored, scales, zeroPoints }: QuantizedWeight,
  means: Float32Array,
): Float32Array {
  const { dims } = weight;
  const shift = new Float32Array(dims[channelAxis]!);
  const scaleOf = (channel: number) => scales[scales.length === 1 ? 0 : channel]!;
  const lost = (at: number, channel: number) =>
    values[at]! - (stored[at]! - zeroPoints[scales.length === 1 ? 0 : channel]!) * scaleOf(channel);
  if (node.opType !== 'Conv') {
    const [rows, columns] = dims as [number, number];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [channel, input] = channelAxis === 0 ? [row, column] : [column, row];
        shift[channel]! += lost(row * columns + column, channel) * means[input]!;
      }
    }
    return shift;
  }
  const { channels, inner } = channelLayout(dims, 0);
  const inputsPerGroup = dims[1]!;
  const kernel = inner / inputsPerGroup;
  const outputsPerGroup = channels / intAttribute(node, 'group', 1);
  for (let channel = 0; channel < channels; channel++) {
    const firstInput = Math.floor(channel / outputsPerGroup) * inputsPerGroup;
    for (let input = 0; input < inputsPerGroup; input++) {
      let sum = 0;
      const start = channel * inner + input * kernel;
      for (let at = start; at < start + kernel; at++) sum += lost(at, channel);
      shift[channel]! += sum * means[firstInput + input]!;
    }
  }
  return shift;
}
