import { english } from '../english.ts';
import type { Rule } from './rule.ts';

/** What ONNX Runtime 1.30 states: operator sets from 7 have full support. */
const oldest = 7;

export const operatorSetRange: Rule = {
  code: 'operator-set-range',
  title: 'Operator set that ONNX Runtime does not promise to run',
  severity: 'warning',
  documentation:
    'ONNX Runtime promises compatibility from operator set 7 on. Older models may load, and single operators of them may be missing or mean something else.',
  check: ({ draft }) => {
    const version = draft.opsets.get('');
    if (version === undefined || version >= oldest) return [];
    return [
      {
        message: english`Operator set ${version} is older than ${oldest}, from which on ONNX Runtime supports all operators.`,
      },
    ];
  },
};
