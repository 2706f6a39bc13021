/**
 * GPTQ, after Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers"
 * (2022), section 3: weights are rounded one summed index after the other, and what rounding one of them does to the
 * outputs is taken back by those that are still to come, as the inputs over the calibration data have them go together.
 */
import { type Block, type BlockOptions, BlockWriter, fitBlock, type PackedBlocks, roundTo } from './blocks.ts';

/** Part of the mean of the diagonal that is added to it, so that indices that hardly vary do no harm. */
const damping = 0.01;

/**
 * The upper triangular U with UᵀU = H⁻¹, for H the products of the inputs with each other ([size, size], symmetric;
 * overwritten), damped. Inputs that are always 0 count as independent.
 */
export function inverseFactor(products: Float64Array, size: number): Float64Array {
  let mean = 0;
  for (let at = 0; at < size; at++) mean += products[at * (size + 1)]! / size;
  for (let at = 0; at < size; at++) products[at * (size + 1)]! += damping * (mean || 1);
  // H = R Rᵀ with R upper triangular, from the last column on; then U = R⁻¹.
  const factor = products;
  for (let column = size - 1; column >= 0; column--) {
    const own = column * size;
    let square = factor[own + column]!;
    for (let k = column + 1; k < size; k++) square -= factor[own + k]! ** 2;
    const pivot = Math.sqrt(Math.max(square, Number.MIN_VALUE));
    factor[own + column] = pivot;
    for (let row = 0; row < column; row++) {
      const other = row * size;
      let sum = factor[other + column]!;
      for (let k = column + 1; k < size; k++) sum -= factor[other + k]! * factor[own + k]!;
      factor[other + column] = sum / pivot;
    }
  }
  return invertUpper(factor, size);
}

function invertUpper(factor: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  for (let row = size - 1; row >= 0; row--) {
    const own = row * size;
    const pivot = 1 / factor[own + row]!;
    inverse[own + row] = pivot;
    for (let k = row + 1; k < size; k++) {
      const part = factor[own + k]! * -pivot;
      if (part === 0) continue;
      const other = k * size;
      for (let column = k; column < size; column++) inverse[own + column]! += part * inverse[other + column]!;
    }
  }
  return inverse;
}

/**
 * Quantizes `rows` of shape [outputs, inputs], which are overwritten with what was left to round; `factor` is
 * `inverseFactor` of the products of their inputs. Scales are fitted to each block when its turn comes.
 */
export function quantizeCompensating(
  rows: Float32Array,
  outputs: number,
  inputs: number,
  factor: Float64Array,
  options: BlockOptions,
): PackedBlocks {
  const { bits, blockSize } = options;
  const most = 2 ** bits - 1;
  const original = rows.slice();
  const writer = new BlockWriter(outputs, inputs, options);
  const errors = new Float64Array(blockSize);
  for (let start = 0; start < inputs; start += blockSize) {
    const end = Math.min(start + blockSize, inputs);
    for (let row = 0; row < outputs; row++) {
      const weights = rows.subarray(row * inputs, (row + 1) * inputs);
      const block: Block = fitBlock(weights.subarray(start, end), most, options);
      writer.begin(row, start / blockSize, block);
      for (let at = start; at < end; at++) {
        const code = roundTo(weights[at]!, block, most);
        const rounded = (code - block.zeroPoint) * block.scale;
        writer.code(at - start, code, original[row * inputs + at]!, rounded);
        const own = at * inputs;
        const error = (weights[at]! - rounded) / factor[own + at]!;
        errors[at - start] = error;
        for (let next = at + 1; next < end; next++) weights[next]! -= error * factor[own + next]!;
      }
      writer.pad(end - start, roundTo(0, block, most));
      // The rest once a block: going through all of it for every weight would read the factor from memory each time.
      for (let at = start; at < end; at++) {
        const own = at * inputs;
        const error = errors[at - start]!;
        for (let next = end; next < inputs; next++) weights[next]! -= error * factor[own + next]!;
      }
    }
  }
  return writer.packed();
}
