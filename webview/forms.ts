import { type Signal, signal } from '@preact/signals';
import type { OptimizationLevel } from '../src/core/evaluator.ts';
import type { NodeId } from '../src/core/graph/model.ts';
import type { DocumentState } from '../src/protocol/webview.ts';

/** What the user has filled in, kept while panels come and go. */
export interface Forms {
  readonly profile: Signal<{ readonly runs: number; readonly warmup: number; readonly level: OptimizationLevel }>;
  readonly optimize: Signal<{
    readonly preset: 'exact' | 'default' | 'aggressive';
    readonly skip: readonly string[];
    readonly verify: boolean;
    readonly measure: boolean;
  }>;
  readonly quantize: Signal<{
    readonly scheme: string;
    readonly data: 'files' | 'random';
    readonly calibration: string;
    readonly method: string;
    readonly perChannel: boolean;
    readonly exclude: readonly NodeId[];
    readonly labelled: string;
    readonly verify: boolean;
    readonly measure: boolean;
  }>;
  readonly compare: Signal<{ readonly a: number | null; readonly b: number | null; readonly measure: boolean }>;
}

/** Forms with the defaults that suit most models. */
export function createForms(): Forms {
  return {
    profile: signal({ runs: 0, warmup: -1, level: 'all' as const }),
    optimize: signal({ preset: 'default' as const, skip: [], verify: true, measure: true }),
    quantize: signal({
      scheme: 'dynamic-int8',
      data: 'files' as const,
      calibration: '',
      method: 'minmax',
      perChannel: true,
      exclude: [],
      labelled: '',
      verify: true,
      measure: true,
    }),
    compare: signal({ a: null, b: null, measure: true }),
  };
}

/** Fills in what the user's settings say, before anything was changed by hand. */
export function fillIn(forms: Forms, { profile, transform }: DocumentState['defaults']): void {
  const { preset, verify, measure } = transform;
  forms.profile.value = profile;
  forms.optimize.value = { ...forms.optimize.value, preset, verify, measure };
  forms.quantize.value = { ...forms.quantize.value, verify, measure };
  forms.compare.value = { ...forms.compare.value, measure };
}
