import type { Rule } from './operation.ts';
import { contribRules } from './operators/contrib.ts';
import { convolutionRules } from './operators/convolution.ts';
import { elementwiseRules } from './operators/elementwise.ts';
import { generatorRules } from './operators/generators.ts';
import { imageRules } from './operators/image.ts';
import { indexingRules } from './operators/indexing.ts';
import { matMulRules } from './operators/matmul.ts';
import { mlRules } from './operators/ml.ts';
import { normalizationRules } from './operators/normalization.ts';
import { quantizationRules } from './operators/quantization.ts';
import { recurrentRules } from './operators/recurrent.ts';
import { reductionRules } from './operators/reduction.ts';
import { sequenceRules } from './operators/sequence.ts';
import { shapeRules } from './operators/shape-ops.ts';

const byDomain: ReadonlyMap<string, ReadonlyMap<string, Rule>> = new Map(
  Object.entries({
    '': {
      ...elementwiseRules,
      ...shapeRules,
      ...indexingRules,
      ...convolutionRules,
      ...matMulRules,
      ...reductionRules,
      ...normalizationRules,
      ...recurrentRules,
      ...generatorRules,
      ...imageRules,
      ...quantizationRules,
      ...sequenceRules,
      // ONNX Runtime's fusions write this one into the default domain.
      SimplifiedLayerNormalization: contribRules.SimplifiedLayerNormalization!,
    },
    'ai.onnx.ml': mlRules,
    'com.microsoft': contribRules,
  }).map(([domain, rules]) => [domain, new Map(Object.entries(rules))]),
);

/** The shape rule of an operator; undefined when none is known. Operators with bodies are in `operators/control-flow.ts`. */
export function ruleOf(domain: string, opType: string): Rule | undefined {
  return byDomain.get(domain)?.get(opType);
}

/** Operators of a domain that have a rule. */
export function operatorsOf(domain: string): readonly string[] {
  return [...(byDomain.get(domain)?.keys() ?? [])];
}
