/** Weights in blocks that share a scale, packed as `MatMulNBits` reads them. */

import { addElement, noError, type RoundingError } from './rounding-error.ts';

/**
 * How scale and zero point of a block are found. `round`: from its lowest and highest element. `search`: twenty
 * ranges around that, each followed by a least-squares fit of scale and offset to the rounded weights; the one of
 * least squared error.
 * `hqq`: half-quadratic splitting of the 0.7-norm of the error, after Badri and Shaji, "Half-Quadratic Quantization
 * of Large Machine Learning Models" (2023). `gptq`: as `search`, with rounding errors taken back by later weights, see
 * `gptq.ts`.
 */
export type BlockMethod = 'round' | 'search' | 'hqq' | 'gptq';

export const blockMethods = ['round', 'search', 'hqq', 'gptq'] as const satisfies readonly BlockMethod[];

export interface BlockOptions {
  readonly bits: 4 | 8;
  readonly blockSize: number;
  readonly method: BlockMethod;
  readonly symmetric: boolean;
}

export interface PackedBlocks extends RoundingError {
  /** [outputs, blocks, blockSize · bits / 8], the lower half of a byte first. */
  readonly stored: Uint8Array;
  /** [outputs · blocks]. */
  readonly scales: Float32Array;
  /** Two to a byte for 4 bits, each row padded to whole bytes; absent when symmetric. */
  readonly zeroPoints?: Uint8Array;
}

export interface Block {
  scale: number;
  zeroPoint: number;
}

/** Quantizes `rows` of shape [outputs, inputs]; the last block of a row is padded with its zero point. */
export function quantizeBlocks(
  rows: Float32Array,
  outputs: number,
  inputs: number,
  options: BlockOptions,
): PackedBlocks {
  const { bits, blockSize } = options;
  const most = 2 ** bits - 1;
  const writer = new BlockWriter(outputs, inputs, options);
  for (let row = 0; row < outputs; row++) {
    for (let start = 0; start < inputs; start += blockSize) {
      const values = rows.subarray(row * inputs + start, row * inputs + Math.min(start + blockSize, inputs));
      const block = fitBlock(values, most, options);
      writer.begin(row, start / blockSize, block);
      for (const [at, value] of values.entries()) {
        const code = roundTo(value, block, most);
        writer.code(at, code, value, (code - block.zeroPoint) * block.scale);
      }
      writer.pad(values.length, roundTo(0, block, most));
    }
  }
  return writer.packed();
}

/** Lays codes, scales and zero points out block by block, and adds up what was lost. */
export class BlockWriter {
  private readonly blocks: number;
  private readonly bytesPerBlock: number;
  private readonly rowBytes: number;
  private readonly stored: Uint8Array;
  private readonly scales: Float32Array;
  private readonly zeroPoints: Uint8Array | undefined;
  private readonly options: BlockOptions;
  private place = 0;
  private readonly error = noError();

  constructor(outputs: number, inputs: number, options: BlockOptions) {
    const { bits, blockSize, symmetric } = options;
    this.options = options;
    this.blocks = Math.ceil(inputs / blockSize);
    this.bytesPerBlock = (blockSize * bits) / 8;
    this.rowBytes = Math.ceil((this.blocks * bits) / 8);
    this.stored = new Uint8Array(outputs * this.blocks * this.bytesPerBlock);
    this.scales = new Float32Array(outputs * this.blocks);
    this.zeroPoints = symmetric ? undefined : new Uint8Array(outputs * this.rowBytes);
  }

  /** What follows belongs to this block. */
  begin(row: number, block: number, { scale, zeroPoint }: Block): void {
    const index = row * this.blocks + block;
    this.place = index * this.bytesPerBlock;
    this.scales[index] = scale;
    if (this.zeroPoints) setBits(this.zeroPoints, row * this.rowBytes, block, this.options.bits, zeroPoint);
  }

  /** The code of an element of the block, the element, and what the code stands for. */
  code(at: number, code: number, value: number, rounded: number): void {
    setBits(this.stored, this.place, at, this.options.bits, code);
    addElement(this.error, value, rounded);
  }

  /** Fills the block from `at` on. */
  pad(at: number, code: number): void {
    for (let rest = at; rest < this.options.blockSize; rest++)
      setBits(this.stored, this.place, rest, this.options.bits, code);
  }

  packed(): PackedBlocks {
    const { stored, scales, zeroPoints, error } = this;
    return { stored, scales, ...error, ...(zeroPoints ? { zeroPoints } : {}) };
  }
}

function setBits(bytes: Uint8Array, start: number, index: number, bits: number, code: number): void {
  if (bits === 8) bytes[start + index] = code;
  else bytes[start + (index >> 1)]! |= code << ((index & 1) * 4);
}

/** The code that a value gets in a block; `most` is the largest. */
export const roundTo = (value: number, { scale, zeroPoint }: Block, most: number): number =>
  clampCode(Math.round(value / scale + zeroPoint), most);

const clampCode = (code: number, most: number): number => (code < 0 ? 0 : Math.min(code, most));

/** Scale and zero point of a block. */
export function fitBlock(
  values: Float32Array,
  most: number,
  { method, symmetric }: Pick<BlockOptions, 'method' | 'symmetric'>,
): Block {
  const first = symmetric ? symmetricBlock(values, most, 1) : rangeBlock(values, most, 1);
  if (method === 'round') return first;
  if (method === 'hqq' && !symmetric) return halfQuadratic(values, most, first);
  return searched(values, most, first, symmetric);
}

/** The element of largest magnitude becomes the end of the type that has one step more. */
function symmetricBlock(values: Float32Array, most: number, share: number): Block {
  const middle = (most + 1) / 2;
  let largest = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(largest)) largest = value;
  const scale = Math.fround((-largest * share) / middle);
  return { scale: scale === 0 ? 1 : scale, zeroPoint: middle };
}

function rangeBlock(values: Float32Array, most: number, share: number): Block {
  let low = 0;
  let high = 0;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const scale = Math.fround(((high - low) * share) / most);
  if (scale === 0) return { scale: 1, zeroPoint: 0 };
  return { scale, zeroPoint: clampCode(Math.round((-low * share) / scale), most) };
}

function errorOf(values: Float32Array, { scale, zeroPoint }: Block, most: number): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    const error = value - (clampCode(Math.round(value / scale + zeroPoint), most) - zeroPoint) * scale;
    sum += error * error;
  }
  return sum;
}

const searchSteps = 20;

function searched(values: Float32Array, most: number, first: Block, symmetric: boolean): Block {
  let best = first;
  let least = errorOf(values, first, most);
  for (let step = 0; step < searchSteps; step++) {
    const share = 0.7 + (0.35 * step) / (searchSteps - 1);
    const start = symmetric ? symmetricBlock(values, most, share) : rangeBlock(values, most, share);
    for (const block of [start, refit(values, start, most)]) {
      const error = errorOf(values, block, most);
      if (error < least) [best, least] = [block, error];
    }
  }
  return best;
}

/** The scale of least squared error for the codes that a block gives. */
function refit(values: Float32Array, { scale, zeroPoint }: Block, most: number): Block {
  let products = 0;
  let squares = 0;
  for (let at = 0; at < values.length; at++) {
    const steps = clampCode(Math.round(values[at]! / scale + zeroPoint), most) - zeroPoint;
    products += steps * values[at]!;
    squares += steps * steps;
  }
  const fitted = squares === 0 ? 0 : Math.fround(products / squares);
  return { scale: fitted === 0 ? scale : fitted, zeroPoint };
}

/** Moves the zero point so that the 0.7-norm of the error falls, then rounds it: it is stored as an integer. */
function halfQuadratic(values: Float32Array, most: number, first: Block): Block {
  const norm = 0.7;
  let weight = 10;
  let zeroPoint = first.zeroPoint;
  const { scale } = first;
  for (let round = 0; round < 20; round++, weight *= 1.01) {
    let sum = 0;
    for (let at = 0; at < values.length; at++) {
      const value = values[at]!;
      const code = clampCode(Math.round(value / scale + zeroPoint), most);
      const error = value - (code - zeroPoint) * scale;
      const size = Math.abs(error);
      const shrunk = size === 0 ? 0 : Math.sign(error) * Math.max(0, size - size ** (norm - 1) / weight);
      sum += code - (value - shrunk) / scale;
    }
    zeroPoint = sum / values.length;
  }
  const rounded = { scale, zeroPoint: clampCode(Math.round(zeroPoint), most) };
  const fitted = refit(values, rounded, most);
  return errorOf(values, fitted, most) < errorOf(values, first, most) ? fitted : first;
}
