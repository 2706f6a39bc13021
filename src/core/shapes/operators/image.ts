/** Resizing, sampling, boxes and signals. */
import { type Axis, addDims, constantDim, floorDivide, multiplyDims, subtractDims } from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import {
  axesIn,
  axisIn,
  constants,
  type Operation,
  type Rules,
  type Shape,
  tensor,
  unknownAxes,
  withAxis,
} from '../operation.ts';

/** ⌊size · scale⌋ in the single precision that ONNX Runtime computes it in; symbols only by whole scales. */
function scaled(size: Axis, scale: number | undefined): Axis {
  if (size === null || scale === undefined || !Number.isFinite(scale)) return null;
  if (size.constant !== undefined) return constantDim(Math.floor(Math.fround(size.constant * Math.fround(scale))));
  return Number.isInteger(scale) ? multiplyDims(size, constantDim(scale)) : null;
}

/** Resize: `X, scales` at opset 10; `X, roi, scales, sizes` from 11, some axes only and keeping the aspect from 18. */
function resize(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  if (!shape) return [tensor(op.dtype(0), undefined)];
  const rank = shape.length;
  const axes = axesIn(rank, op.ints('axes') ?? shape.map((_, index) => index));
  const [scalesAt, sizesAt] = op.opset < 11 ? [1, -1] : [2, 3];
  const sizes = sizesAt > 0 && op.has(sizesAt) ? op.value(sizesAt) : undefined;
  const scales = op.has(scalesAt) ? op.value(scalesAt) : undefined;
  const stretched = op.string('keep_aspect_ratio_policy', 'stretch') === 'stretch';
  if (!axes || (!sizes && !scales) || (sizes && !stretched)) return [tensor(op.dtype(0), unknownAxes(rank))];
  if (sizes?.length !== axes.length && scales?.length !== axes.length) return [tensor(op.dtype(0), unknownAxes(rank))];
  let result: Shape = shape;
  for (const [index, axis] of axes.entries()) {
    const size = sizes ? sizes[index]! : scaled(shape[axis]!, scales![index]?.constant);
    result = withAxis(result, axis, size);
  }
  return [tensor(op.dtype(0), result)];
}

function upsample(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const attribute = op.node.attributes.get('scales');
  const scales = op.has(1)
    ? op.value(1)?.map((axis) => axis?.constant)
    : attribute?.type === 'floats'
      ? attribute.value
      : undefined;
  return [
    tensor(
      op.dtype(0),
      shape?.map((axis, index) => scaled(axis, scales?.[index])),
    ),
  ];
}

/** Grid of N×H×W×2 or N×D×H×W×3 positions: its spatial axes with the batch and channels of the data. */
function gridSample(op: Operation): readonly ValueFacts[] {
  const [data, grid] = [op.shape(0), op.shape(1)];
  if (!data || !grid) return [tensor(op.dtype(0), data && unknownAxes(data.length))];
  return [tensor(op.dtype(0), [data[0] ?? null, data[1] ?? null, ...grid.slice(1, -1)])];
}

function affineGrid(op: Operation): readonly ValueFacts[] {
  const size = op.value(1);
  const count = op.shape(1)?.[0]?.constant;
  if (!size) return [tensor(op.dtype(0), count === 4 || count === 5 ? unknownAxes(count) : undefined)];
  return [tensor(op.dtype(0), [size[0] ?? null, ...size.slice(2), constantDim(size.length - 2)])];
}

/** DFT: `axis` by attribute at opset 17, by input from 20; a real input gains the complex axis of length 2. */
function discreteFourier(op: Operation): readonly ValueFacts[] {
  const shape = op.shape(0);
  const given = op.opset >= 20 ? (op.has(2) ? op.numbers(2)?.[0] : -2) : op.int('axis', 1);
  const axis = shape && given !== undefined ? axisIn(shape.length, given) : undefined;
  if (!shape || axis === undefined) return [tensor(op.dtype(0), shape && unknownAxes(shape.length))];
  const length = op.has(1) ? (op.value(1)?.[0] ?? null) : shape[axis]!;
  const half = op.int('onesided', 0) !== 0;
  if (half && op.int('inverse', 0)) return [tensor(op.dtype(0), unknownAxes(shape.length))];
  const kept = half ? addDims(floorDivide(length, constantDim(2)), constantDim(1)) : length;
  return [tensor(op.dtype(0), withAxis(withAxis(shape, axis, kept), shape.length - 1, constantDim(2)))];
}

/** STFT: batch, frames, bins, 2. */
function shortTimeFourier(op: Operation): readonly ValueFacts[] {
  const signal = op.shape(0);
  const step = op.value(1)?.[0] ?? null;
  const frame = op.has(3) ? (op.value(3)?.[0] ?? null) : (op.shape(2)?.[0] ?? null);
  const frames = addDims(floorDivide(subtractDims(signal?.[1] ?? null, frame), step), constantDim(1));
  const bins = op.int('onesided', 1) ? addDims(floorDivide(frame, constantDim(2)), constantDim(1)) : frame;
  return [tensor(op.dtype(0), [signal?.[0] ?? null, frames, bins, constantDim(2)])];
}

const labels = (op: Operation): readonly ValueFacts[] => {
  const reduced = op.string('reduction', 'mean') !== 'none';
  const shape = op.shape(0);
  const classless = shape && [...shape.slice(0, 1), ...shape.slice(2)];
  return [tensor(op.dtype(0), reduced ? [] : classless), tensor(op.dtype(0), shape)];
};

export const imageRules: Rules = {
  Resize: resize,
  Upsample: upsample,
  GridSample: gridSample,
  AffineGrid: affineGrid,
  DFT: discreteFourier,
  STFT: shortTimeFourier,
  NonMaxSuppression: () => [tensor('int64', [null, constantDim(3)])],
  ImageDecoder: () => [tensor('uint8', [null, null, null])],
  NegativeLogLikelihoodLoss: labels,
  SoftmaxCrossEntropyLoss: labels,
  Crop: (op) => [tensor(op.dtype(0), op.shape(0) && unknownAxes(op.shape(0)!.length))],
  ImageScaler: (op) => [tensor(op.dtype(0), op.shape(0))],
  StringConcat: (op) => [tensor('string', op.shape(0)?.length === 0 ? op.shape(1) : undefined)],
  StringSplit: (op) => [tensor('string', op.shape(0) && [...op.shape(0)!, null]), tensor('int64', op.shape(0))],
  RegexFullMatch: (op) => [tensor('bool', op.shape(0))],
  StringNormalizer: (op) => {
    const stopwords = op.node.attributes.get('stopwords');
    const keepsAll = !stopwords || (stopwords.type === 'strings' && stopwords.value.length === 0);
    const shape = op.shape(0);
    return [tensor('string', keepsAll ? shape : shape && (shape.length === 1 ? [null] : [...constants(1), null]))];
  },
  TfIdfVectorizer: (op) => {
    const indexes = op.ints('ngram_indexes');
    const width = indexes ? constantDim(Math.max(...indexes.slice(0, 100_000), -1) + 1) : null;
    return [
      tensor(
        'float32',
        op.shape(0) && [...op.shape(0)!.slice(0, -1), indexes && indexes.length > 100_000 ? null : width],
      ),
    ];
  },
};
