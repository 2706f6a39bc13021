/** Pixels of 8 bits, three channels each (red, green, blue), row after row. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const channels = 3;
/** Weights are kept in steps of 2⁻²², as Pillow keeps them: its results are met to the bit. */
const weightBits = 22;

/**
 * The image in another size: bilinear, and where it gets smaller over all the pixels that a new one covers, as
 * `Image.resize(size, BILINEAR)` of Pillow does. First along rows, then along columns, each rounded to 8 bits.
 */
export function resizeImage(image: RgbImage, width: number, height: number): RgbImage {
  const rows = image.width === width ? image : resizedRows(image, width);
  if (image.height === height) return rows;
  const taps = tapsFor(image.height, height);
  const data = new Uint8Array(width * height * channels);
  const stride = width * channels;
  for (let y = 0; y < height; y++) {
    const { start, weights } = taps[y]!;
    for (let at = 0; at < stride; at++)
      data[y * stride + at] = weighted(rows.data, start * stride + at, stride, weights);
  }
  return { width, height, data };
}

function resizedRows({ width: from, height, data: source }: RgbImage, width: number): RgbImage {
  const taps = tapsFor(from, width);
  const data = new Uint8Array(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (const { start, weights } of taps) {
      const first = (y * from + start) * channels;
      for (let channel = 0; channel < channels; channel++)
        data[to++] = weighted(source, first + channel, channels, weights);
    }
  }
  return { width, height, data };
}

/** Old pixels that make a new one: the first of them and the weight of each, in steps of 2⁻²². */
interface Taps {
  readonly start: number;
  readonly weights: Float64Array;
}

function tapsFor(from: number, to: number): Taps[] {
  const ratio = from / to;
  const reach = Math.max(ratio, 1);
  return Array.from({ length: to }, (_, index) => {
    const center = (index + 0.5) * ratio;
    const start = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(from, Math.trunc(center + reach + 0.5));
    const weights = Float64Array.from({ length: end - start }, (_, at) =>
      Math.max(0, 1 - Math.abs((at + start - center + 0.5) / reach)),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { start, weights: weights.map((weight) => Math.trunc(0.5 + (weight / sum) * 2 ** weightBits)) };
  });
}

function weighted(data: Uint8Array, first: number, step: number, weights: Float64Array): number {
  let sum = 2 ** (weightBits - 1);
  for (let at = 0; at < weights.length; at++) sum += data[first + at * step]! * weights[at]!;
  return Math.min(255, Math.floor(sum / 2 ** weightBits));
}
