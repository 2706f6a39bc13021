import { describe, expect, test } from 'vitest';
import { tritonConfig } from '../../../src/core/export/triton.ts';
import { exported, measured, value } from './exported-model.ts';
import { modelConfig, parseTextFormat } from './text-format.ts';

const config = (...parts: Parameters<typeof exported>) =>
  parseTextFormat(tritonConfig(exported(...parts)), modelConfig);

describe('config.pbtxt', () => {
  test('has values without their batch, and what was measured best', () => {
    expect(config({ measured: measured() })).toEqual({
      name: 'classifier',
      backend: 'onnxruntime',
      default_model_filename: 'model.onnx',
      max_batch_size: 16,
      input: [{ name: 'image', data_type: 'TYPE_FP32', dims: [3, 224, 224] }],
      output: [{ name: 'scores', data_type: 'TYPE_FP32', dims: [1000] }],
      dynamic_batching: { preferred_batch_size: [8] },
      instance_group: [{ count: 1, kind: 'KIND_CPU' }],
      optimization: { graph: { level: 1 } },
      parameters: [
        { key: 'intra_op_thread_count', value: { string_value: '4' } },
        { key: 'opscope_version', value: { string_value: '0.1.0' } },
        { key: 'opscope_model_sha256', value: { string_value: 'ab'.repeat(32) } },
      ],
    });
  });

  test('asks for no batching when a value has no batch dimension, and keeps all dims then', () => {
    const { max_batch_size, dynamic_batching, input, output } = config({
      inputs: [value('ids', 'int64', 'N', 'length'), value('length', 'int64')],
    });
    expect(max_batch_size).toBe(0);
    expect(dynamic_batching).toBeUndefined();
    expect(input).toEqual([
      { name: 'ids', data_type: 'TYPE_INT64', dims: [-1, -1] },
      { name: 'length', data_type: 'TYPE_INT64', dims: [1], reshape: { shape: [] } },
    ]);
    expect(output).toEqual([{ name: 'scores', data_type: 'TYPE_FP32', dims: [-1, 1000] }]);
  });

  test('carries one number a sample as one element', () => {
    expect(config({ outputs: [value('score', 'float32', 'N')] }).output).toEqual([
      { name: 'score', data_type: 'TYPE_FP32', dims: [1], reshape: { shape: [] } },
    ]);
  });

  test('takes one symbol for another only when they are the same', () => {
    expect(config({ outputs: [value('boxes', 'float32', 'boxes', 4)] }).max_batch_size).toBe(0);
    expect(config({ outputs: [value('boxes', 'float32', '?', 4)] }).max_batch_size).toBe(0);
  });

  test.each([
    ['disabled', { level: 2 }],
    ['basic', { level: -1 }],
    ['all', undefined],
  ] as const)('maps optimization level %s', (level, graph) => {
    const { optimization } = config({ measured: measured({ level }) });
    expect(optimization).toEqual(graph && { graph });
  });

  test('puts a measured TensorRT on the GPU', () => {
    const { instance_group, optimization } = config({ measured: measured({ provider: 'tensorrt', level: 'basic' }) });
    expect(instance_group).toEqual([{ count: 1, kind: 'KIND_GPU' }]);
    expect(optimization).toEqual({
      graph: { level: -1 },
      execution_accelerators: { gpu_execution_accelerator: [{ name: 'tensorrt' }] },
    });
  });

  test('names survive quotes, line breaks and letters beyond ASCII', () => {
    const name = 'a "b"\\\n# ñ 日';
    expect(config({ inputs: [value(name, 'float32', 'N', 1)] }).input).toMatchObject([{ name }]);
  });

  test('refuses what Triton cannot carry, and says why', () => {
    expect(() => config({ inputs: [value('x', 'int4', 2)] })).toThrow(
      'Triton cannot carry x: it has no type for int4.',
    );
    expect(() => config({ inputs: [{ name: 'x', dtype: 'float32', shape: null }] })).toThrow('rank');
    expect(() => config({ inputs: [value('x', 'float32', 0)] })).toThrow('size 0');
  });
});
