/** What the inputs of common operators are called in the operator specification (onnx/docs/Operators.md). Others are numbered. */
const slots: Readonly<Record<string, readonly string[]>> = {
  BatchNormalization: ['X', 'scale', 'B', 'mean', 'var'],
  Clip: ['input', 'min', 'max'],
  Conv: ['X', 'W', 'B'],
  ConvInteger: ['x', 'w', 'x_zero_point', 'w_zero_point'],
  ConvTranspose: ['X', 'W', 'B'],
  DequantizeLinear: ['x', 'x_scale', 'x_zero_point'],
  Expand: ['input', 'shape'],
  Gather: ['data', 'indices'],
  GatherElements: ['data', 'indices'],
  GatherND: ['data', 'indices'],
  Gemm: ['A', 'B', 'C'],
  GRU: ['X', 'W', 'R', 'B', 'sequence_lens', 'initial_h'],
  GroupNormalization: ['X', 'scale', 'bias'],
  If: ['cond'],
  InstanceNormalization: ['input', 'scale', 'B'],
  LayerNormalization: ['X', 'scale', 'B'],
  Loop: ['M', 'cond'],
  LSTM: ['X', 'W', 'R', 'B', 'sequence_lens', 'initial_h', 'initial_c', 'P'],
  MatMul: ['A', 'B'],
  MatMulInteger: ['A', 'B', 'a_zero_point', 'b_zero_point'],
  MatMulNBits: ['A', 'B', 'scales', 'zero_points', 'g_idx', 'bias'],
  Pad: ['data', 'pads', 'constant_value', 'axes'],
  PRelu: ['X', 'slope'],
  QLinearConv: ['x', 'x_scale', 'x_zero_point', 'w', 'w_scale', 'w_zero_point', 'y_scale', 'y_zero_point', 'B'],
  QLinearMatMul: ['a', 'a_scale', 'a_zero_point', 'b', 'b_scale', 'b_zero_point', 'y_scale', 'y_zero_point'],
  QuantizeLinear: ['x', 'y_scale', 'y_zero_point'],
  ReduceMax: ['data', 'axes'],
  ReduceMean: ['data', 'axes'],
  ReduceMin: ['data', 'axes'],
  ReduceSum: ['data', 'axes'],
  Reshape: ['data', 'shape'],
  Resize: ['X', 'roi', 'scales', 'sizes'],
  ScatterElements: ['data', 'indices', 'updates'],
  ScatterND: ['data', 'indices', 'updates'],
  Slice: ['data', 'starts', 'ends', 'axes', 'steps'],
  Split: ['input', 'split'],
  Squeeze: ['data', 'axes'],
  Tile: ['input', 'repeats'],
  TopK: ['X', 'K'],
  Unsqueeze: ['data', 'axes'],
  Where: ['condition', 'X', 'Y'],
};

const outputSlots: Readonly<Record<string, readonly string[]>> = {
  DynamicQuantizeLinear: ['y', 'y_scale', 'y_zero_point'],
  GRU: ['Y', 'Y_h'],
  LSTM: ['Y', 'Y_h', 'Y_c'],
  MaxPool: ['Y', 'Indices'],
  TopK: ['Values', 'Indices'],
};

/** The operator's name for an input: `W`. */
export function inputSlot(opType: string, index: number): string {
  return slots[opType]?.[index] ?? `input ${index}`;
}

/** The operator's name for an output. */
export function outputSlot(opType: string, index: number): string {
  return outputSlots[opType]?.[index] ?? (index === 0 ? 'output' : `output ${index}`);
}
