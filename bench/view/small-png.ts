import { crc32, deflateSync } from 'node:zlib';
import { decodePng } from '../../src/worker/png.ts';

/** Bits of each channel that a colour keeps: enough for text and flat areas. */
const kept = 4;
const most = 256;

/** A PNG of the same picture with a palette of its 256 most frequent colours: a third of the bytes, no visible loss. */
export function smallPng(file: Buffer): Buffer {
  const { width, height, data } = decodePng(file);
  const keys = new Int32Array(width * height);
  const counts = new Map<number, { count: number; rgb: readonly [number, number, number] }>();
  for (let pixel = 0; pixel < keys.length; pixel++) {
    const rgb = [data[pixel * 3]!, data[pixel * 3 + 1]!, data[pixel * 3 + 2]!] as const;
    const key = rgb.reduce((all, channel) => (all << kept) | (channel >> (8 - kept)), 0);
    keys[pixel] = key;
    const known = counts.get(key);
    // The first colour of a kind stands for it: flat areas come before the edges of letters.
    if (known) known.count++;
    else counts.set(key, { count: 1, rgb });
  }
  const palette = [...counts].sort((a, b) => b[1].count - a[1].count).slice(0, most);
  const places = new Map(palette.map(([key], index) => [key, index]));
  const nearest = (key: number) => {
    const { rgb } = counts.get(key)!;
    const distance = (other: readonly number[]) => other.reduce((sum, value, at) => sum + (value - rgb[at]!) ** 2, 0);
    let best = 0;
    palette.forEach((each, index) => {
      if (distance(each[1].rgb) < distance(palette[best]![1].rgb)) best = index;
    });
    places.set(key, best);
    return best;
  };
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const key = keys[y * width + x]!;
      rows[y * (width + 1) + 1 + x] = places.get(key) ?? nearest(key);
    }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3], 8);
  return Buffer.concat([
    file.subarray(0, 8),
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette.flatMap(([, { rgb }]) => [...rgb]))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
