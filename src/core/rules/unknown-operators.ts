import { english } from '../english.ts';
import type { Node } from '../graph/model.ts';
import { bodyRules } from '../shapes/operators/control-flow.ts';
import { operatorsOf } from '../shapes/registry.ts';
import { everyNode, type Rule, summarized } from './rule.ts';

const standard: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['', new Set([...operatorsOf(''), ...Object.keys(bodyRules), 'FusedConv'])],
  ['ai.onnx.ml', new Set(operatorsOf('ai.onnx.ml'))],
]);

/** Domains that ONNX Runtime brings along, whose operators are not all listed here. */
const bundled = /^(?:com\.microsoft|com\.ms\.internal|ai\.onnx\.(?:training|preview|contrib)|org\.pytorch\.aten)/;

export const unknownOperators: Rule = {
  code: 'unknown-operators',
  title: 'Operators that ONNX Runtime does not have',
  severity: 'warning',
  documentation:
    'The operator belongs neither to ONNX nor to ONNX Runtime, and the model defines no function for it. It runs only where a library with the operator is registered; here its shapes and cost are unknown.',
  check: (inspected) => {
    const functions = new Set(inspected.draft.model.functions.map(({ domain, name }) => `${domain}\0${name}`));
    const byOperator = new Map<string, Node[]>();
    for (const { node } of everyNode(inspected)) {
      const { domain, opType } = node;
      if (functions.has(`${domain}\0${opType}`) || bundled.test(domain) || standard.get(domain)?.has(opType)) continue;
      const key = `${domain}\0${opType}`;
      const nodes = byOperator.get(key);
      if (nodes) nodes.push(node);
      else byOperator.set(key, [node]);
    }
    return [...byOperator.values()].flatMap((nodes) =>
      summarized(nodes, (named, first) => {
        const domain = first.domain || 'ai.onnx';
        return english`${named} needs the operator ${domain}.${first.opType}, which ONNX Runtime does not have. Register a library with it to run the model.`;
      }),
    );
  },
};
