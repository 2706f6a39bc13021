import { english } from '../core/english.ts';
import { Draft } from '../core/graph/draft.ts';
import type { Model } from '../core/graph/model.ts';
import { meaninglessSymbols } from '../core/shapes/infer.ts';
import { requiredInputs } from './symbolic-dims.ts';

/**
 * What a result relies on when a model's inputs have dimensions of the same name: by the specification they are equal, and
 * the size is read from one of them. A sentence for each such name; exporters give names to sizes that differ, too.
 */
export function sharedSizes(before: Model, after: Model): readonly string[] {
  const [was, still] = [sizesReadFrom(before), sizesReadFrom(after)];
  const owners = new Map<string, string[]>();
  for (const { name, type } of requiredInputs(before)) {
    if (type?.kind !== 'tensor') continue;
    for (const dim of new Set(type.shape)) {
      if (typeof dim === 'string' && !meaninglessSymbols.has(dim)) owners.set(dim, [...(owners.get(dim) ?? []), name]);
    }
  }
  return [...owners].flatMap(([symbol, inputs]) => {
    const kept = inputs.find((input) => still.has(input));
    const gone = inputs.filter((input) => was.has(input) && !still.has(input));
    if (kept === undefined || gone.length === 0) return [];
    const some = `${gone.slice(0, 3).join(', ')}${gone.length > 3 ? ', …' : ''}`;
    return [
      english`${symbol} is read from ${kept} alone, and taken to be the same in ${some}, whose name for it is the same.`,
    ];
  });
}

/** Inputs of the graph whose sizes are computed with: a Shape reads a value that is made from that input only. */
function sizesReadFrom(model: Model): ReadonlySet<string> {
  const sources = new Map<string, ReadonlySet<string>>(
    requiredInputs(model).map(({ name }) => [name, new Set([name])]),
  );
  const read = new Set<string>();
  for (const { opType, inputs, outputs } of new Draft(model).main.nodes()) {
    const from = new Set(inputs.flatMap((input) => [...(sources.get(input) ?? [])]));
    if (opType === 'Shape' && from.size === 1) for (const input of from) read.add(input);
    for (const output of outputs) sources.set(output, from);
  }
  return read;
}
