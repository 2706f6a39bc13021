import { expect, test } from 'vitest';
import { cleanMessage } from '../../src/runtime/error-message.ts';

// Texts that ONNX Runtime 1.30.0 gives, and what a person should read.
const cases: readonly [raw: string, clean: string][] = [
  [
    'Load model from /models/a.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:181 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::IOnnxRuntimeOpSchemaRegistryList*, const onnxruntime::logging::Logger&, const onnxruntime::ModelOptions&) Unsupported model IR version: 99, max supported IR version: 11\n',
    'Load model from /models/a.onnx failed: Unsupported model IR version: 99, max supported IR version: 11',
  ],
  [
    "Non-zero status code returned while running Reshape node. Name:'r' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:47 onnxruntime::ReshapeHelper::ReshapeHelper(const onnxruntime::TensorShape&, onnxruntime::TensorShapeVector&, bool) input_shape_size == size was false. The input tensor cannot be reshaped to the requested shape. Input shape:{2,3}, requested shape:{4}\n",
    'Reshape node r failed while running: input_shape_size == size was false. The input tensor cannot be reshaped to the requested shape. Input shape:{2,3}, requested shape:{4}',
  ],
  [
    "[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : Could not find an implementation for ConvInteger(10) node with name 'c'",
    "Could not find an implementation for ConvInteger(10) node with name 'c'",
  ],
  [
    'D:\\a\\_work\\1\\s\\onnxruntime\\core\\session\\session.cc:12 onnxruntime::Session::Run Failed at 0x7f3c2a10bd20',
    'Failed at (address)',
  ],
  [
    "Non-zero status code returned while running If node. Name:'If_0' Status Message: Non-zero status code returned while running Pad node. Name:'then/Pad' Status Message: Pad reflect: post-pad (64) exceeds maximum allowed (31) for axis 1. Input shape:{1,32}",
    'Pad node then/Pad failed while running: Pad reflect: post-pad (64) exceeds maximum allowed (31) for axis 1. Input shape:{1,32}',
  ],
  ['std::bad_alloc', 'std::bad_alloc'],
];

test.each(cases)('%s', (raw, clean) => {
  expect(cleanMessage(raw)).toBe(clean);
});

test('a message that is all noise stays readable', () => {
  expect(cleanMessage('boom\nStacktrace:\n  frame one\n  frame two')).toBe('boom');
});
