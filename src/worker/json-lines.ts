import { open } from 'node:fs/promises';
import { english } from '../core/english.ts';
import type { TensorValue } from '../core/evaluator.ts';
import type { ValueInfo } from '../core/graph/model.ts';
import { fromNumbers } from '../core/tensor/convert.ts';
import { InputError } from './inputs.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * Token ids and the like, a line at a time: `{"input_ids": [1, 2], "attention_mask": [1, 1]}`, or `[1, 2]` for the first
 * input. Only one line is in memory. Rejects with `InputError`, which names the line that cannot be used.
 */
export async function* readJsonLines(
  path: string,
  inputs: readonly ValueInfo[],
): AsyncGenerator<ReadonlyMap<string, TensorValue>> {
  for await (const [number, values] of parsedLines(path, inputs)) {
    yield usable(path, number, () => {
      const given = inputs.map(({ name }) => values[name]).find(Array.isArray);
      const rows = given?.every(Array.isArray) ? given : [given ?? []];
      const dims: readonly [number, number] = [rows.length, (rows[0] as readonly unknown[] | undefined)?.length ?? 0];
      return new Map(inputs.map((input) => [input.name, lineTensor(input, values[input.name], dims)]));
    });
  }
}

/** Says which inputs a file leaves out that then are zeros. */
export async function fillNotes(path: string, inputs: readonly ValueInfo[]): Promise<readonly string[]> {
  for await (const [, values] of parsedLines(path, inputs)) {
    const zeros = inputs.map(({ name }) => name).filter((name) => !(name in values) && !/mask|position/i.test(name));
    return zeros.length === 0 ? [] : [english`${path} does not name ${zeros.join(', ')}: zeros stand there instead.`];
  }
  return [];
}

/** What each line holds for the inputs, with its number in the file. */
async function* parsedLines(path: string, inputs: readonly ValueInfo[]): AsyncGenerator<readonly [number, Values]> {
  const file = await open(path);
  let number = 0;
  try {
    for await (const line of file.readLines()) {
      number++;
      if (line.trim() !== '') yield [number, usable(path, number, () => parsed(line, inputs))];
    }
  } finally {
    await file.close();
  }
}

function parsed(line: string, inputs: readonly ValueInfo[]): Values {
  const value = JSON.parse(line) as unknown;
  if (Array.isArray(value)) return { [inputs[0]!.name]: value };
  const names = inputs.map(({ name }) => name);
  if (typeof value !== 'object' || value === null || !names.some((name) => name in value))
    throw new Error(english`it is no list, and no object with a list for ${names.join(', ')}.`);
  return value as Values;
}

function usable<T>(path: string, line: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new InputError(
      english`Line ${line} of ${path} cannot be used: ${error instanceof Error ? error.message : error}`,
    );
  }
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
