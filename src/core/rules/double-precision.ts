import { english } from '../english.ts';
import { everyNode, type Rule, summarized } from './rule.ts';

const heavy = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'Einsum', 'LSTM', 'GRU', 'RNN']);

export const doublePrecision: Rule = {
  code: 'double-precision',
  title: 'Computation in float64',
  severity: 'warning',
  documentation:
    'The model multiplies in double precision: twice the memory and less than half the speed of float32, and no scheme quantizes it. Most often a constant of the training code was a Python float. Export in float32.',
  check: (inspected) => {
    const found = [];
    for (const { graph, node } of everyNode(inspected)) {
      if (heavy.has(node.opType) && inspected.facts.of(graph, node.outputs[0] ?? '').dtype === 'float64')
        found.push(node);
    }
    return summarized(found, (nodes) => english`${nodes} computes in float64. Export the model in float32.`);
  },
};
