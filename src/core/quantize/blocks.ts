/** Weights in blocks that share a scale, packed as `MatMulNBits` reads them. */

/**
 * How scale and zero point of a block are found. `round`: from its lowest and highest element. `search`: twenty
 * ranges around that, each followed by a least-squares fit of scale and offset to the rounded weights; the one of
 * least squared error.
 * `hqq`: half-quadratic splitting of the 0.7-norm of the error, after Badri and Shaji, "Half-Quadratic Quantization
 * of Large Machine Learning Models" (2023).
 */
export type BlockMethod = 'round' | 'search' | 'hqq';

export interface PackedBlocks {
  /** [outputs, blocks, blockSize · bits / 8], the lower half of a byte first. */
  readonly stored: Uint8Array;
  /** [outputs · blocks]. */
  readonly scales: Float32Array;
  /** Two to a byte for 4 bits, each row padded to whole bytes; absent when symmetric. */
  readonly zeroPoints?: Uint8Array;
  readonly signal: number;
  readonly noise: number;
}

interface Block {
  scale: number;
  zeroPoint: number;
}

/** Quantizes `rows` of shape [outputs, inputs]; the last block of a row is padded with its zero point. */
export function quantizeBlocks(
  rows: Float32Array,
  outputs: number,
  inputs: number,
  options: { bits: 4 | 8; blockSize: number; method: BlockMethod; symmetric: boolean },
): PackedBlocks {
  const { bits, blockSize, symmetric } = options;
  const blocks = Math.ceil(inputs / blockSize);
  const most = 2 ** bits - 1;
  const bytesPerBlock = (blockSize * bits) / 8;
  const stored = new Uint8Array(outputs * blocks * bytesPerBlock);
  const scales = new Float32Array(outputs * blocks);
  const rowBytes = Math.ceil((blocks * bits) / 8);
  const zeroPoints = symmetric ? undefined : new Uint8Array(outputs * rowBytes);
  let signal = 0;
  let noise = 0;
  for (let row = 0; row < outputs; row++) {
    for (let block = 0; block < blocks; block++) {
      const start = row * inputs + block * blockSize;
      const values = rows.subarray(start, Math.min(start + blockSize, (row + 1) * inputs));
      const { scale, zeroPoint } = fitBlock(values, most, options);
      const index = row * blocks + block;
      scales[index] = scale;
      if (zeroPoints) setBits(zeroPoints, row * rowBytes, block, bits, zeroPoint);
      for (let at = 0; at < blockSize; at++) {
        const value = at < values.length ? values[at]! : 0;
        const code = clampCode(Math.round(value / scale + zeroPoint), most);
        setBits(stored, index * bytesPerBlock, at, bits, code);
        if (at >= values.length) continue;
        const error = value - (code - zeroPoint) * scale;
        signal += value * value;
        noise += error * error;
      }
    }
  }
  return { stored, scales, signal, noise, ...(zeroPoints ? { zeroPoints } : {}) };
}

function setBits(bytes: Uint8Array, start: number, index: number, bits: number, code: number): void {
  if (bits === 8) bytes[start + index] = code;
  else bytes[start + (index >> 1)]! |= code << ((index & 1) * 4);
}

const clampCode = (code: number, most: number): number => (code < 0 ? 0 : Math.min(code, most));

function fitBlock(
  values: Float32Array,
  most: number,
  { method, symmetric }: { method: BlockMethod; symmetric: boolean },
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
