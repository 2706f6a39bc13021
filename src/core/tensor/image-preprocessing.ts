/** How an image becomes the numbers that a model reads, as declared by the user. */

import { english } from '../english.ts';
import { type RgbImage, resizeImage } from './image-resize.ts';
import { roundHalfEven } from './small-floats.ts';

export interface ImagePreprocessing {
  /** Length of the shorter side, or width and height. Left out: the size that the model takes. */
  readonly resize?: number | readonly [width: number, height: number];
  /** Width and height of the middle that is left after resizing. */
  readonly crop?: readonly [width: number, height: number];
  /** Pixels from 0 to 255 are multiplied by this, then the mean is taken off, then they are divided by the deviation. */
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly layout: 'nchw' | 'nhwc';
  readonly channels: 'rgb' | 'bgr' | 'gray';
}

/** The image or what was declared about it cannot be used; the message says why. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/** No image, and no step on the way to its new size, may have more pixels. */
export const mostPixels = 100e6;

const plain: ImagePreprocessing = {
  scale: 1 / 255,
  mean: [0],
  std: [1],
  layout: 'nchw',
  channels: 'rgb',
};

/** Declarations with a name. `unit` gives 0 to 1, `symmetric` −1 to 1, `imagenet` what torchvision's classifiers read. */
export const imagePresets: Readonly<Record<string, ImagePreprocessing>> = {
  unit: plain,
  symmetric: { ...plain, mean: [0.5], std: [0.5] },
  imagenet: { ...plain, resize: 256, crop: [224, 224], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
};

/**
 * The declaration in a text such as `imagenet` or `imagenet,crop=299` or
 * `resize=256,crop=224,mean=0.485/0.456/0.406,std=0.229/0.224/0.225,scale=1/255,layout=nchw,channels=rgb`.
 * Throws `ImageError` with what is wrong.
 */
export function parseImagePreprocessing(text: string): ImagePreprocessing {
  let declared = plain;
  for (const [index, part] of text.split(',').entries()) {
    const [name = '', value] = part.trim().split('=');
    if (value === undefined) {
      const preset = Object.hasOwn(imagePresets, name) ? imagePresets[name] : undefined;
      if (!preset || index > 0)
        throw new ImageError(
          english`There is no image preset ${name}. There are: ${Object.keys(imagePresets).join(', ')}; one comes first, settings such as crop=224 after it.`,
        );
      declared = preset;
    } else {
      declared = { ...declared, ...setting(name, value.trim()) };
    }
  }
  for (const numbers of [declared.mean, declared.std]) {
    const count = declared.channels === 'gray' ? 1 : 3;
    if (numbers.length !== 1 && numbers.length !== count)
      throw new ImageError(english`mean and std have one number, or one for each of ${count} channels.`);
  }
  return declared;
}

function setting(name: string, value: string): Partial<ImagePreprocessing> {
  const known = { name, value };
  switch (name) {
    case 'resize': {
      return { resize: value.includes('x') ? pair(known) : side(known, value) };
    }
    case 'crop':
      return { crop: pair(known) };
    case 'scale':
      return { scale: ratio(known, value) };
    case 'mean':
      return { mean: value.split('/').map((each) => ratio(known, each)) };
    case 'std':
      return { std: value.split('/').map((each) => nonzero(known, each)) };
    case 'layout':
      if (value === 'nchw' || value === 'nhwc') return { layout: value };
      throw wrong(known, 'nchw, nhwc');
    case 'channels':
      if (value === 'rgb' || value === 'bgr' || value === 'gray') return { channels: value };
      throw wrong(known, 'rgb, bgr, gray');
    default:
      throw new ImageError(
        english`There is no image setting ${name}. There are: resize, crop, scale, mean, std, layout, channels.`,
      );
  }
}

interface Setting {
  readonly name: string;
  readonly value: string;
}

const wrong = ({ name, value }: Setting, expected: string) =>
  new ImageError(english`${name}=${value} cannot be used. It is one of: ${expected}.`);

const mostSide = 8192;

function side(known: Setting, text: string): number {
  const size = /^\d+$/.test(text) ? Number(text) : 0;
  if (size < 1 || size > mostSide) throw wrong(known, english`whole numbers from 1 to ${mostSide}`);
  return size;
}

function pair(known: Setting): readonly [number, number] {
  const [width = '', height = width, ...rest] = known.value.split('x');
  if (rest.length > 0) throw wrong(known, '224, 320x240');
  return [side(known, width), side(known, height)];
}

/** A number, or two with a stroke between, as in 1/255, where the setting has one number. */
function ratio(known: Setting, text: string): number {
  const [above = '', below = '1'] = text.split('/');
  const number = above.trim() === '' || below.trim() === '' ? Number.NaN : Number(above) / Number(below);
  if (!Number.isFinite(number)) throw wrong(known, '0.5, 1/255');
  return number;
}

function nonzero(known: Setting, text: string): number {
  const number = ratio(known, text);
  if (number === 0) throw wrong(known, '0.229, 0.5');
  return number;
}

/**
 * What the model reads of an image: `width × height × channels` numbers, channels first or last. `size` is that of the
 * model, used where nothing was declared. Throws `ImageError` when the image is too small or too large for what was declared.
 */
export function imageNumbers(
  image: RgbImage,
  declared: ImagePreprocessing,
  size: readonly [width: number, height: number] | undefined,
): { readonly width: number; readonly height: number; readonly values: Float32Array } {
  const { width, height, data } = cropped(resized(image, declared, size), declared.crop);
  const { channels, layout, scale } = declared;
  const count = channels === 'gray' ? 1 : 3;
  const values = new Float32Array(width * height * count);
  const pixels = width * height;
  for (let channel = 0; channel < count; channel++) {
    const mean = declared.mean[channel] ?? declared.mean[0]!;
    const std = declared.std[channel] ?? declared.std[0]!;
    const from = channels === 'bgr' ? 2 - channel : channel;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const value = channels === 'gray' ? luma(data, pixel * 3) : data[pixel * 3 + from]!;
      values[layout === 'nchw' ? channel * pixels + pixel : pixel * count + channel] = (value * scale - mean) / std;
    }
  }
  return { width, height, values };
}

/** Brightness after ITU-R 601-2 in 8 bits, rounded as Pillow does. */
const luma = (data: Uint8Array, at: number) =>
  (data[at]! * 19595 + data[at + 1]! * 38470 + data[at + 2]! * 7471 + 0x8000) >> 16;

function resized(
  image: RgbImage,
  { resize, crop }: ImagePreprocessing,
  size: readonly [number, number] | undefined,
): RgbImage {
  const [width, height] = targetSize(image, resize ?? (crop ? undefined : size));
  if (Math.max(width * height, width * image.height) > mostPixels)
    throw new ImageError(english`It is ${image.width} × ${image.height} pixels: too long and narrow to be resized.`);
  return resizeImage(image, width, height);
}

function targetSize({ width, height }: RgbImage, resize: ImagePreprocessing['resize']): readonly [number, number] {
  if (resize === undefined) return [width, height];
  if (typeof resize !== 'number') return resize;
  // The longer side is cut to a whole number, as torchvision does.
  return width <= height
    ? [resize, Math.trunc((resize * height) / width)]
    : [Math.trunc((resize * width) / height), resize];
}

function cropped(image: RgbImage, crop: ImagePreprocessing['crop']): RgbImage {
  if (!crop) return image;
  const [width, height] = crop;
  if (image.width < width || image.height < height)
    throw new ImageError(
      english`It is ${image.width} × ${image.height} pixels after resizing, too small for crop=${width}x${height}.`,
    );
  const left = roundHalfEven((image.width - width) / 2);
  const top = roundHalfEven((image.height - height) / 2);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}
