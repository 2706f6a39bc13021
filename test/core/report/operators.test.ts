import { expect, test } from 'vitest';
import { operatorSummary } from '../../../src/core/report/operators.ts';

test('an operator is known by its domain, however that of ONNX is written', () => {
  expect(operatorSummary('ai.onnx', 'Conv')).toEqual(operatorSummary('', 'Conv'));
  expect(operatorSummary('com.microsoft', 'Gelu')).not.toBe(operatorSummary('', 'Gelu'));
  expect(operatorSummary('ai.onnx.ml', 'Scaler')).toMatch(/feature/);
});

test('what is no operator of a known domain has no summary, whatever a file calls its own', () => {
  for (const [domain, opType] of [
    ['my.domain', 'Conv'],
    ['com.microsoft', 'Conv'],
    ['', 'constructor'],
    ['', '__proto__'],
    ['__proto__', 'toString'],
    ['', ''],
  ] as const)
    expect(operatorSummary(domain, opType)).toBeUndefined();
});
