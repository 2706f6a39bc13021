import { english } from '../core/english.ts';
import type { TensorValue } from '../core/evaluator.ts';
import {
  bitsPerElement,
  byteLengthOf,
  type DataType,
  elementCount,
  isFloat,
  isInteger,
} from '../core/graph/data-type.ts';
import type { Model, ValueType } from '../core/graph/model.ts';
import { createRandom, type Random } from '../core/random.ts';
import { fromNumbers, toNumbers } from '../core/tensor/convert.ts';
import type { Feeds } from '../protocol/runtime.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { indexRange } from './index-range.ts';
import { readInputFiles } from './input-files.ts';
import { requiredInputs, resolveShape, symbolicDims } from './symbolic-dims.ts';

export interface InputOptions {
  /** Symbolic dimension → size; the rest gets what `symbolicDims` suggests. */
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly fill?: RunSettings['fill'];
  /** The user's own data: an `.npz`, an `.npy` for a model with one input, a `.pb`, or a folder of these. */
  readonly path?: string | undefined;
}

export interface InputSet {
  /** At least one; several when the user's folder holds several. */
  readonly feeds: readonly Feeds[];
  /** What the first one holds and where it comes from. */
  readonly described: readonly { name: string; dtype: string; shape: readonly number[]; source: string }[];
}

/** No inputs can be made or read; the message says what to do. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Most bytes that inputs made here may take: a symbolic dimension set too large is a mistake, not a wish. */
const mostBytes = 2e9;

/** Inputs for a model: the user's, or made by name, type and use of each input, the same for the same seed. */
export async function makeInputs(model: Model, options: InputOptions): Promise<InputSet> {
  if (options.path !== undefined) return readInputs(model, options.path);
  const suggested = new Map(symbolicDims(model).map(({ name, suggestion }) => [name, suggestion]));
  const feeds: Record<string, TensorValue> = {};
  const described: { name: string; dtype: string; shape: readonly number[]; source: string }[] = [];
  for (const [index, { name, type }] of requiredInputs(model).entries()) {
    requireTensor(name, type);
    if (!type.shape) {
      throw new InputError(english`The number of axes of input ${name} is not known. Give data for it with --inputs.`);
    }
    const dims = resolveShape(name, type.shape, options.dims, suggested);
    if (byteLengthOf(type.dtype, elementCount(dims)) > mostBytes) {
      throw new InputError(
        english`Input ${name} would be [${dims.join(', ')}], more than 2 GB. Set smaller dimensions with --dim.`,
      );
    }
    // Each input has its own stream: adding one does not change the others.
    const random = createRandom(options.seed * 1000 + index);
    const { value, source } = makeValue(name, type.dtype, dims, model, options.fill ?? 'random', random);
    feeds[name] = value;
    described.push({ name, dtype: type.dtype, shape: dims, source });
  }
  return { feeds: [feeds], described };
}

async function readInputs(model: Model, path: string): Promise<InputSet> {
  const inputs = requiredInputs(model);
  const names = inputs.map(({ name }) => name);
  for (const { name, type } of inputs) requireTensor(name, type);
  const feeds = await readInputFiles(path, names);
  for (const [index, set] of feeds.entries()) {
    const missing = names.filter((name) => !Object.hasOwn(set, name));
    if (missing.length > 0) {
      const found = Object.keys(set).join(', ') || 'none';
      const lacking = missing.join(', ');
      throw new InputError(
        feeds.length > 1
          ? english`${path} has no data for the input ${lacking} in set ${index}. Found: ${found}.`
          : english`${path} has no data for the input ${lacking}. Found: ${found}.`,
      );
    }
  }
  const kept = feeds.map((set) =>
    Object.fromEntries(inputs.map(({ name, type }) => [name, heldAs(set[name]!, type)] as const)),
  );
  const first = kept[0];
  if (!first) throw new InputError(english`${path} holds no data. Give an .npz, an .npy, or a folder of .pb files.`);
  return {
    feeds: kept,
    described: Object.entries(first).map(([name, { dtype, dims }]) => ({ name, dtype, shape: dims, source: path })),
  };
}

function requireTensor(
  name: string,
  type: ValueType | undefined,
): asserts type is Extract<ValueType, { kind: 'tensor' | 'sparse-tensor' }> {
  if (type?.kind === 'tensor') return;
  const kind = type?.kind ?? 'value of unknown type';
  throw new InputError(english`Input ${name} is a ${kind}; only tensors can be made or fed.`);
}

/** An array that holds the bits of a type that NumPy has no name for, or its numbers where those are below a byte, as that type. */
function heldAs(value: TensorValue, type: ValueType | undefined): TensorValue {
  if (type?.kind !== 'tensor' || type.dtype === value.dtype) return value;
  const { dtype } = type;
  const bits = bitsPerElement(dtype);
  if (isInteger(dtype) && bits < 8 && ['int8', 'uint8'].includes(value.dtype))
    return { ...value, dtype, bytes: fromNumbers(dtype, toNumbers(value.dtype, value.bytes)) };
  const isHolder = (value.dtype === 'uint8' && bits === 8) || (value.dtype === 'uint16' && dtype === 'bfloat16');
  return isHolder && isFloat(dtype) ? { ...value, dtype } : value;
}

interface Made {
  readonly value: TensorValue;
  readonly source: string;
}

function makeValue(
  name: string,
  dtype: DataType,
  dims: readonly number[],
  model: Model,
  kind: 'random' | 'zeros',
  random: Random,
): Made {
  const count = elementCount(dims);
  if (dtype === 'string') {
    const strings = Array.from({ length: count }, () => (kind === 'zeros' ? '' : words[random.integer(words.length)]!));
    return {
      value: { dtype, dims, bytes: new Uint8Array(0), strings },
      source: kind === 'zeros' ? english`empty strings` : english`random words`,
    };
  }
  const filled = (source: string, element: (index: number) => number): Made => {
    return { value: { dtype, dims, bytes: fill(dtype, count, element) }, source };
  };
  if (kind === 'zeros') return filled(english`zeros`, () => 0);
  if (/mask/i.test(name)) return filled(english`ones (a mask)`, () => 1);
  if (dtype.startsWith('float') || dtype === 'bfloat16') return filled(english`uniform in 0…1`, () => random.next());
  if (dtype === 'bool')
    return count === 1 ? filled('false', () => 0) : filled(english`random bits`, () => random.integer(2));
  const size = indexRange(name, model);
  const last = dims.at(-1) ?? 1;
  if (/position/i.test(name) && (size === undefined || last <= size))
    return filled(english`positions`, (index) => index % last);
  if (size !== undefined)
    return filled(english`random in 0…${size - 1} (indices into a table)`, () => random.integer(size));
  if (/token_type|segment/i.test(name)) return filled(english`zeros`, () => 0);
  // Speech models that take the rate beside the samples are trained for 16 kHz.
  if (/^sr$|sample_?rate|sampling_?rate/i.test(name)) return filled(english`16000 (a sampling rate)`, () => 16000);
  if (/len(?:gth)?s?$/i.test(name)) return filled(english`ones (lengths)`, () => 1);
  const range = randomRange(dtype);
  return filled(english`random in ${range[0]}…${range[1]}`, () => range[0] + random.integer(range[1] - range[0] + 1));
}

/** `count` elements in pieces, so that the numbers on the way take little memory. Pieces are even: 4-bit types pack two to a byte. */
function fill(dtype: DataType, count: number, element: (index: number) => number): Uint8Array {
  const bytes = new Uint8Array(byteLengthOf(dtype, count));
  const piece = 1 << 16;
  for (let from = 0; from < count; from += piece) {
    const numbers = new Float64Array(Math.min(piece, count - from));
    for (let index = 0; index < numbers.length; index++) numbers[index] = element(from + index);
    bytes.set(fromNumbers(dtype, numbers), byteLengthOf(dtype, from));
  }
  return bytes;
}

const words = ['alpha', 'bravo', 'charlie', 'delta', 'echo'];

/** 8-bit types carry pictures and quantized values, so their whole range; wider ones counts and classes. */
function randomRange(dtype: DataType): readonly [number, number] {
  switch (dtype) {
    case 'uint8':
      return [0, 255];
    case 'int8':
      return [-128, 127];
    case 'uint4':
      return [0, 15];
    case 'int4':
      return [-8, 7];
    default:
      return [0, 9];
  }
}
