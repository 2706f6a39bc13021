import { english } from '../english.ts';
import type { Rule } from './rule.ts';

export const opsetWithoutChannels: Rule = {
  code: 'opset-without-channels',
  title: 'Operator set too old for per-channel quantization',
  severity: 'info',
  documentation:
    'QuantizeLinear and DequantizeLinear take one scale a channel since operator set 13. An older model can be quantized with one scale a tensor only, which costs accuracy, above all for depthwise convolutions. Raise the operator set to 13 or later first.',
  fix: 'raise-opset',
  check: ({ draft }) => {
    const version = draft.opsets.get('');
    const quantizable = draft.main.nodes().some(({ opType }) => ['Conv', 'Gemm', 'MatMul'].includes(opType));
    if (version === undefined || version >= 13 || !quantizable) return [];
    return [
      {
        message: english`Operator set ${version} is too old for per-channel quantization, which needs 13. Raise it with the pass raise-opset, or export the model with a newer one.`,
      },
    ];
  },
};
