import { english } from '../english.ts';
import { intAttribute } from '../graph/attribute.ts';
import { everyNode, type Rule, summarized } from './rule.ts';

export const trainingMode: Rule = {
  code: 'training-mode',
  title: 'Nodes in training mode',
  severity: 'warning',
  documentation:
    'BatchNormalization in training mode takes its statistics from the batch at hand, so results depend on what else is in the batch, and it cannot be fused into a convolution. Export the model in evaluation mode.',
  check: (inspected) => {
    const found = [];
    for (const { node } of everyNode(inspected)) {
      if (node.opType === 'BatchNormalization' && intAttribute(node, 'training_mode', 0) !== 0) found.push(node);
    }
    return summarized(found, (nodes) => english`${nodes} is in training mode. Export the model in evaluation mode.`);
  },
};
