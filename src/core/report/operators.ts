/** What the common operators of ONNX do, and since which operator sets they have the form they have. */

import { english } from '../english.ts';

/** An operator of the domain `ai.onnx`. */
export interface OperatorNote {
  /** One sentence. */
  readonly summary: string;
  /** Operator sets that brought or changed it, the first one first (onnx/docs/Changelog.md). */
  readonly versions: readonly number[];
}

/** The note on an operator; undefined for one of another domain, or one that has none. */
export function operatorNote(domain: string, opType: string): OperatorNote | undefined {
  if ((domain !== '' && domain !== 'ai.onnx') || !Object.hasOwn(notes, opType)) return undefined;
  const [versions, summary] = notes[opType]!;
  return { summary, versions };
}

/** The operator set that gave an operator the form it has in `opset`; undefined when it came later. */
export function sinceVersion({ versions }: OperatorNote, opset: number): number | undefined {
  return versions.findLast((version) => version <= opset);
}

const notes: Readonly<Record<string, readonly [versions: readonly number[], summary: string]>> = {
  Abs: [[1, 6, 13], english`Takes the magnitude of every element.`],
  Add: [[1, 6, 7, 13, 14], english`Adds element by element; the smaller tensor is repeated to fit.`],
  And: [[1, 7], english`True where both inputs are true.`],
  ArgMax: [[1, 11, 12, 13], english`Gives the position of the largest element along one axis.`],
  ArgMin: [[1, 11, 12, 13], english`Gives the position of the smallest element along one axis.`],
  AveragePool: [[1, 7, 10, 11, 19, 22], english`Slides a window over the image and keeps the mean of what it covers.`],
  BatchNormalization: [
    [1, 6, 7, 9, 14, 15],
    english`Shifts and scales every channel by statistics learned in training.`,
  ],
  Cast: [[1, 6, 9, 13, 19, 21, 23, 24, 25, 28], english`Changes the element type.`],
  Ceil: [[1, 6, 13], english`Rounds every element up.`],
  Clip: [[1, 6, 11, 12, 13], english`Cuts values off below a least and above a largest one.`],
  Concat: [[1, 4, 11, 13], english`Puts tensors one behind the other along an axis.`],
  Constant: [[1, 9, 11, 12, 13, 19, 21, 23, 24, 25], english`Gives a tensor that is written into the model.`],
  ConstantOfShape: [
    [9, 20, 21, 23, 24, 25],
    english`Makes a tensor of a shape known only at run time, filled with one value.`,
  ],
  Conv: [
    [1, 11, 22],
    english`Slides filters over the input; every output is a weighted sum of what the filter covers.`,
  ],
  ConvInteger: [[10], english`A convolution of integers that sums up in 32 bits.`],
  ConvTranspose: [[1, 11, 22], english`Spreads every input element over an area by a filter; used to enlarge.`],
  Cos: [[7, 22], english`Takes the cosine of every element.`],
  CumSum: [[11, 14], english`Sums up along an axis, keeping every partial sum.`],
  DepthToSpace: [[1, 11, 13, 28], english`Moves blocks of channels into height and width.`],
  DequantizeLinear: [
    [10, 13, 19, 21, 23, 24, 25, 28],
    english`Turns quantized integers back into floats by scale and zero point.`,
  ],
  Div: [[1, 6, 7, 13, 14], english`Divides element by element; the smaller tensor is repeated to fit.`],
  Dropout: [
    [1, 6, 7, 10, 12, 13, 22],
    english`Leaves out random elements in training; at inference it passes its input on.`,
  ],
  DynamicQuantizeLinear: [[11], english`Quantizes to uint8 with a scale found from the data of this very run.`],
  Einsum: [[12, 28], english`Multiplies and sums tensors as a formula of axis letters says.`],
  Elu: [[1, 6, 22], english`Keeps positive values and bends negative ones towards a floor.`],
  Equal: [[1, 7, 11, 13, 19], english`True where two elements are the same.`],
  Erf: [[9, 13], english`Takes the Gauss error function; a part of GELU.`],
  Exp: [[1, 6, 13], english`Raises e to every element.`],
  Expand: [[8, 13], english`Repeats a tensor along axes of size one until it has the shape wanted.`],
  Flatten: [[1, 9, 11, 13, 21, 23, 24, 25], english`Folds all axes before and after a given one into two.`],
  Floor: [[1, 6, 13], english`Rounds every element down.`],
  GRU: [[1, 3, 7, 14, 22], english`A recurrent layer with two gates, run over a sequence.`],
  Gather: [[1, 11, 13], english`Picks slices along one axis by index; this is how embeddings are looked up.`],
  GatherElements: [[11, 13], english`Picks single elements along one axis by an index tensor of the output’s shape.`],
  GatherND: [[11, 12, 13], english`Picks elements or slices by index tuples.`],
  Gelu: [[20], english`A smooth relative of ReLU that weighs an element by a normal distribution.`],
  Gemm: [[1, 6, 7, 9, 11, 13], english`Multiplies two matrices and adds a bias; a fully connected layer.`],
  GlobalAveragePool: [[1, 22], english`Reduces every channel to the mean of its elements.`],
  GlobalMaxPool: [[1, 22], english`Reduces every channel to its largest element.`],
  Greater: [[1, 7, 9, 13], english`True where the first element is larger.`],
  GreaterOrEqual: [[12, 16], english`True where the first element is larger or the same.`],
  GroupNormalization: [[18, 21], english`Normalizes groups of channels of every sample on their own.`],
  HardSigmoid: [[1, 6, 22], english`A sigmoid made of straight lines.`],
  HardSwish: [[14, 22], english`A swish made of simple arithmetic.`],
  Identity: [[1, 13, 14, 16, 19, 21, 23, 24, 25], english`Passes its input on unchanged.`],
  If: [[1, 11, 13, 16, 19, 21, 23, 24, 25], english`Runs one of two subgraphs, as a condition says.`],
  InstanceNormalization: [[1, 6, 22], english`Normalizes every channel of every sample on its own.`],
  LSTM: [[1, 7, 14, 22], english`A recurrent layer with a memory cell and three gates, run over a sequence.`],
  LayerNormalization: [[17], english`Normalizes over the last axes of every sample, then scales and shifts.`],
  LeakyRelu: [[1, 6, 16], english`Keeps positive values and makes negative ones small.`],
  Less: [[1, 7, 9, 13], english`True where the first element is smaller.`],
  LessOrEqual: [[12, 16], english`True where the first element is smaller or the same.`],
  Log: [[1, 6, 13], english`Takes the natural logarithm of every element.`],
  LogSoftmax: [[1, 11, 13], english`The logarithm of softmax, computed safely.`],
  Loop: [
    [1, 11, 13, 16, 19, 21, 23, 24, 25],
    english`Runs a subgraph again and again, carrying values from turn to turn.`,
  ],
  LpNormalization: [[1, 22], english`Scales vectors along an axis to length one.`],
  MatMul: [[1, 9, 13], english`Multiplies matrices; axes in front are a batch.`],
  MatMulInteger: [[10], english`Multiplies integer matrices, summing up in 32 bits.`],
  Max: [[1, 6, 8, 12, 13], english`Takes the largest of its inputs, element by element.`],
  MaxPool: [[1, 8, 10, 11, 12, 22], english`Slides a window over the image and keeps the largest value it covers.`],
  Min: [[1, 6, 8, 12, 13], english`Takes the smallest of its inputs, element by element.`],
  Mod: [[10, 13, 28], english`The remainder of a division, element by element.`],
  Mul: [[1, 6, 7, 13, 14], english`Multiplies element by element; the smaller tensor is repeated to fit.`],
  Neg: [[1, 6, 13], english`Turns the sign of every element.`],
  NonMaxSuppression: [[10, 11], english`Keeps the best of boxes that overlap; the last step of many detectors.`],
  NonZero: [[9, 13], english`Lists the positions of elements that are not zero.`],
  Not: [[1], english`Turns true into false and false into true.`],
  OneHot: [[9, 11, 28], english`Turns indices into vectors with a single mark.`],
  Or: [[1, 7], english`True where at least one input is true.`],
  PRelu: [[1, 6, 7, 9, 16], english`Keeps positive values and scales negative ones by a learned slope.`],
  Pad: [[1, 2, 11, 13, 18, 19, 21, 23, 24, 25], english`Adds elements around a tensor.`],
  Pow: [[1, 7, 12, 13, 15], english`Raises to a power, element by element.`],
  QLinearConv: [[10], english`A convolution from quantized input to quantized output.`],
  QLinearMatMul: [[10, 21], english`A matrix product from quantized inputs to a quantized output.`],
  QuantizeLinear: [[10, 13, 19, 21, 23, 24, 25, 28], english`Turns floats into integers by scale and zero point.`],
  RMSNormalization: [[23], english`Divides by the root of the mean square over the last axes, then scales.`],
  RandomNormalLike: [[1, 22], english`Draws from a normal distribution, in the shape of its input.`],
  Range: [[11, 27], english`Counts from a start to a limit in equal steps.`],
  Reciprocal: [[1, 6, 13], english`Divides one by every element.`],
  ReduceL2: [[1, 11, 13, 18], english`Takes the Euclidean length along axes.`],
  ReduceMax: [[1, 11, 12, 13, 18, 20], english`Keeps the largest element along axes.`],
  ReduceMean: [[1, 11, 13, 18], english`Takes the mean along axes.`],
  ReduceMin: [[1, 11, 12, 13, 18, 20], english`Keeps the smallest element along axes.`],
  ReduceProd: [[1, 11, 13, 18], english`Multiplies along axes.`],
  ReduceSum: [[1, 11, 13], english`Sums along axes.`],
  Relu: [[1, 6, 13, 14], english`Keeps positive values and turns negative ones into zero.`],
  Reshape: [[1, 5, 13, 14, 19, 21, 23, 24, 25], english`Gives the same elements another shape.`],
  Resize: [[10, 11, 13, 18, 19], english`Enlarges or shrinks by interpolation.`],
  RotaryEmbedding: [[23], english`Turns pairs of features by an angle that depends on their position.`],
  Round: [[11, 22], english`Rounds every element to the nearest integer, halves to the even one.`],
  Scan: [
    [8, 9, 11, 16, 19, 21, 23, 24, 25],
    english`Runs a subgraph over the slices of sequences, carrying state along.`,
  ],
  ScatterElements: [
    [11, 13, 16, 18],
    english`Writes single elements along an axis to the places an index tensor names.`,
  ],
  ScatterND: [[11, 13, 16, 18], english`Writes elements or slices to the places that index tuples name.`],
  Selu: [[1, 6, 22], english`An ELU with constants that keep mean and variance steady.`],
  Shape: [[1, 13, 15, 19, 21, 23, 24, 25], english`Gives the shape of its input as a tensor.`],
  Sigmoid: [[1, 6, 13], english`Squeezes every element between zero and one.`],
  Sign: [[9, 13], english`Gives −1, 0 or 1 for every element.`],
  Sin: [[7, 22], english`Takes the sine of every element.`],
  Size: [[1, 13, 19, 21, 23, 24, 25], english`Counts the elements of its input.`],
  Slice: [[1, 10, 11, 13], english`Cuts a part out along axes, with start, end and step.`],
  Softmax: [[1, 11, 13], english`Turns scores along an axis into shares that add up to one.`],
  Softplus: [[1, 22], english`A smooth relative of ReLU: the logarithm of one plus e to the element.`],
  SpaceToDepth: [[1, 13, 28], english`Moves blocks of height and width into channels.`],
  Split: [[1, 2, 11, 13, 18], english`Cuts a tensor into parts along an axis.`],
  Sqrt: [[1, 6, 13], english`Takes the square root of every element.`],
  Squeeze: [[1, 11, 13, 21, 23, 24, 25], english`Drops axes of size one.`],
  Sub: [[1, 6, 7, 13, 14], english`Subtracts element by element; the smaller tensor is repeated to fit.`],
  Sum: [[1, 6, 8, 13], english`Adds its inputs up, element by element.`],
  Tan: [[7, 22], english`Takes the tangent of every element.`],
  Tanh: [[1, 6, 13], english`Squeezes every element between −1 and one.`],
  Tile: [[1, 6, 13], english`Repeats a tensor along its axes.`],
  TopK: [[1, 10, 11, 24], english`Keeps the largest or smallest elements along an axis, with their positions.`],
  Transpose: [[1, 13, 21, 23, 24, 25], english`Puts the axes into another order.`],
  Trilu: [[14], english`Keeps the upper or the lower triangle of matrices.`],
  Unsqueeze: [[1, 11, 13, 21, 23, 24, 25], english`Adds axes of size one.`],
  Upsample: [[1, 7, 9, 10], english`Enlarges by a factor; Resize took its place.`],
  Where: [[9, 16], english`Picks from one of two tensors, as a condition says, element by element.`],
};
