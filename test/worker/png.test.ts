import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ImageError } from '../../src/core/tensor/image-preprocessing.ts';
import { decodePng } from '../../src/worker/png.ts';

/** Written by Pillow 13.0, 9 × 7 pixels, with the SHA-256 of what it gives for `convert('RGB')`. */
const written = [
  [
    'rgb',
    'iVBORw0KGgoAAAANSUhEUgAAAAkAAAAHCAIAAABV+fA3AAAAkklEQVR4nGNkCF6migMwWvc9NMABGMtOyljjAAwbWcK/e821nfC4+ZrmSZl8/qStoSt+z37n+NCkneGN/STbCY/7HprcN2o1aL7WeEX9kmqFctnJkuNSDOpVZ5uvad43arXuezj9le1nt5n+i76u/hfIHrWWIWkrx0mZfIPma9Nf2f4LXJK6g/uMfJFx281Zbx0AnpRJgDuLNK0AAAAASUVORK5CYII=',
    '1ad061758f648866f7915fe184c62b178e65406ad31b9637040b5a3d8e4cd89d',
  ],
  [
    'rgba',
    'iVBORw0KGgoAAAANSUhEUgAAAAkAAAAHCAYAAADam2dgAAAAx0lEQVR4nGNkCF72X1VVlQEfZrTue/jfwMCAAR9mLDsp89/a2poBH2bYyBL+/7vX3P+2Ex7/b76m+f+kTP5//qSt/0NX/P4/+53j/4cm7f8Z3thP+m874fH/vocm/+8btf43aL72v/GK+v9LqhX/lctO/i85LvWfQb3q7P/ma5r/7xu1/rfue/h/+ivb/5/dZv73X/T1/+p/gf/Zo9b+Z0jayvH/pEz+f4Pma/+nv7L9/y9wyf/UHdz/z8gX/Tduu/l/1luH/wC87XBZ9H1/SAAAAABJRU5ErkJggg==',
    '1ad061758f648866f7915fe184c62b178e65406ad31b9637040b5a3d8e4cd89d',
  ],
  [
    'gray',
    'iVBORw0KGgoAAAANSUhEUgAAAAkAAAAHCAAAAAD/8Di8AAAAUUlEQVR4nAFGALn/AUQlJQcljyXZJQI7KDPG0SYTat8EHaXrEP1UpdZHAUFG+iiw+kYosAF8BTO7BTO7BTMC7yi7EEncMWqxBB2wGz7RCMnkdWy6Gnq+UM56AAAAAElFTkSuQmCC',
    '23061ee3395696b244a5a4787dabf35cf9367ba73c0084c87b84d92f7e78805a',
  ],
  [
    'gray and alpha',
    'iVBORw0KGgoAAAANSUhEUgAAAAkAAAAHCAQAAABwkq/rAAAAdElEQVR4nEXEoQrCUAAAwNuYaBwYZfHJqiwKgiATu1+xbvMf/Ir1mdcF44ogCBabwT6QGb1w0WYIgrHgJLgL4qVc4aIzN1V5SjK1t9TXXu1mK1oPpV6u0SvlGtFxGCm0/scfuVZq52GhcpZkGjMrnYmrl4MfkTUdd2VNe8gAAAAASUVORK5CYII=',
    '23061ee3395696b244a5a4787dabf35cf9367ba73c0084c87b84d92f7e78805a',
  ],
  [
    'palette of 16',
    'iVBORw0KGgoAAAANSUhEUgAAAAkAAAAHBAMAAAAotXpTAAAAMFBMVEWe8USU5zqC1ShvwhVTpsZgswY8j+IxhNf1SJvgM4bVKHvKHXAoe84Xar22CVwDVqkAeIsRAAAAM0lEQVR4nGP4kyw3/wBDMndP0ANGO78jsZuZVl3L3WzAMm+7gE8Li41A07sDjNFiIkaeAGu2D/Y/1FsuAAAAAElFTkSuQmCC',
    '56fd8cbb116b8931231b76e0b40d5f60a51233b8d22050206f491d6a65b4ee28',
  ],
  [
    'palette of 4',
    'iVBORw0KGgoAAAANSUhEUgAAAAkAAAAHAgMAAACn9Y/zAAAADFBMVEWL3jFJnKrhNIdDUqWyu03KAAAAJUlEQVR4nGO4ou3A6OT3gUGT24FxicAZlnfLtzJ4qhxgUOlkAAB92wjeuZedhQAAAABJRU5ErkJggg==',
    '97f968dfd40119018dfcf9b4b26dc43629822516a05055ac3572128116865aec',
  ],
  [
    'black and white',
    'iVBORw0KGgoAAAANSUhEUgAAAAkAAAAHAQAAAADy4FrNAAAAHUlEQVR4nGOM0GBIZ2Cc8oYhlIExS4xhLQNjqDYAMM8EbmEfNIMAAAAASUVORK5CYII=',
    '48eb9f25d42e683ba3575cabd30d13edaadf5e8cb70697ff5be4c8e69a19cccc',
  ],
] as const;

test.each(written)('%s: the pixels that Pillow reads', (_, base64, sha256) => {
  const { width, height, data } = decodePng(Buffer.from(base64, 'base64'));
  expect([width, height]).toEqual([9, 7]);
  expect(createHash('sha256').update(data).digest('hex')).toBe(sha256);
});

test('of 16 bits the upper 8 count', () => {
  const base64 =
    'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACEAAAAADoj+WFAAAAFklEQVR4nGNgYGA/8f8/QwrDCWZGBgAenQP+gbB1kgAAAABJRU5ErkJggg==';
  const { data } = decodePng(Buffer.from(base64, 'base64'));
  expect([...data].filter((_, index) => index % 3 === 0)).toEqual([0, 7, 255, 100, 200, 1]);
});

/** A PNG file of these unpacked lines. */
function png(width: number, height: number, colorType: number, interlace: number, lines: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, colorType, 0, 0, interlace], 8);
  const chunk = (type: string, body: Uint8Array) => {
    const named = Buffer.concat([Buffer.from(type), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const end = new Uint8Array(0);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(lines)), chunk('IEND', end)]);
}

/** Which pass of Adam7 holds a pixel, by row and column modulo 8, as the specification draws it. */
const passes = ['16462646', '77777777', '56565656', '77777777', '36463646', '77777777', '56565656', '77777777'];

test.each([
  [11, 9],
  [1, 1],
  [3, 17],
])('an interlaced image of %i × %i has its pixels in order', (width, height) => {
  const value = (x: number, y: number) => (x * 29 + y * 53) % 256;
  const lines: number[] = [];
  for (const pass of '1234567') {
    for (let y = 0; y < height; y++) {
      const inPass = Array.from({ length: width }, (_, x) => x).filter((x) => passes[y % 8]![x % 8] === pass);
      if (inPass.length > 0) lines.push(0, ...inPass.map((x) => value(x, y)));
    }
  }
  const { data } = decodePng(png(width, height, 0, 1, Uint8Array.from(lines)));
  const expected = Array.from({ length: width * height }, (_, at) => value(at % width, Math.floor(at / width)));
  expect([...data].filter((_, index) => index % 3 === 0)).toEqual(expected);
});

test('a file that claims too many pixels, or unpacks to more or fewer than it claims, is refused', () => {
  expect(() => decodePng(png(1e6, 1e6, 2, 0, new Uint8Array(9)))).toThrow(/at most 100 million/);
  expect(() => decodePng(png(2, 2, 0, 0, new Uint8Array(50e6)))).toThrow(/damaged/);
  expect(() => decodePng(png(200, 200, 0, 0, new Uint8Array(60)))).toThrow(/damaged/);
});

test('a file that is cut off, or has no header that makes sense, is refused', () => {
  const whole = Buffer.from(written[0][1], 'base64');
  for (let length = 8; length < whole.length - 16; length++)
    expect(() => decodePng(whole.subarray(0, length))).toThrow(ImageError);
  expect(() => decodePng(png(0, 4, 0, 0, new Uint8Array(4)))).toThrow(/no proper header/);
  expect(() => decodePng(png(1, 1, 5, 0, new Uint8Array(4)))).toThrow(/no proper header/);
});

test('a line with an unknown filter is refused', () => {
  expect(() => decodePng(png(1, 1, 0, 0, Uint8Array.from([9, 0])))).toThrow(/damaged/);
});
