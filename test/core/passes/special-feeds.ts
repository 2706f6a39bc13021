import { isFloat } from '../../../src/core/graph/data-type.ts';
import type { Model } from '../../../src/core/graph/model.ts';
import { fromNumbers, toNumbers } from '../../../src/core/tensor/convert.ts';
import type { Feeds } from '../../../src/core/verify/verify-models.ts';
import { symbolicDims } from '../../../src/worker/symbolic-dims.ts';
import { verificationFeeds } from '../../../src/worker/verification-feeds.ts';

/** What random numbers never are: infinite, no number, a signed zero, below the least normal float, the largest. */
const special = [
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  -0,
  0,
  1e-40,
  -1e-40,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  1,
  -1.5,
];

/** Inputs of special floats, at every place each, and inputs with no element where a size is free. */
export async function* specialFeeds(model: Model): AsyncGenerator<Feeds> {
  const usual = await firstFeed(model, {});
  for (const shift of special.keys()) {
    const feed = new Map(usual);
    let at = shift;
    for (const [name, value] of usual) {
      if (!isFloat(value.dtype)) continue;
      const numbers = toNumbers(value.dtype, value.bytes).map(() => special[at++ % special.length]!);
      feed.set(name, { ...value, bytes: fromNumbers(value.dtype, numbers) });
    }
    yield feed;
  }
  const free = symbolicDims(model).map(({ name }) => name);
  for (const empty of free) yield await firstFeed(model, { [empty]: 0 });
}

async function firstFeed(model: Model, dims: Readonly<Record<string, number>>): Promise<Feeds> {
  for await (const feed of verificationFeeds(model, { dims, seed: 1 })) return feed;
  throw new Error('The model has no inputs to make.');
}
