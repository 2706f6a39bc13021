import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Dim, Model } from '../../src/core/graph/model.ts';
import { toNumbers } from '../../src/core/tensor/convert.ts';
import { imagePresets, parseImagePreprocessing } from '../../src/core/tensor/image-preprocessing.ts';
import { compareModels } from '../../src/worker/compare.ts';
import { openImages, readImage } from '../../src/worker/image-data.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { buildModel } from './build-model.ts';
import { offeredInputs } from './offered-inputs.ts';

/** Written by Pillow 13.0: 32 × 24 pixels; chroma of half the size, progressive, gray, and CMYK. */
const baseline =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/2wBDAQMDAwQDBAgEBAgQCwkLEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBD/wAARCAAYACADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD4703wf0/dfpXU6b4P6fuv0r0jTfB/T91+ldTpvg/p+6/Sv6d4p8R/i98+T4K4u+H3jzfTfB/T91+ldVpvg/p+6/SvR9N8H9P3X6V1Wm+D+n7r9K/nDinxH+L3z+uOCuLvh94qab4P6fuv0rqdN8H9P3X6UUV+ecU55jfe94/y+4KzLEe77x1Wm+D+n7r9K6nTfB/T91+lFFfzjxTnmN194/rngvMsR7vvH//Z';
const progressive =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/2wBDAQMDAwQDBAgEBAgQCwkLEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBD/wgARCAAYACADAREAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAABQMH/8QAFwEBAQEBAAAAAAAAAAAAAAAABggFB//aAAwDAQACEAMQAAABx3v+MobXKnFyptdFbJiptcocXqm10lsmKG1ypxcqbXf/xAAWEAADAAAAAAAAAAAAAAAAAAAAAwT/2gAIAQEAAQUCXGLjFxi4xcYuMXGLjFxi4xcYuM//xAAVEQEBAAAAAAAAAAAAAAAAAAAEAP/aAAgBAwEBPwES4S4S4S4S4S4S4S4S4S4S4S7/xAAWEQADAAAAAAAAAAAAAAAAAAAABAX/2gAIAQIBAT8BaojVEaojVEaojVEaojVEaojVEaojVE//xAAVEAEBAAAAAAAAAAAAAAAAAAAAMf/aAAgBAQAGPwKIiIiIiIj/xAAUEAEAAAAAAAAAAAAAAAAAAAAw/9oACAEBAAE/IUkkkkkk/9oADAMBAAIAAwAAABAYHuQen//EABYRAAMAAAAAAAAAAAAAAAAAAAAhMf/aAAgBAwEBPxCLIsiyLIsiyLIsiyLIsiz/xAAWEQADAAAAAAAAAAAAAAAAAAAAITH/2gAIAQIBAT8QqyrKsqyrKsqyrKsqyrKs/8QAFhAAAwAAAAAAAAAAAAAAAAAAADHB/9oACAEBAAE/EESIkRIiREiJESIkRIiREiJP/9k=';
const gray =
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/wAALCAAYACABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APjvTfB/T91+ldTpvg/p+6/Sup03wf0/dfpXVab4P6fuv0qppvg/p+6/Sup03wf0/dfpXU6b4P6fuv0rqtN8H9P3X6VU03wf0/dfpXU6b4P6fuv0rqtN8H9P3X6V1Om+D+n7r9K//9k=';
const cmyk =
  '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFBgSFBUU/8AAFAgAGAAgBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD89Pht/wAsvwr4H/4VJ/0x/Svv/wAS+Lvv/P8ArX6p19V/Db/ll+FH/CpP+mP6V5T4l8Xff+f9aK+q/ht/yy/Cj/hUn/TH9K8q8S+Lvv8Az/rRX1V8Nv8All+FH/CpP+mP6V5V4l8Xff8An/Wiv5//AIbf8svwr7V/4VJ/0x/SvpXxL4u+/wDP+tFfVfw2/wCWX4Uf8Kk/6Y/pXlXiXxd9/wCf9aK+q/ht/wAsvwo/4VJ/0x/SvKfEvi77/wA/60V9VfDb/ll+FH/CpP8Apj+leVeJfF33/n/Wiv5//ht/yy/Cvtb/AIVJ/wBMf0r6V8S+Lvv/AD/rRX1X8Nv+WX4Uf8Kk/wCmP6V5V4l8Xff+f9aK+q/ht/yy/Cj/AIVJ/wBMf0ryrxL4u+/8/wCtFfVXw2/5ZfhR/wAKk/6Y/pXlPiXxd9/5/wBaK//Z';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opscope-images-'));
  await writeFile(at('2.jpg'), Buffer.from(baseline, 'base64'));
  await writeFile(at('10.jpeg'), Buffer.from(progressive, 'base64'));
  await writeFile(at('1.JPG'), Buffer.from(gray, 'base64'));
  await writeFile(at('notes.txt'), 'no image');
});
afterAll(() => rm(folder, { recursive: true }));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function classifier(...shape: Dim[]): Model {
  return buildModel({
    inputs: { image: ['float32', shape] },
    outputs: { out: ['float32', shape] },
    nodes: [{ opType: 'Relu', inputs: ['image'], outputs: ['out'] }],
  });
}

/**
 * What Pillow reads: the mean of each channel and the pixel in the middle, and how far that may be off: where chroma
 * has half the size, libjpeg interpolates it and this decoder repeats it.
 */
test.each([
  ['baseline', baseline, [123.934, 115.053, 135.704], [128, 121, 129], 8],
  ['progressive', progressive, [124.013, 115.009, 135.585], [130, 120, 131], 2],
  ['gray', gray, [120.057, 120.057, 120.057], [124, 124, 124], 1],
  ['CMYK', cmyk, [123.969, 115.0, 135.499], [128, 120, 130], 2],
])(
  '%s JPEG: the colors that Pillow reads, within what decoders may differ by',
  async (name, base64, means, middle, tolerance) => {
    const path = at(`one ${name}.image`);
    await writeFile(path, Buffer.from(base64, 'base64'));
    const { width, height, data } = await readImage(path);
    expect([width, height]).toEqual([32, 24]);
    for (let channel = 0; channel < 3; channel++) {
      const values = data.filter((_, index) => index % 3 === channel);
      expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length - means[channel]!)).toBeLessThan(1);
      expect(Math.abs(values[12 * 32 + 16]! - middle[channel]!)).toBeLessThanOrEqual(tolerance);
    }
  },
);

test('a folder gives its images in the order of their names, prepared as declared', async () => {
  const data = await openImages(classifier('N', 3, 8, 8), folder, imagePresets.symmetric!, { dims: {} });
  expect(data.count).toBe(3);
  const feeds = await all(data.feeds());
  expect(feeds.map((feed) => feed.get('image')!.dims)).toEqual([
    [1, 3, 8, 8],
    [1, 3, 8, 8],
    [1, 3, 8, 8],
  ]);
  const [first] = feeds.map((feed) => toNumbers('float32', feed.get('image')!.bytes));
  // The gray one is first: its channels are equal.
  expect(first!.subarray(0, 64)).toEqual(first!.subarray(64, 128));
  expect(Math.max(...first!)).toBeLessThanOrEqual(1);
  expect(Math.min(...first!)).toBeLessThan(0);
});

test('a fixed batch takes as many images a run, and leaves the rest out', async () => {
  const data = await openImages(classifier(2, 8, 8, 3), folder, parseImagePreprocessing('layout=nhwc'), { dims: {} });
  const feeds = await all(data.feeds());
  expect(feeds.map((feed) => feed.get('image')!.dims)).toEqual([[2, 8, 8, 3]]);
});

test.each([
  ['channels in the other place', [1, 8, 8, 3], 'unit', /reads 8 channels.*layout=nhwc/],
  [
    'a size that is not that of the model',
    ['N', 3, 8, 8],
    'resize=16x16',
    /16 × 16 pixels when prepared; image reads 8 × 8/,
  ],
  ['a model that reads no images', ['N', 3], 'unit', /one input of four axes/],
  ['more images a run than there are', [4, 3, 8, 8], 'unit', /holds 3 images; the model reads 4/],
])('%s', async (_, shape, declared, message) => {
  const opened = openImages(classifier(...shape), folder, parseImagePreprocessing(declared), { dims: {} });
  await expect(opened).rejects.toThrow(message);
});

test('what is no image, or is damaged, is refused with its name', async () => {
  await writeFile(at('text.image'), 'no image');
  await expect(readImage(at('text.image'))).rejects.toThrow(/text\.image cannot be used: It is neither PNG nor JPEG/);
  const bytes = Buffer.from(baseline, 'base64');
  for (const length of [2, 20, 160, 400]) {
    await writeFile(at('cut.image'), bytes.subarray(0, length));
    await expect(readImage(at('cut.image'))).rejects.toThrow(/cut\.image cannot be used/);
  }
});

test('a JPEG that claims 65 000 × 65 000 pixels is refused', async () => {
  const bytes = Buffer.from(baseline, 'base64');
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
  bytes.writeUInt16BE(65_000, frame + 5);
  bytes.writeUInt16BE(65_000, frame + 7);
  await writeFile(at('huge.image'), bytes);
  await expect(readImage(at('huge.image'))).rejects.toThrow(/huge\.image cannot be used: maxResolution/);
});

test('two models are compared on a folder of images where a version was calibrated on them', async () => {
  const manager = createRuntimeManager();
  const model = classifier('N', 3, 8, 8);
  const measured = { model, identity: { path: 'a.onnx', bytes: 0, irVersion: 10, producer: '', opsets: {} } };
  const settings = { provider: 'cpu', threads: 1, timeLimit: 3, dims: {}, seed: 1 };
  const options = { settings, level: 'all', measure: false, samples: folder } as const;
  const compared = (image?: string) =>
    compareModels(measured, measured, { ...options, image }, { manager, opscope: '0.0.0' });
  try {
    const { verdict } = await compared('unit');
    expect(verdict.status).toBe('equal');
    expect(offeredInputs(verdict)).toBe(3);
    await expect(compared()).rejects.toThrow(/holds images/);
  } finally {
    await manager.dispose();
  }
});
