import { expect, test } from 'vitest';
import { type RgbImage, resizeImage } from '../../../src/core/tensor/image-resize.ts';

/** The same pattern as in the script that asked Pillow 13.0 for `resize(size, Image.BILINEAR)`. */
function pattern(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) data[(y * width + x) * 3 + c] = (x * 37 + y * 59 + c * 83 + x * y * 11) % 256;
  return { width, height, data };
}

test('a smaller image is the mean of what each pixel covers, as in Pillow', () => {
  expect([...resizeImage(pattern(7, 5), 3, 2).data]).toEqual([
    98, 134, 129, 144, 134, 112, 145, 118, 108, 162, 96, 134, 135, 129, 124, 120, 128, 134,
  ]);
});

test('a larger image is interpolated as in Pillow', () => {
  expect([...resizeImage(pattern(3, 2), 5, 4).data]).toEqual([
    0, 83, 166, 15, 98, 181, 37, 120, 203, 59, 142, 225, 74, 157, 240, 15, 98, 181, 31, 114, 171, 55, 138, 157, 78, 161,
    180, 94, 177, 196, 44, 127, 210, 62, 145, 152, 90, 173, 64, 117, 200, 91, 135, 218, 109, 59, 142, 225, 78, 161, 142,
    107, 190, 17, 136, 219, 46, 155, 238, 65,
  ]);
});

test('every pixel of a larger reduction adds up to the sum that Pillow gives', () => {
  const { data } = resizeImage(pattern(40, 30), 11, 8);
  expect(data.reduce((sum, value) => sum + value, 0)).toBe(33909);
  expect([...data.subarray(0, 3)]).toEqual([131, 125, 124]);
  expect([...data.subarray((4 * 11 + 5) * 3, (4 * 11 + 5) * 3 + 3)]).toEqual([129, 168, 109]);
});

test('the same size gives the same pixels', () => {
  const image = pattern(6, 4);
  expect(resizeImage(image, 6, 4).data).toEqual(image.data);
});
