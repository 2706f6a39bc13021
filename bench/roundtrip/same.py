"""Compares copies of models with their originals through the official library: reads lines `original<TAB>copy`.

Prints one JSON object: pairs, files the library cannot read itself, pairs whose fields differ, pairs of which the
checker accepts one and refuses the other. What means the same counts as the same: weights in external files and in the model,
elements in typed fields and as raw bytes, a field that says its default and one that is not there, the two names of the
default domain, a dimension below 0 and one that is not known.
"""
import json
import os
import sys

import onnx
from onnx.external_data_helper import load_external_data_for_model, uses_external_data


def read(path):
    model = onnx.load(path, load_external_data=False)
    load_external_data_for_model(model, os.path.dirname(path))
    for tensor in onnx.external_data_helper._get_all_tensors(model):
        if not uses_external_data(tensor):
            tensor.ClearField("data_location")
            del tensor.external_data[:]
    return plain(model)


def plain(message):
    if isinstance(message, onnx.TensorProto) and message.data_type != onnx.TensorProto.STRING:
        elements = onnx.numpy_helper.to_array(message).tobytes()
        for name in ["float_data", "int32_data", "int64_data", "double_data", "uint64_data"]:
            message.ClearField(name)
        message.raw_data = elements
    if isinstance(message, onnx.TensorShapeProto.Dimension) and message.dim_value < 0:
        message.ClearField("dim_value")
    for field, value in list(message.ListFields()):
        if field.message_type is not None:
            for each in value if field.is_repeated else [value]:
                plain(each)
            if not field.is_repeated and not value.ListFields():
                message.ClearField(field.name)
        elif not field.is_repeated and (value == field.default_value or (field.name == "domain" and value == "ai.onnx")):
            message.ClearField(field.name)
    return message


def accepted(path):
    try:
        onnx.checker.check_model(path)
        return True
    except Exception:
        return False


result = {"pairs": 0, "unreadable": [], "differ": [], "checker": []}
for line in sys.stdin:
    original, copy = line.rstrip("\n").split("\t")
    try:
        before = read(original)
    except Exception as error:
        result["unreadable"].append(f"{original}: {error}"[:200])
        continue
    result["pairs"] += 1
    try:
        same = before == read(copy)
    except Exception as error:
        same = False
        print(copy, error, file=sys.stderr)
    if not same:
        result["differ"].append(copy)
    if accepted(original) != accepted(copy):
        result["checker"].append(copy)
print(json.dumps(result))
