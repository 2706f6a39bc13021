import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { english } from '../core/english.ts';
import type { TensorValue } from '../core/evaluator.ts';
import type { Model, ValueInfo } from '../core/graph/model.ts';
import type { Samples } from '../core/quantize/calibration.ts';
import { fromNumbers } from '../core/tensor/convert.ts';
import { ImageError, type ImagePreprocessing, parseImagePreprocessing } from '../core/tensor/image-preprocessing.ts';
import { isImageName, openImages } from './image-data.ts';
import { inputFor, readInputFiles } from './input-files.ts';
import { InputError, makeInputs } from './inputs.ts';
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
  const plansOf = async (file: string): Promise<readonly Plan[]> => {
    const sets = await readSets(file, inputs);
    return sets.map((set) => {
      const missing = names.filter((name) => !set.has(name));
      if (missing.length === 0) return planOf(set, inputs, options);
      const found = [...set.keys()].join(', ') || 'none';
      throw new InputError(english`${file} has no data for the input ${missing.join(', ')}. Arrays there: ${found}.`);
    });
  };
  const { limit = Number.POSITIVE_INFINITY } = options;
  const feeds = async function* (): AsyncGenerator<Feed> {
    let done = 0;
    for (const file of files) {
      for (const plan of await plansOf(file)) {
        for await (const feed of feedsOf(plan)) {
          if (done++ >= limit) return;
          yield feed;
        }
      }
    }
  };
  // Of many files of arrays only the first is opened, and all are taken to be like it; lines are counted.
  const countIn = async (file: string) => (await plansOf(file)).reduce((sum, plan) => sum + plan.count, 0);
  const first = await countIn(files[0]!);
  let all = first * files.length;
  if (files.some((file) => extname(file) === '.jsonl')) {
    all = first;
    for (const file of files.slice(1)) all += await countIn(file);
  }
  const count = Math.min(limit, all);
  if (count === 0) throw new InputError(english`${path} holds no data for ${names.join(', ')}.`);
  const notes = extname(files[0]!) === '.jsonl' ? await fillNotes(files[0]!, names) : [];
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

/** Sets of arrays for the inputs, by name. Large ones stay in their file. */
async function readSets(
  file: string,
  inputs: readonly ValueInfo[],
): Promise<readonly ReadonlyMap<string, SampleArray>[]> {
  const names = inputs.map(({ name }) => name);
  const extension = extname(file);
  try {
    if (extension === '.npz') return [await openNpz(file)];
    if (extension === '.npy') return [new Map([[inputFor(file, '', names, 1), await openNpy(file)]])];
  } catch (error) {
    throw new InputError(english`${file} could not be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const sets = extension === '.jsonl' ? await readJsonLines(file, inputs) : await readInputFiles(file, names);
  return sets.map((set) => new Map(Object.entries(set).map(([name, value]) => [name, wholeArray(value)])));
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

/** Token ids and the like: `{"input_ids": [1, 2], "attention_mask": [1, 1]}` or `[1, 2]` a line. */
async function readJsonLines(
  path: string,
  inputs: readonly ValueInfo[],
): Promise<Readonly<Record<string, TensorValue>>[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, index) => {
    try {
      const parsed = JSON.parse(line) as unknown;
      const values = Array.isArray(parsed) ? { [inputs[0]!.name]: parsed } : (parsed as Record<string, unknown>);
      const arrays = inputs.map((input) => [input.name, values[input.name]] as const);
      const [given] = arrays.map(([, array]) => array).filter(Array.isArray);
      const rows = given?.every(Array.isArray) ? given : [given ?? []];
      const dims: readonly [number, number] = [rows.length, (rows[0] as readonly unknown[] | undefined)?.length ?? 0];
      return Object.fromEntries(arrays.map(([name, array], at) => [name, lineTensor(inputs[at]!, array, dims)]));
    } catch (error) {
      throw new InputError(
        english`Line ${index + 1} of ${path} cannot be used: ${error instanceof Error ? error.message : error}`,
      );
    }
  });
}

/** What an input that a line leaves out is: everything let through by masks, counted up by positions, else 0. */
const filledIn = (name: string, at: number): number => (/mask/i.test(name) ? 1 : /position/i.test(name) ? at : 0);

/** Ids of a line, or of several rows, as the input takes them: padded with 0 to the length of one that is fixed. */
function lineTensor(
  { name, type }: ValueInfo,
  array: unknown,
  [rows, columns]: readonly [number, number],
): TensorValue {
  const dtype = type?.kind === 'tensor' ? type.dtype : 'int64';
  const given: readonly unknown[] =
    Array.isArray(array) && array.length > 0 && array.every(Array.isArray) ? array : [array];
  const isRow = (row: unknown): row is readonly number[] =>
    Array.isArray(row) && row.every((value) => typeof value === 'number');
  const filled = Array.from({ length: columns }, (_, at) => filledIn(name, at));
  const values = array === undefined ? Array.from({ length: rows }, () => filled) : given;
  const length = isRow(values[0]) ? values[0].length : 0;
  if (!values.every((row) => isRow(row) && row.length === length))
    throw new Error(english`${name} is no list of numbers.`);
  const fixed = type?.kind === 'tensor' && type.shape?.length === 2 ? type.shape[1] : undefined;
  const width = typeof fixed === 'number' ? Math.max(fixed, length) : length;
  const padding = new Array<number>(width - length).fill(0);
  const numbers = (values as readonly (readonly number[])[]).flatMap((row) => [...row, ...padding]);
  return { dtype, dims: [values.length, width], bytes: fromNumbers(dtype, numbers) };
}

/** Says which inputs a file leaves out that then are zeros. */
async function fillNotes(path: string, names: readonly string[]): Promise<readonly string[]> {
  const [line = '[]'] = (await readFile(path, 'utf8')).split('\n');
  const parsed = JSON.parse(line) as unknown;
  const given = Array.isArray(parsed) ? names.slice(0, 1) : Object.keys(parsed as object);
  const zeros = names.filter((name) => !given.includes(name) && !/mask|position/i.test(name));
  return zeros.length === 0 ? [] : [english`${path} does not name ${zeros.join(', ')}: zeros stand there instead.`];
}

/** The size of a free batch: the symbol of the first axis of the first input, when there is one. */
export function batchSymbol(model: Model): string | undefined {
  const names = new Set(symbolicDims(model).map(({ name }) => name));
  const [input] = requiredInputs(model);
  const dim = input?.type?.kind === 'tensor' ? input.type.shape?.[0] : undefined;
  return typeof dim === 'string' && names.has(dim) ? dim : undefined;
}
