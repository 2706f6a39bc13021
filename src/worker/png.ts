/** PNG images after the W3C's specification (third edition): every color type and depth, interlaced or not. */
import { inflateSync } from 'node:zlib';
import { english } from '../core/english.ts';
import { ImageError, mostPixels } from '../core/tensor/image-preprocessing.ts';
import type { RgbImage } from '../core/tensor/image-resize.ts';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export const isPng = (file: Buffer) => file.subarray(0, signature.length).equals(signature);

/** Samples of a pixel by color type: gray, red-green-blue, palette, gray and alpha, red-green-blue and alpha. */
const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depthsOf: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colorType: number;
  readonly interlaced: boolean;
}

/** Pixels of an image that make a smaller one in Adam7: where they start and how far they lie apart. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The pixels of a PNG file; alpha is left out, as `convert('RGB')` of Pillow does. Throws `ImageError`. */
export function decodePng(file: Buffer): RgbImage {
  const { header, palette, packed } = chunksOf(file);
  const { width, height, interlaced } = header;
  const passes = (interlaced ? adam7 : ([[0, 0, 1, 1]] as const)).map(([x, y, stepX, stepY]) => {
    return { x, y, stepX, stepY, columns: Math.ceil((width - x) / stepX), rows: Math.ceil((height - y) / stepY) };
  });
  const shown = passes.filter(({ columns, rows }) => columns > 0 && rows > 0);
  const bits = header.depth * samplesOf[header.colorType]!;
  const rowBytes = (columns: number) => Math.ceil((columns * bits) / 8);
  const expected = shown.reduce((sum, { columns, rows }) => sum + rows * (1 + rowBytes(columns)), 0);
  const raw = inflated(packed, expected);
  const data = new Uint8Array(width * height * 3);
  let at = 0;
  for (const { x, y, stepX, stepY, columns, rows } of shown) {
    const length = rowBytes(columns);
    let above: Uint8Array = new Uint8Array(length);
    for (let row = 0; row < rows; row++) {
      const line = raw.subarray(at + 1, at + 1 + length);
      unfilter(raw[at]!, line, above, Math.max(1, bits >> 3));
      at += 1 + length;
      above = line;
      const first = (y + row * stepY) * width + x;
      for (let column = 0; column < columns; column++)
        writePixel(data, (first + column * stepX) * 3, line, column, header, palette);
    }
  }
  return { width, height, data };
}

function chunksOf(file: Buffer): { header: Header; palette: Uint8Array; packed: Buffer } {
  let header: Header | undefined;
  let palette = new Uint8Array(0);
  const packed: Buffer[] = [];
  for (let at = signature.length; at + 12 <= file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const body = file.subarray(at + 8, at + 8 + length);
    if (body.length < length) break;
    if (type === 'IHDR') header ??= headerOf(body);
    else if (type === 'PLTE') palette = new Uint8Array(body);
    else if (type === 'IDAT') packed.push(body);
    else if (type === 'IEND') break;
    at += 12 + length;
  }
  if (!header || packed.length === 0) throw new ImageError(english`The PNG file is cut off.`);
  return { header, palette, packed: Buffer.concat(packed) };
}

function headerOf(body: Buffer): Header {
  if (body.length !== 13) throw new ImageError(english`The PNG file has no proper header.`);
  const [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
  const [depth, colorType, , , interlace] = [...body.subarray(8)] as [number, number, number, number, number];
  if (width === 0 || height === 0 || !depthsOf[colorType]?.includes(depth) || interlace > 1)
    throw new ImageError(english`The PNG file has no proper header.`);
  if (width * height > mostPixels)
    throw new ImageError(
      english`It is ${width} × ${height} pixels; at most ${mostPixels / 1e6} million can be read. Make it smaller.`,
    );
  return { width, height, depth, colorType, interlaced: interlace === 1 };
}

/** Exactly the bytes that the header promises: what unpacks to more, or to less, is refused without taking the memory. */
function inflated(packed: Buffer, expected: number): Uint8Array {
  try {
    const raw = inflateSync(packed, { maxOutputLength: expected });
    if (raw.length === expected) return raw;
  } catch {
    // Damaged, or more than the header promises.
  }
  throw new ImageError(english`The pixels of the PNG file are damaged.`);
}

/** Takes the prediction back that a line was stored with, in place. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, distance: number): void {
  if (filter === 0) return;
  if (filter > 4) throw new ImageError(english`The pixels of the PNG file are damaged.`);
  for (let at = 0; at < line.length; at++) {
    const left = at < distance ? 0 : line[at - distance]!;
    const up = above[at]!;
    const corner = at < distance ? 0 : above[at - distance]!;
    line[at]! += predicted(filter, left, up, corner);
  }
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  const fromLeft = Math.abs(up - corner);
  const fromUp = Math.abs(left - corner);
  const fromCorner = Math.abs(left + up - 2 * corner);
  if (fromLeft <= fromUp && fromLeft <= fromCorner) return left;
  return fromUp <= fromCorner ? up : corner;
}

function writePixel(
  data: Uint8Array,
  to: number,
  line: Uint8Array,
  column: number,
  { depth, colorType }: Header,
  palette: Uint8Array,
): void {
  const samples = samplesOf[colorType]!;
  // Of 16 bits the upper 8 count.
  const wide = depth === 16 ? 2 : 1;
  const at = column * samples * wide;
  if (samples >= 3) {
    for (let channel = 0; channel < 3; channel++) data[to + channel] = line[at + channel * wide]!;
    return;
  }
  const value = depth < 8 ? smallSample(line, column, depth) : line[at]!;
  if (colorType === 3) {
    for (let channel = 0; channel < 3; channel++) data[to + channel] = palette[value * 3 + channel] ?? 0;
  } else {
    data.fill(depth < 8 ? Math.round((value * 255) / (2 ** depth - 1)) : value, to, to + 3);
  }
}

/** A sample of 1, 2 or 4 bits; the first of a byte is in its highest bits. */
function smallSample(line: Uint8Array, index: number, depth: number): number {
  const bit = index * depth;
  return (line[bit >> 3]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}
