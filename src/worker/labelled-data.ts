import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { english } from '../core/english.ts';
import { type Evaluator, RuntimeError, type TensorValue } from '../core/evaluator.ts';
import { elementCount } from '../core/graph/data-type.ts';
import type { Model } from '../core/graph/model.ts';
import { toNumbers } from '../core/tensor/convert.ts';
import { batchSymbol, openSamples, type SampleData } from './calibration-data.ts';
import { readInputFiles } from './input-files.ts';
import { InputError } from './inputs.ts';
import { openNpz } from './sample-arrays.ts';

/** Data with answers: `labels` holds the right class of each sample. */
export interface LabelledData {
  readonly data: SampleData;
  readonly labels: Float64Array | Float32Array;
}

/** Samples that go through a model at a time when its batch is free. */
const batch = 25;

/** Opens an `.npz` (or a folder of `.npy`) with one array an input and `labels`, whose first axis is the sample. Rejects with `InputError`. */
export async function openLabelled(
  model: Model,
  path: string,
  dims: Readonly<Record<string, number>>,
): Promise<LabelledData> {
  const folder = await stat(path).catch(() => undefined);
  const file = folder?.isDirectory() ? join(path, 'evaluation.npz') : path;
  const source = folder?.isDirectory() && !(await stat(file).catch(() => undefined)) ? path : file;
  const labels =
    extname(source) === '.npz'
      ? await (await openNpz(source)).get('labels')?.all()
      : (await readInputFiles(source, []))[0]?.labels;
  if (!labels)
    throw new InputError(english`${source} has no array named "labels". Add one with the right class of each sample.`);
  const symbol = batchSymbol(model);
  const free = symbol === undefined ? dims : { ...dims, [symbol]: batch };
  const data = await openSamples(model, source, { dims: free, batch: symbol === undefined ? 1 : batch });
  return { data, labels: toNumbers(labels.dtype, labels.bytes, elementCount(labels.dims)) };
}

/** The share of samples whose class is right: the highest element along the last axis of the first output. */
export async function accuracy(
  model: Model,
  { data, labels }: LabelledData,
  {
    evaluator,
    signal,
    onProgress,
  }: { evaluator: Evaluator; signal?: AbortSignal; onProgress?: (fraction: number) => void },
): Promise<{ readonly share: number; readonly samples: number }> {
  const output = model.graph.outputs[0]?.name;
  if (output === undefined) throw new InputError(english`The model has no output to judge.`);
  let right = 0;
  let at = 0;
  let done = 0;
  for await (const feed of data.feeds()) {
    signal?.throwIfAborted();
    const [results] = await evaluator.run({
      model,
      feeds: [feed],
      outputs: [output],
      level: 'all',
      signal,
    });
    for (const found of classes(results!.get(output)!)) if (found === labels[at++]) right++;
    onProgress?.(++done / data.count);
  }
  if (at === 0 || at > labels.length) {
    throw new RuntimeError(
      english`The model gives ${at} answers for ${labels.length} labels; the first axis of its output must be the sample.`,
    );
  }
  return { share: right / at, samples: at };
}

function classes({ dtype, dims, bytes }: TensorValue): number[] {
  const width = dims.at(-1) ?? 1;
  const values = toNumbers(dtype, bytes, elementCount(dims));
  const found: number[] = [];
  for (let start = 0; start + width <= values.length; start += width) {
    let best = 0;
    for (let index = 1; index < width; index++) if (values[start + index]! > values[start + best]!) best = index;
    found.push(best);
  }
  return found;
}
