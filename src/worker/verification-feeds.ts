import { isFloat } from '../core/graph/data-type.ts';
import type { Model } from '../core/graph/model.ts';
import { fromNumbers, toNumbers } from '../core/tensor/convert.ts';
import type { Feeds } from '../core/verify/verify-models.ts';
import { InputError, makeInputs } from './inputs.ts';
import { symbolicDims } from './symbolic-dims.ts';

export interface FeedOptions {
  readonly dims: Readonly<Record<string, number>>;
  /** Sizes that are usual for this model, of dimensions that are free. */
  readonly usualDims?: Readonly<Record<string, number>> | undefined;
  readonly seed: number;
  /** The user's own data, which comes first. */
  readonly path?: string | undefined;
  /** Sizes of free symbols are this many times what is usual; for models that refuse small ones. Default 1. */
  readonly enlarge?: number;
}

/** What becomes of float inputs drawn evenly from 0 to 1: as they are, around zero, and as large as pixels. */
const distributions: readonly ((uniform: number) => number)[] = [
  (uniform) => uniform,
  (uniform) => (uniform - 0.5) * 6,
  (uniform) => uniform * 255,
];

/**
 * Inputs to compare two models on: three seeds, each with another distribution, the second of them also at another size
 * of every symbolic dimension that the user has not set. That one comes second: a model that takes long runs on the
 * first two only, which differ in both. Each is made when it is asked for. Rejects with `InputError` when inputs cannot
 * be made.
 */
export async function* verificationFeeds(
  model: Model,
  { dims: given, usualDims = {}, seed, path, enlarge = 1 }: FeedOptions,
): AsyncGenerator<Feeds> {
  const free = symbolicDims(model)
    .filter(({ name }) => !Object.hasOwn(given, name))
    .map(({ name, suggestion }) => ({ name, usual: usualDims[name] ?? suggestion }));
  const sized = (size: (suggestion: number) => number) => ({
    ...given,
    ...Object.fromEntries(
      free.map(({ name, usual }) => [name, size(usual > 1 ? Math.max(1, Math.round(usual * enlarge)) : 1)]),
    ),
  });
  const dims = sized((size) => size);
  if (path !== undefined) {
    const { feeds: own } = await makeInputs(model, { dims, seed, path });
    for (const each of own) yield new Map(Object.entries(each));
  }
  yield await makeFeed(model, dims, seed, 0);
  if (free.length > 0) {
    const other = await makeFeed(model, sized(otherSize), seed + 11, 1).catch((error: unknown) => {
      if (error instanceof InputError) return undefined;
      throw error;
    });
    if (other) yield other;
  }
  for (const index of [1, 2]) yield await makeFeed(model, dims, seed + index, index);
}

/** Another size that a model is likely to take: pictures stay a multiple of what they were. */
function otherSize(size: number): number {
  if (size <= 1) return 2;
  return size < 64 ? size - 1 : Math.ceil(size / 2);
}

async function makeFeed(
  model: Model,
  dims: Readonly<Record<string, number>>,
  seed: number,
  distribution: number,
): Promise<Feeds> {
  const { feeds, described } = await makeInputs(model, { dims, seed });
  const feed = new Map(Object.entries(feeds[0]!));
  for (const { name, source } of described) {
    const value = feed.get(name)!;
    if (distribution === 0 || !isFloat(value.dtype) || !source.startsWith('uniform')) continue;
    const numbers = toNumbers(value.dtype, value.bytes).map(distributions[distribution]!);
    feed.set(name, { ...value, bytes: fromNumbers(value.dtype, numbers) });
  }
  return feed;
}
