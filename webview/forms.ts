import { type Signal, signal } from '@preact/signals';
import type { OptimizationLevel } from '../src/core/evaluator.ts';
import type { SweepAxes } from '../src/core/profile/sweep.ts';
import { parseNumbers } from '../src/core/report/format.ts';
import type { DocumentState } from '../src/protocol/webview.ts';
import { plainQuantization, type QuantizeFields } from './quantize-fields.ts';

/** What the user has filled in, kept while panels come and go. */
export interface Forms {
  readonly profile: Signal<{ readonly runs: number; readonly warmup: number; readonly level: OptimizationLevel }>;
  /** Values with commas between, as typed. */
  readonly sweep: Signal<{
    readonly threads: string;
    readonly dims: Readonly<Record<string, string>>;
    readonly everyLevel: boolean;
  }>;
  readonly optimize: Signal<{
    readonly preset: 'exact' | 'default' | 'aggressive';
    readonly skip: readonly string[];
    readonly verify: boolean;
    readonly measure: boolean;
  }>;
  readonly quantize: Signal<QuantizeFields>;
  readonly compare: Signal<{ readonly a: number | null; readonly b: number | null; readonly measure: boolean }>;
}

/** Forms with the defaults that suit most models. */
export function createForms(): Forms {
  return {
    profile: signal({ runs: 0, warmup: -1, level: 'all' as const }),
    sweep: signal({ threads: '1, 2, 4', dims: {}, everyLevel: false }),
    optimize: signal({ preset: 'default' as const, skip: [], verify: true, measure: true }),
    quantize: signal(plainQuantization),
    compare: signal({ a: null, b: null, measure: true }),
  };
}

/** What a sweep tries; `wrong` names the fields that hold no list of whole numbers. */
export function sweepAxes(
  { threads, dims, everyLevel }: Forms['sweep']['value'],
  symbolicDims: DocumentState['symbolicDims'],
): { readonly axes: SweepAxes; readonly wrong: readonly string[] } {
  const wrong: string[] = [];
  const numbers = (name: string, text: string) => {
    const parsed = parseNumbers(text);
    if (!parsed) wrong.push(name);
    return parsed ?? [];
  };
  const sizes = symbolicDims
    .map(({ name }) => [name, dims[name]?.trim()] as const)
    .filter((each): each is readonly [string, string] => Boolean(each[1]));
  const axes = {
    threads: numbers('Threads', threads),
    dims: Object.fromEntries(sizes.map(([name, text]) => [name, numbers(name, text)])),
    ...(everyLevel ? { level: ['disabled', 'basic', 'extended', 'all'] as const } : {}),
  };
  return { axes, wrong };
}

/** Fills in what the user's settings say, before anything was changed by hand. */
export function fillIn(forms: Forms, { profile, transform }: DocumentState['defaults']): void {
  const { preset, verify, measure } = transform;
  forms.profile.value = profile;
  forms.optimize.value = { ...forms.optimize.value, preset, verify, measure };
  forms.quantize.value = { ...forms.quantize.value, verify, measure };
  forms.compare.value = { ...forms.compare.value, measure };
}
