import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decode as decodeJpeg } from 'jpeg-js';
import { english } from '../core/english.ts';
import type { TensorValue } from '../core/evaluator.ts';
import type { DataType } from '../core/graph/data-type.ts';
import type { Model } from '../core/graph/model.ts';
import { fromNumbers } from '../core/tensor/convert.ts';
import { ImageError, type ImagePreprocessing, imageNumbers, mostPixels } from '../core/tensor/image-preprocessing.ts';
import type { RgbImage } from '../core/tensor/image-resize.ts';
import type { Feed, SampleData, SampleOptions } from './calibration-data.ts';
import { InputError } from './inputs.ts';
import { decodePng, isPng } from './png.ts';
import { requiredInputs } from './symbolic-dims.ts';

/** A file of an image is no larger; what is, is refused before it is read. */
const mostFileBytes = 256 * 2 ** 20;
/** What the JPEG decoder may take: a photograph of 50 million pixels needs about half of it. */
const mostJpegMegabytes = 2048;

export const isImageName = (name: string) => /\.(?:png|jpe?g)$/i.test(name);

/** The pixels of a PNG or JPEG file. Rejects with `InputError`, which names the file. */
export async function readImage(path: string): Promise<RgbImage> {
  try {
    const { size } = await stat(path);
    if (size > mostFileBytes) throw new ImageError(english`It is larger than ${mostFileBytes / 2 ** 20} MB.`);
    return decoded(await readFile(path));
  } catch (error) {
    throw imageInputError(path, error);
  }
}

function decoded(file: Buffer): RgbImage {
  if (isPng(file)) return decodePng(file);
  if (file[0] !== 0xff || file[1] !== 0xd8) throw new ImageError(english`It is neither PNG nor JPEG.`);
  const { width, height, data } = decodeJpeg(file, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: mostPixels / 1e6,
    maxMemoryUsageInMB: mostJpegMegabytes,
  });
  return { width, height, data };
}

function imageInputError(path: string, error: unknown): InputError {
  return new InputError(english`${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
}

/**
 * The images of a file or a folder (PNG and JPEG, in the order of their names) as data for a model with one input,
 * read and decoded one at a time. Rejects with `InputError` when the model takes no images of the size declared.
 */
export async function openImages(
  model: Model,
  path: string,
  declared: ImagePreprocessing,
  { dims, batch = 1, limit = Number.POSITIVE_INFINITY }: SampleOptions,
): Promise<SampleData> {
  const input = imageInput(model, declared, dims);
  const files = (await imageFiles(path)).slice(0, limit * (input.batch ?? batch));
  const step = input.batch ?? batch;
  // A model with a fixed batch cannot take the rest that does not fill one.
  const count = input.batch === undefined ? Math.ceil(files.length / step) : Math.floor(files.length / step);
  if (count === 0)
    throw new InputError(english`${path} holds ${files.length} images; the model reads ${step} at a time.`);
  const feedOf = async (run: number): Promise<Feed> => {
    const parts: TensorValue[] = [];
    for (const file of files.slice(run * step, (run + 1) * step)) parts.push(await input.read(file));
    const [first] = parts;
    const different = parts.find(({ dims }) => dims.join() !== first!.dims.join());
    if (different) throw new InputError(english`The images of ${path} have different sizes. Declare resize or crop.`);
    const bytes = parts.length === 1 ? first!.bytes : Buffer.concat(parts.map((part) => part.bytes));
    return new Map([[input.name, { dtype: first!.dtype, dims: [parts.length, ...first!.dims], bytes }]]);
  };
  // What does not fit is said at once, not after the model is prepared.
  await feedOf(0);
  return {
    count,
    source: path,
    async *feeds() {
      for (let run = 0; run < count; run++) yield await feedOf(run);
    },
  };
}

async function imageFiles(path: string): Promise<readonly string[]> {
  const information = await stat(path).catch(() => undefined);
  if (!information) throw new InputError(english`There is no data at ${path}.`);
  if (!information.isDirectory()) return [path];
  const names = (await readdir(path)).filter(isImageName);
  if (names.length === 0) throw new InputError(english`${path} holds no .png, .jpg or .jpeg files.`);
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => join(path, name));
}

interface ImageInput {
  readonly name: string;
  /** Images of one run; undefined when the model takes any number. */
  readonly batch: number | undefined;
  /** What the model reads of an image, without the batch axis. */
  readonly read: (file: string) => Promise<TensorValue>;
}

function imageInput(model: Model, declared: ImagePreprocessing, bound: Readonly<Record<string, number>>): ImageInput {
  const [input, ...others] = requiredInputs(model);
  const type = input?.type?.kind === 'tensor' ? input.type : undefined;
  if (!input || others.length > 0 || type?.shape?.length !== 4)
    throw new InputError(
      english`Images can be given to models with one input of four axes (batch, channels, height and width).`,
    );
  const { name } = input;
  const { dtype } = type;
  const shape = type.shape.map((dim) => {
    const size = typeof dim === 'string' ? bound[dim] : (dim ?? 0);
    return size && size > 0 ? size : undefined;
  });
  const [batch, ...axes] = shape;
  const first = declared.layout === 'nchw';
  const [channels, height, width] = first ? axes : [axes[2], axes[0], axes[1]];
  const count = declared.channels === 'gray' ? 1 : 3;
  if (channels !== undefined && channels !== count)
    throw new InputError(
      english`${name} reads ${channels} channels in the layout ${declared.layout}; the images have ${count}. Declare layout=nchw, layout=nhwc or channels=gray.`,
    );
  const size = width !== undefined && height !== undefined ? ([width, height] as const) : undefined;
  const read = async (file: string): Promise<TensorValue> => {
    const image = await readImage(file);
    try {
      const made = imageNumbers(image, declared, size);
      if ((width ?? made.width) !== made.width || (height ?? made.height) !== made.height)
        throw new ImageError(
          english`It is ${made.width} × ${made.height} pixels when prepared; ${name} reads ${width ?? '?'} × ${height ?? '?'}. Declare crop=${width ?? made.width}x${height ?? made.height}.`,
        );
      const dims = first ? [count, made.height, made.width] : [made.height, made.width, count];
      return { dtype, dims, bytes: elements(dtype, made.values) };
    } catch (error) {
      throw imageInputError(file, error);
    }
  };
  return { name, batch, read };
}

const integers: Readonly<Partial<Record<DataType, readonly [number, number]>>> = { uint8: [0, 255], int8: [-128, 127] };

/** Numbers in the type of the input; for bytes they are rounded and end where the type does. */
function elements(dtype: DataType, values: Float32Array): Uint8Array {
  const range = integers[dtype];
  if (!range) return fromNumbers(dtype, values);
  const [least, most] = range;
  return fromNumbers(
    dtype,
    values.map((value) => Math.min(most, Math.max(least, Math.round(value)))),
  );
}
