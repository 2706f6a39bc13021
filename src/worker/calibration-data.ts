import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { TensorValue } from '../core/evaluator.ts';
import { byteLengthOf, elementCount } from '../core/graph/data-type.ts';
import type { Model, ValueInfo } from '../core/graph/model.ts';
import type { Samples } from '../core/quantize/calibration.ts';
import { fromNumbers } from '../core/tensor/convert.ts';
import { readInputFiles } from './input-files.ts';
import { InputError, makeInputs } from './inputs.ts';
import { requiredInputs, symbolicDims } from './symbolic-dims.ts';

export type Feed = ReadonlyMap<string, TensorValue>;

/** Data that can be gone through again and again, and where it comes from. */
export interface SampleData extends Samples {
  readonly source: string;
}

export interface SampleOptions {
  readonly dims: Readonly<Record<string, number>>;
  /** Samples that make one run where the model's batch is free. Default 1. */
  readonly batch?: number;
  /** At most this many runs. */
  readonly limit?: number;
}

/**
 * Sample data from a file or folder: `.npz` with arrays named like the inputs, `.npy` or `.pb` for one input, JSONL
 * with an object of arrays (or one array) a line, or a folder of these, read one file at a time. An array whose first
 * axis is longer than the model's batch holds one sample an entry. Rejects with `InputError`.
 */
export async function openSamples(model: Model, path: string, options: SampleOptions): Promise<SampleData> {
  const inputs = requiredInputs(model);
  const names = inputs.map(({ name }) => name);
  const files = await sampleFiles(path);
  const read = async (file: string): Promise<readonly Readonly<Record<string, TensorValue>>[]> =>
    extname(file) === '.jsonl' ? readJsonLines(file, inputs) : readInputFiles(file, names);
  const feedsOf = async function* (file: string): AsyncGenerator<Feed> {
    for (const set of await read(file)) {
      const missing = names.filter((name) => !Object.hasOwn(set, name));
      if (missing.length > 0) {
        const found = Object.keys(set).join(', ') || 'none';
        throw new InputError(`${file} has no data for the input ${missing.join(', ')}. Arrays there: ${found}.`);
      }
      yield* split(set, inputs, options);
    }
  };
  const { limit = Number.POSITIVE_INFINITY } = options;
  const feeds = async function* (): AsyncGenerator<Feed> {
    let done = 0;
    for (const file of files) {
      for await (const feed of feedsOf(file)) {
        if (done++ >= limit) return;
        yield feed;
      }
    }
  };
  const count = await countFeeds(files, feedsOf, limit);
  if (count === 0) throw new InputError(`${path} holds no data for ${names.join(', ')}.`);
  return { count, source: path, feeds };
}

/** Samples made by name and type of each input, for when the user has none and says that this will do. */
export async function randomSamples(
  model: Model,
  count: number,
  options: SampleOptions & { seed: number },
): Promise<SampleData> {
  const make = async (index: number): Promise<Feed> =>
    new Map(Object.entries((await makeInputs(model, { dims: options.dims, seed: options.seed + index })).feeds[0]!));
  await make(0);
  return {
    count,
    source: 'random numbers, not data',
    async *feeds() {
      for (let index = 0; index < count; index++) yield await make(index);
    },
  };
}

/** Files of one kind in a folder count as samples; a folder of tensors in subfolders is read as one, like ONNX test data. */
async function sampleFiles(path: string): Promise<readonly string[]> {
  const information = await stat(path).catch(() => undefined);
  if (!information) throw new InputError(`There is no data at ${path}.`);
  if (!information.isDirectory()) return [path];
  const names = (await readdir(path)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const archives = names.filter((name) => /\.(?:npz|jsonl)$/.test(name));
  return archives.length > 0 ? archives.map((name) => join(path, name)) : [path];
}

/** Counts runs; of many files only the first is read, and all are taken to be like it. */
async function countFeeds(
  files: readonly string[],
  feedsOf: (file: string) => AsyncGenerator<Feed>,
  limit: number,
): Promise<number> {
  let count = 0;
  for await (const _ of feedsOf(files[0]!)) count++;
  return Math.min(limit, count * files.length);
}

/** Cuts arrays that hold many samples into sets of the size that the model takes. */
function* split(
  set: Readonly<Record<string, TensorValue>>,
  inputs: readonly ValueInfo[],
  { batch = 1, dims }: SampleOptions,
): Generator<Feed> {
  const sizes = inputs.map((input) => samplesIn(set[input.name]!, input, batch, dims));
  const [first] = sizes;
  const sameCount = sizes.every((size) => size && first && size.samples === first.samples);
  if (!first || !sameCount) {
    yield new Map(inputs.map(({ name }) => [name, set[name]!]));
    return;
  }
  for (let start = 0; start < first.samples; start += first.step) {
    const count = Math.min(first.step, first.samples - start);
    // A model with a fixed batch cannot take the rest that does not fill one.
    if (count < first.step && first.fixed) return;
    yield new Map(
      inputs.map(({ name }, index) => [name, cut(set[name]!, start, count, sizes[index]!.extraAxis)] as const),
    );
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
  { dims }: TensorValue,
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

function cut(
  { dtype, dims, bytes, strings }: TensorValue,
  start: number,
  count: number,
  extraAxis: boolean,
): TensorValue {
  const rest = dims.slice(1);
  const elements = elementCount(rest);
  const length = byteLengthOf(dtype, elements);
  return {
    dtype,
    dims: extraAxis ? rest : [count, ...rest],
    // A copy: the archive as a whole must not stay in memory for a part of it.
    bytes: bytes.slice(start * length, (start + count) * length),
    ...(strings ? { strings: strings.slice(start * elements, (start + count) * elements) } : {}),
  };
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
      const length = arrays.map(([, array]) => array).find(Array.isArray)?.length ?? 0;
      return Object.fromEntries(
        arrays.flatMap(([name, array], at) => [[name, lineTensor(inputs[at]!, array, length)]]),
      );
    } catch (error) {
      throw new InputError(
        `Line ${index + 1} of ${path} cannot be used: ${error instanceof Error ? error.message : error}`,
      );
    }
  });
}

function lineTensor({ name, type }: ValueInfo, array: unknown, length: number): TensorValue {
  const dtype = type?.kind === 'tensor' ? type.dtype : 'int64';
  // A mask that is left out lets everything through; other inputs that are left out are zeros.
  const values = array ?? new Array<number>(length).fill(/mask/i.test(name) ? 1 : 0);
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'number'))
    throw new Error(`${name} is no list of numbers.`);
  return { dtype, dims: [1, values.length], bytes: fromNumbers(dtype, values) };
}

/** The size of a free batch: the symbol of the first axis of the first input, when there is one. */
export function batchSymbol(model: Model): string | undefined {
  const names = new Set(symbolicDims(model).map(({ name }) => name));
  const [input] = requiredInputs(model);
  const dim = input?.type?.kind === 'tensor' ? input.type.shape?.[0] : undefined;
  return typeof dim === 'string' && names.has(dim) ? dim : undefined;
}
