import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { english } from '../core/english.ts';
import type { TensorValue } from '../core/evaluator.ts';
import type { Model, ValueInfo } from '../core/graph/model.ts';
import type { Samples } from '../core/quantize/calibration.ts';
import { ImageError, type ImagePreprocessing, parseImagePreprocessing } from '../core/tensor/image-preprocessing.ts';
import { isImageName, openImages } from './image-data.ts';
import { inputFor, readInputFiles } from './input-files.ts';
import { InputError, makeInputs } from './inputs.ts';
import { fillNotes, readJsonLines } from './json-lines.ts';
import { openNpy, openNpz, type SampleArray, wholeArray } from './sample-arrays.ts';
import { requiredInputs, symbolicDims } from './symbolic-dims.ts';

export type Feed = ReadonlyMap<string, TensorValue>;

/** Data that can be gone through again and again, and where it comes from. */
export interface SampleData extends Samples {
  readonly source: string;
  /** What stands in the place of data that are not there. */
  readonly notes?: readonly string[];
}

export interface SampleOptions {
  readonly dims: Readonly<Record<string, number>>;
  /** Samples that make one run where the model's batch is free. Default 1. */
  readonly batch?: number;
  /** At most this many runs. */
  readonly limit?: number;
  /** The data are images, and how they are prepared: what `parseImagePreprocessing` reads. */
  readonly image?: string;
}

/**
 * Sample data from a file or folder: `.npz` with arrays named like the inputs, `.npy` or `.pb` for one input, JSONL
 * with an object of arrays (or one array) a line, or a folder of these, read one file at a time; images when `image` says how to prepare them. An array whose first
 * axis is longer than the model's batch holds one sample an entry. Rejects with `InputError`.
 */
export async function openSamples(model: Model, path: string, options: SampleOptions): Promise<SampleData> {
  if (options.image !== undefined) return openImages(model, path, declaredImage(options.image), options);
  const inputs = requiredInputs(model);
  const names = inputs.map(({ name }) => name);
  const files = await sampleFiles(path, inputs.length);
  const plansOf = async function* (file: string): AsyncGenerator<Plan> {
    for await (const set of readSets(file, inputs)) {
      const missing = names.filter((name) => !set.has(name));
      const found = [...set.keys()].join(', ') || 'none';
      if (missing.length > 0)
        throw new InputError(english`${file} has no data for the input ${missing.join(', ')}. Arrays there: ${found}.`);
      yield planOf(set, inputs, options);
    }
  };
  const { limit = Number.POSITIVE_INFINITY } = options;
  const feeds = async function* (): AsyncGenerator<Feed> {
    let done = 0;
    for (const file of files) {
      for await (const plan of plansOf(file)) {
        for await (const feed of feedsOf(plan)) {
          if (done++ >= limit) return;
          yield feed;
        }
      }
    }
  };
  // Of many files of arrays only the first is opened, and all are taken to be like it; lines are counted.
  const isLines = files.some((file) => extname(file) === '.jsonl');
  let all = 0;
  for (const file of isLines ? files : files.slice(0, 1)) {
    for await (const { count } of plansOf(file)) {
      all += count;
      if (all >= limit) break;
    }
  }
  const count = Math.min(limit, isLines ? all : all * files.length);
  if (count === 0) throw new InputError(english`${path} holds no data for ${names.join(', ')}.`);
  const notes = extname(files[0]!) === '.jsonl' ? await fillNotes(files[0]!, inputs) : [];
  return { count, source: path, feeds, ...(notes.length > 0 ? { notes } : {}) };
}

function declaredImage(text: string): ImagePreprocessing {
  try {
    return parseImagePreprocessing(text);
  } catch (error) {
    throw error instanceof ImageError ? new InputError(error.message) : error;
  }
}

/** Bytes of all made-up samples: a model whose weights are inputs gets fewer samples, which would else take minutes. */
const mostMadeUp = 64e6;

/** At most `count` samples made by name and type of each input, for when the user has none and says that this will do. */
export async function randomSamples(
  model: Model,
  count: number,
  options: SampleOptions & { seed: number },
): Promise<SampleData> {
  const make = async (index: number): Promise<Feed> =>
    new Map(Object.entries((await makeInputs(model, { dims: options.dims, seed: options.seed + index })).feeds[0]!));
  const bytes = [...(await make(0)).values()].reduce((sum, value) => sum + value.bytes.byteLength, 1);
  const made = Math.max(1, Math.min(count, Math.floor(mostMadeUp / bytes)));
  return {
    count: made,
    source: english`random numbers, not data`,
    async *feeds() {
      for (let index = 0; index < made; index++) yield await make(index);
    },
  };
}

/** Files of one kind in a folder count as samples; a folder of tensors in subfolders is read as one, like ONNX test data. */
async function sampleFiles(path: string, inputs: number): Promise<readonly string[]> {
  const information = await stat(path).catch(() => undefined);
  if (!information) throw new InputError(english`There is no data at ${path}.`);
  if (!information.isDirectory()) {
    if (isImageName(path)) throw undeclaredImages(path);
    return [path];
  }
  const names = (await readdir(path)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  // Several arrays of a model's only input are samples; of more inputs, they are one sample, named after them.
  const isSamples = inputs === 1 ? /\.(?:npz|jsonl|npy)$/ : /\.(?:npz|jsonl)$/;
  const archives = names.filter((name) => isSamples.test(name));
  if (archives.length === 0 && names.some(isImageName)) throw undeclaredImages(path);
  return archives.length > 0 ? archives.map((name) => join(path, name)) : [path];
}

const undeclaredImages = (path: string) =>
  new InputError(
    english`${path} holds images. Say how they become numbers: --image imagenet, or --image resize=256,crop=224,mean=0.5,std=0.5.`,
  );

/** Sets of arrays for the inputs, by name, one after the other. Large arrays stay in their file. */
async function* readSets(file: string, inputs: readonly ValueInfo[]): AsyncGenerator<ReadonlyMap<string, SampleArray>> {
  const whole = (values: Iterable<readonly [string, TensorValue]>) =>
    new Map(Array.from(values, ([name, value]) => [name, wholeArray(value)] as const));
  switch (extname(file)) {
    case '.jsonl':
      for await (const values of readJsonLines(file, inputs)) yield whole(values);
      return;
    case '.npz':
    case '.npy':
      yield await openArrays(file, inputs);
      return;
    default:
      for (const set of await readInputFiles(
        file,
        inputs.map(({ name }) => name),
      ))
        yield whole(Object.entries(set));
  }
}

async function openArrays(file: string, inputs: readonly ValueInfo[]): Promise<ReadonlyMap<string, SampleArray>> {
  const names = inputs.map(({ name }) => name);
  try {
    return extname(file) === '.npz'
      ? await openNpz(file)
      : new Map([[inputFor(file, '', names, 1), await openNpy(file)]]);
  } catch (error) {
    throw new InputError(english`${file} could not be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** How the arrays of a set become runs. */
interface Plan {
  readonly count: number;
  /** Entries that make one run; undefined when the arrays are the inputs of one run as they are. */
  readonly step: number | undefined;
  readonly arrays: readonly { readonly name: string; readonly array: SampleArray; readonly extraAxis: boolean }[];
}

/** Arrays that hold many samples are cut into sets of the size that the model takes. */
function planOf(
  set: ReadonlyMap<string, SampleArray>,
  inputs: readonly ValueInfo[],
  { batch = 1, dims }: SampleOptions,
): Plan {
  const sizes = inputs.map((input) => samplesIn(set.get(input.name)!, input, batch, dims));
  const arrays = inputs.map(({ name }, index) => {
    return { name, array: set.get(name)!, extraAxis: sizes[index]?.extraAxis ?? false };
  });
  const [first] = sizes;
  if (!first || !sizes.every((size) => size?.samples === first.samples)) return { count: 1, step: undefined, arrays };
  const { samples, step, fixed } = first;
  // A model with a fixed batch cannot take the rest that does not fill one.
  return { count: fixed ? Math.floor(samples / step) : Math.ceil(samples / step), step, arrays };
}

async function* feedsOf({ count, step, arrays }: Plan): AsyncGenerator<Feed> {
  if (step === undefined) {
    const values = arrays.map(async ({ name, array }) => [name, await array.all()] as const);
    yield new Map(await Promise.all(values));
    return;
  }
  const readers = arrays.map(({ array }) => array.entries(step));
  try {
    for (let made = 0; made < count; made++) {
      const feed = new Map<string, TensorValue>();
      for (const [index, { name, extraAxis }] of arrays.entries()) {
        const { value } = await readers[index]!.next();
        if (value) feed.set(name, extraAxis ? { ...value, dims: value.dims.slice(1) } : value);
      }
      yield feed;
    }
  } finally {
    // Closes the files, also when not all was asked for.
    await Promise.all(readers.map((reader) => reader.return(undefined)));
  }
}

interface SampleSize {
  readonly samples: number;
  readonly step: number;
  readonly fixed: boolean;
  /** The array has one axis more than the input: its first counts samples and goes. */
  readonly extraAxis: boolean;
}

function samplesIn(
  { dims }: Pick<SampleArray, 'dims'>,
  { type }: ValueInfo,
  batch: number,
  bound: Readonly<Record<string, number>>,
): SampleSize | undefined {
  const shape = type?.kind === 'tensor' ? type.shape : undefined;
  const [samples] = dims;
  if (!shape || samples === undefined) return undefined;
  if (dims.length === shape.length + 1) return { samples, step: 1, fixed: true, extraAxis: true };
  if (dims.length !== shape.length) return undefined;
  const [size] = shape;
  if (typeof size === 'number') return { samples, step: size, fixed: true, extraAxis: false };
  const given = size ? bound[size] : undefined;
  return { samples, step: given ?? batch, fixed: false, extraAxis: false };
}

/** The size of a free batch: the symbol of the first axis of the first input, when there is one. */
export function batchSymbol(model: Model): string | undefined {
  const names = new Set(symbolicDims(model).map(({ name }) => name));
  const [input] = requiredInputs(model);
  const dim = input?.type?.kind === 'tensor' ? input.type.shape?.[0] : undefined;
  return typeof dim === 'string' && names.has(dim) ? dim : undefined;
}
