/** Convolutions and pooling: batch, channels, then spatial axes. */
import { stringAttribute } from '../../graph/attribute.ts';
import type { DataType } from '../../graph/data-type.ts';
import { type Axis, addDims, ceilDivide, constantDim, floorDivide, multiplyDims, subtractDims } from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import { forEach, type Operation, type Rules, type Shape, tensor, unknownAxes } from '../operation.ts';

/** How a window moves over the spatial axes. */
interface Window {
  readonly kernel: Shape;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly autoPad: string;
  readonly ceil: boolean;
}

function windowOf(op: Operation, kernel: Shape): Window {
  const rank = kernel.length;
  return {
    kernel,
    strides: op.ints('strides') ?? new Array(rank).fill(1),
    dilations: op.ints('dilations') ?? new Array(rank).fill(1),
    pads: op.ints('pads') ?? new Array(2 * rank).fill(0),
    autoPad: stringAttribute(op.node, 'auto_pad', 'NOTSET'),
    ceil: op.int('ceil_mode', 0) !== 0,
  };
}

/** Positions of the window along one spatial axis. */
function windowCount(size: Axis, window: Window, index: number): Axis {
  const { kernel, strides, dilations, pads, autoPad } = window;
  const stride = constantDim(strides[index] ?? 1);
  if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') return ceilDivide(size, stride);
  const reach = addDims(
    multiplyDims(subtractDims(kernel[index] ?? null, constantDim(1)), constantDim(dilations[index] ?? 1)),
    constantDim(1),
  );
  const padding = autoPad === 'VALID' ? 0 : (pads[index] ?? 0) + (pads[index + kernel.length] ?? 0);
  const free = subtractDims(addDims(size, constantDim(padding)), reach);
  if (!window.ceil) return addDims(floorDivide(free, stride), constantDim(1));
  const count = addDims(ceilDivide(free, stride), constantDim(1));
  return dropLastOutside(count, size, stride, pads[index] ?? 0);
}

/** With `ceil_mode` a window that would start in the padding at the end is left out; unknown where that is not certain. */
function dropLastOutside(count: Axis, size: Axis, stride: Axis, padBegin: number): Axis {
  if (count?.constant === undefined || size?.constant === undefined || stride?.constant === undefined) return null;
  const lastStart = (count.constant - 1) * stride.constant;
  return lastStart >= size.constant + padBegin ? constantDim(count.constant - 1) : count;
}

function convolved(op: Operation, data: Shape | undefined, weight: Shape | undefined, dtype?: DataType): ValueFacts {
  if (!data) return tensor(dtype, weight && [null, weight[0] ?? null, ...unknownAxes(Math.max(0, weight.length - 2))]);
  const kernel = op.ints('kernel_shape')?.map(constantDim) ?? weight?.slice(2);
  const spatial = data.slice(2);
  if (!kernel) return tensor(dtype, [data[0] ?? null, null, ...unknownAxes(spatial.length)]);
  const window = windowOf(op, kernel);
  return tensor(dtype, [
    data[0] ?? null,
    weight?.[0] ?? null,
    ...spatial.map((size, index) => windowCount(size, window, index)),
  ]);
}

const conv = (op: Operation): readonly ValueFacts[] => [convolved(op, op.shape(0), op.shape(1), op.dtype(0))];

function convTranspose(op: Operation): readonly ValueFacts[] {
  const [data, weight] = [op.shape(0), op.shape(1)];
  const kernel = op.ints('kernel_shape')?.map(constantDim) ?? weight?.slice(2);
  if (!data || !kernel) return [tensor(op.dtype(0), data && unknownAxes(data.length))];
  const channels = multiplyDims(weight?.[1] ?? null, constantDim(op.int('group', 1)));
  const window = windowOf(op, kernel);
  const extra = op.ints('output_padding') ?? [];
  const fixed = op.ints('output_shape');
  const spatial = data.slice(2).map((size, index): Axis => {
    if (fixed) return constantDim(fixed[fixed.length - kernel.length + index] ?? fixed[index] ?? 0);
    const stride = constantDim(window.strides[index] ?? 1);
    if (window.autoPad.startsWith('SAME')) return multiplyDims(size, stride);
    const reach = multiplyDims(
      subtractDims(kernel[index] ?? null, constantDim(1)),
      constantDim(window.dilations[index] ?? 1),
    );
    const padding =
      window.autoPad === 'VALID' ? 0 : (window.pads[index] ?? 0) + (window.pads[index + kernel.length] ?? 0);
    const grown = addDims(multiplyDims(subtractDims(size, constantDim(1)), stride), reach);
    return addDims(grown, constantDim(1 + (extra[index] ?? 0) - padding));
  });
  return [tensor(op.dtype(0), [data[0] ?? null, channels, ...spatial])];
}

function pooled(op: Operation): Shape | undefined {
  const data = op.shape(0);
  const kernel = op.ints('kernel_shape')?.map(constantDim);
  if (!data || !kernel) return data && unknownAxes(data.length);
  const window = windowOf(op, kernel);
  return [...data.slice(0, 2), ...data.slice(2).map((size, index) => windowCount(size, window, index))];
}

const pool = (op: Operation): readonly ValueFacts[] => {
  const shape = pooled(op);
  return [tensor(op.dtype(0), shape), tensor('int64', shape)];
};

const globalPool = (op: Operation): readonly ValueFacts[] => [
  tensor(
    op.dtype(0),
    op.shape(0)?.map((axis, index) => (index < 2 ? axis : constantDim(1))),
  ),
];

function maxUnpool(op: Operation): readonly ValueFacts[] {
  const data = op.shape(0);
  const kernel = op.ints('kernel_shape')?.map(constantDim);
  if (!data || !kernel) return [tensor(op.dtype(0), data && unknownAxes(data.length))];
  if (op.has(2)) return [tensor(op.dtype(0), op.value(2) ?? unknownAxes(data.length))];
  const window = windowOf(op, kernel);
  const spatial = data.slice(2).map((size, index) => {
    const padding = (window.pads[index] ?? 0) + (window.pads[index + kernel.length] ?? 0);
    const grown = multiplyDims(subtractDims(size, constantDim(1)), constantDim(window.strides[index] ?? 1));
    return addDims(addDims(grown, kernel[index] ?? null), constantDim(-padding));
  });
  return [tensor(op.dtype(0), [...data.slice(0, 2), ...spatial])];
}

/** Regions by two fixed output sizes: [regions, channels, height, width]. */
function regions(op: Operation): readonly ValueFacts[] {
  const size = op.ints('pooled_shape') ?? [op.int('output_height', 1), op.int('output_width', 1)];
  const [height, width] = size;
  return [
    tensor(op.dtype(0), [
      op.shape(1)?.[0] ?? null,
      op.shape(0)?.[1] ?? null,
      constantDim(height ?? 1),
      constantDim(width ?? 1),
    ]),
  ];
}

function columnsToImage(op: Operation): readonly ValueFacts[] {
  const image = op.value(1);
  const block = op.value(2);
  if (!image || !block) return [tensor(op.dtype(0), undefined)];
  const blockSize = block.reduce<Axis>((product, axis) => multiplyDims(product, axis), constantDim(1));
  const channels = floorDivide(op.shape(0)?.[1] ?? null, blockSize);
  return [tensor(op.dtype(0), [op.shape(0)?.[0] ?? null, channels, ...image])];
}

export const convolutionRules: Rules = {
  ...forEach('Conv DeformConv', conv),
  ConvInteger: (op) => [convolved(op, op.shape(0), op.shape(1), 'int32')],
  QLinearConv: (op) => [convolved(op, op.shape(0), op.shape(3), op.dtype(7))],
  ConvTranspose: convTranspose,
  ...forEach('AveragePool MaxPool LpPool', pool),
  ...forEach('GlobalAveragePool GlobalMaxPool GlobalLpPool', globalPool),
  MaxUnpool: maxUnpool,
  ...forEach('MaxRoiPool RoiAlign', regions),
  Col2Im: columnsToImage,
};
