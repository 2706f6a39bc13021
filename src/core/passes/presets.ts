import { assertUnreachable } from '../assert.ts';
import { english } from '../english.ts';
import { catalog } from './catalog.ts';
import type { Pass } from './pass.ts';

export type Preset = 'exact' | 'default' | 'aggressive';

/** Passes that pay off only on some machines, make nothing faster by themselves, or change the model's operator sets: they run when asked for. */
const onRequest: ReadonlySet<string> = new Set(['raise-opset', 'sort-nodes']);
const onlyAggressive: ReadonlySet<string> = new Set(['fuse-tanh-gelu', 'merge-sibling-matmul', 'slices-to-split']);

/** The passes of a preset, in catalog order. `exact`: bit-equal outputs only; `default`: rounding may move, too. */
export function presetPasses(preset: Preset): readonly Pass[] {
  const offered = catalog.filter(({ name, exactness }) => exactness !== 'lossy' && !onRequest.has(name));
  switch (preset) {
    case 'exact':
      return offered.filter(({ exactness }) => exactness === 'exact');
    case 'default':
      return offered.filter(({ name }) => !onlyAggressive.has(name));
    case 'aggressive':
      return offered;
    default:
      return assertUnreachable(preset);
  }
}

/** A name that no pass has was asked for; the message lists those there are. */
export class UnknownPassError extends Error {
  override readonly name = 'UnknownPassError';
}

/**
 * The passes of a preset, or those named in `only`, without those in `skip`; `raise-opset` too when there is a target.
 * Throws `UnknownPassError`.
 */
export function selectPasses(
  preset: Preset,
  only: readonly string[] | undefined,
  skip: readonly string[] = [],
  targetOpset?: number,
): readonly Pass[] {
  for (const name of [...(only ?? []), ...skip]) {
    if (!catalog.some((pass) => pass.name === name)) {
      throw new UnknownPassError(
        english`There is no pass ${name}. There are: ${catalog.map((pass) => pass.name).join(', ')}.`,
      );
    }
  }
  const chosen = new Set(only ?? presetPasses(preset).map(({ name }) => name));
  // Who gives a target has asked for the pass.
  if (targetOpset !== undefined) chosen.add('raise-opset');
  return catalog.filter(({ name }) => chosen.has(name) && !skip.includes(name));
}
