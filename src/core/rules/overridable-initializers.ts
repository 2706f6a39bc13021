import { english } from '../english.ts';
import type { Rule } from './rule.ts';

export const overridableInitializers: Rule = {
  code: 'overridable-initializers',
  title: 'Weights that a caller may replace',
  severity: 'warning',
  documentation:
    'These initializers are graph inputs as well, so a caller may give other values. ONNX Runtime must then treat them as unknown: it folds and fuses nothing that depends on them, which can cost most of the speed. Exporters of old did this without meaning it.',
  fix: 'freeze-initializers',
  check: ({ draft }) => {
    const { model } = draft;
    // Below IR 4 every initializer had to be an input and is a constant all the same.
    if (model.irVersion < 4) return [];
    const both = model.graph.inputs.filter(({ name }) => model.graph.initializers.has(name));
    if (both.length === 0) return [];
    const { name } = both[0]!;
    const named = both.length > 1 ? english`${name} and ${both.length - 1} more` : name;
    return [
      {
        message: english`The initializer ${named} can be overridden by a caller, which keeps ONNX Runtime from fusing. Make them constants unless you need that.`,
      },
    ];
  },
};
