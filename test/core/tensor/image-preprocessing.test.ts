import { expect, test } from 'vitest';
import {
  ImageError,
  imageNumbers,
  imagePresets,
  parseImagePreprocessing,
} from '../../../src/core/tensor/image-preprocessing.ts';
import type { RgbImage } from '../../../src/core/tensor/image-resize.ts';

function pattern(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) data[(y * width + x) * 3 + c] = (x * 37 + y * 59 + c * 83 + x * y * 11) % 256;
  return { width, height, data };
}

test('resizing, cropping and normalizing give the numbers of Pillow and NumPy', () => {
  const declared = parseImagePreprocessing('imagenet,resize=4,crop=3');
  const { width, height, values } = imageNumbers(pattern(9, 6), declared, undefined);
  expect([width, height]).toEqual([3, 3]);
  const expected = [
    0.53643, 0.53643, 0.09119, 0.15969, 0.09119, 0.02269, 0.33094, -0.40543, -0.06293, 0.62535, -0.30252, -0.19748,
    -0.03992, 0.71289, 0.22269, 0.18768, 0.11765, 0.39776, -0.35782, 0.2522, -0.00924, 0.3742, 0.02562, 0.1302, 0.14763,
    0.51364, 1.01909,
  ];
  expect(values).toHaveLength(27);
  for (const [index, value] of expected.entries()) expect(values[index]).toBeCloseTo(value, 4);
});

test('gray is the brightness that Pillow gives', () => {
  const declared = parseImagePreprocessing('channels=gray,scale=1');
  expect([...imageNumbers(pattern(3, 2), declared, undefined).values]).toEqual([68, 105, 142, 127, 145, 193]);
});

test('channels go last, and from blue to red, where it is declared', () => {
  const { values } = imageNumbers(
    pattern(2, 1),
    parseImagePreprocessing('scale=1,layout=nhwc,channels=bgr'),
    undefined,
  );
  expect([...values]).toEqual([166, 83, 0, 203, 120, 37]);
});

test('without a size of its own the image takes that of the model', () => {
  const { width, height } = imageNumbers(pattern(5, 7), imagePresets.unit!, [4, 2]);
  expect([width, height]).toEqual([4, 2]);
});

test.each([
  ['imagenot', /no image preset imagenot.*unit, symmetric, imagenet/],
  ['crop=2,imagenet', /one comes first/],
  ['size=3', /no image setting size/],
  ['resize=0', /resize=0 cannot be used/],
  ['resize=99999999', /cannot be used/],
  ['crop=2x3x4', /crop=2x3x4 cannot be used/],
  ['std=0', /std=0 cannot be used/],
  ['scale=1/0', /scale=1\/0 cannot be used/],
  ['mean=1/2', /one for each of 3 channels/],
  ['layout=chw', /nchw, nhwc/],
])('%s is refused with what is wrong', (text, message) => {
  expect(() => parseImagePreprocessing(text)).toThrow(ImageError);
  expect(() => parseImagePreprocessing(text)).toThrow(message);
});

test('an image that is smaller than the crop, or a thread, is refused before memory is taken', () => {
  expect(() => imageNumbers(pattern(3, 3), parseImagePreprocessing('crop=4'), undefined)).toThrow(
    /too small for crop=4x4/,
  );
  const thread = { width: 1, height: 2e6, data: new Uint8Array(0) };
  expect(() => imageNumbers(thread, imagePresets.imagenet!, undefined)).toThrow(/too long and narrow/);
});
