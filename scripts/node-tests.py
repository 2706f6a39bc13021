"""Writes the ONNX node tests to stdout: one message a case, its fields 1 name, 2 model, 3 inputs, 4 expected outputs.

Inputs and outputs are `TensorProto`, and left out where they are no tensors or take more than `sys.argv[1]` bytes.
"""

import sys

import numpy
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases


def varint(value):
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensors(number, values):
    for value in values:
        tensor = value if isinstance(value, TensorProto) else numpy_helper.from_array(numpy.asarray(value))
        yield field(number, tensor.SerializeToString())


most = int(sys.argv[1])
for case in sorted(collect_testcases(None), key=lambda each: each.name):
    data = b""
    inputs, outputs = case.data_sets[0] if case.data_sets else ([], [])
    values = [*inputs, *outputs]
    if values and all(isinstance(each, (TensorProto, numpy.ndarray, numpy.generic)) for each in values):
        data = b"".join([*tensors(3, inputs), *tensors(4, outputs)])
    content = field(1, case.name.encode()) + field(2, case.model.SerializeToString())
    sys.stdout.buffer.write(field(1, content + (data if len(data) <= most else b"")))
