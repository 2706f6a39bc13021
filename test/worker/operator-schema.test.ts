import { expect, test } from 'vitest';
import { operatorSchema, slotAt } from '../../src/worker/operator-schema.ts';

test('the form in force is the newest that is not newer than the operator set', async () => {
  const sinceAt = async (opset: number) => (await operatorSchema('', 'Softmax', opset))?.since;
  expect([await sinceAt(1), await sinceAt(12), await sinceAt(13), await sinceAt(24)]).toEqual([1, 11, 13, 13]);
  expect((await operatorSchema('', 'Softmax', 13))!.versions).toEqual([1, 11, 13]);
  expect(await sinceAt(0)).toBeUndefined();
  expect(await operatorSchema('', 'Gelu', 19)).toBeUndefined();
});

test('inputs have names and types, attributes their defaults', async () => {
  const conv = (await operatorSchema('ai.onnx', 'Conv', 11))!;
  expect(conv.inputs.map(({ name, optional }) => [name, optional])).toEqual([
    ['X', false],
    ['W', false],
    ['B', true],
  ]);
  expect(conv.inputs[0]!.types).toEqual(['float16', 'float32', 'float64']);
  expect(conv.attributes.get('group')).toEqual({ type: 'int', required: false, default: '1' });
  expect(conv.attributes.get('auto_pad')!.default).toBe('NOTSET');
  expect(conv.attributes.get('strides')!.default).toBeNull();
  expect((await operatorSchema('', 'Concat', 13))!.attributes.get('axis')).toMatchObject({ required: true });
});

test('the last slot of some operators stands for many', async () => {
  const { inputs, outputs } = (await operatorSchema('', 'Concat', 13))!;
  expect(slotAt(inputs, 7)?.name).toBe(inputs[0]!.name);
  expect(slotAt(outputs, 1)).toBeUndefined();
});

test('ONNX Runtime’s own operators and those for machine learning are known, what is not declared is not', async () => {
  const fused = await operatorSchema('com.microsoft', 'FusedConv', 1);
  expect(fused!.attributes.get('group')!.default).toBe('1');
  expect(await operatorSchema('ai.onnx.ml', 'Scaler', 1)).toBeDefined();
  for (const [domain, opType] of [
    ['my.domain', 'Conv'],
    ['', 'constructor'],
    ['', '__proto__'],
    ['__proto__', 'toString'],
  ] as const)
    expect(await operatorSchema(domain, opType, 20)).toBeUndefined();
});
