import type { Problem } from '../problem.ts';
import { deadNodes } from './dead-nodes.ts';
import { doublePrecision } from './double-precision.ts';
import { doubleQuantization } from './double-quantization.ts';
import { dynamicConvolution } from './dynamic-convolution.ts';
import { float16Overflow } from './float16-overflow.ts';
import { isolatedQuantization } from './isolated-quantization.ts';
import { operatorSetRange } from './operator-set-range.ts';
import { opsetWithoutChannels } from './opset-without-channels.ts';
import { overridableInitializers } from './overridable-initializers.ts';
import type { Inspected, Rule } from './rule.ts';
import { trainingMode } from './training-mode.ts';
import { unknownOperators } from './unknown-operators.ts';
import { unusedInitializers } from './unused-initializers.ts';
import { withoutKernel } from './without-kernel.ts';

/** Every rule there is, the graver ones first. */
export const rules: readonly Rule[] = [
  unknownOperators,
  withoutKernel,
  operatorSetRange,
  overridableInitializers,
  doubleQuantization,
  float16Overflow,
  dynamicConvolution,
  trainingMode,
  doublePrecision,
  isolatedQuantization,
  opsetWithoutChannels,
  deadNodes,
  unusedInitializers,
];

/** What the rules find in a model. Each looks at every node once and reads no weights. */
export function findRuleProblems(inspected: Inspected): readonly Problem[] {
  return rules.flatMap(({ code, severity, fix, check }) =>
    check(inspected).map((finding) => ({ severity, code, ...finding, ...(fix === undefined ? {} : { fix }) })),
  );
}
