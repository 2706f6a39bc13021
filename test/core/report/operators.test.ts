import { expect, test } from 'vitest';
import { operatorNote, sinceVersion } from '../../../src/core/report/operators.ts';

test('an operator has the form of the newest set that is not newer than the model’s', () => {
  const note = operatorNote('', 'Softmax')!;
  expect(note.versions).toEqual([1, 11, 13]);
  expect([0, 1, 12, 13, 21].map((opset) => sinceVersion(note, opset))).toEqual([undefined, 1, 11, 13, 13]);
});

test('only operators of ONNX itself have a note, whatever a file calls its own', () => {
  expect(operatorNote('ai.onnx', 'Conv')).toEqual(operatorNote('', 'Conv'));
  for (const [domain, opType] of [
    ['com.microsoft', 'Conv'],
    ['', 'constructor'],
    ['', '__proto__'],
    ['', ''],
  ] as const)
    expect(operatorNote(domain, opType)).toBeUndefined();
});
