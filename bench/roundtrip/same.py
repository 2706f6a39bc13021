"""Compares copies of models with their originals through the official library: reads lines `original<TAB>copy`.

Prints one JSON object: pairs, files the library cannot read itself, pairs whose fields differ, pairs of which the
checker accepts one and refuses the other. Weights in external files are taken in before fields are compared, and a field that
says its default counts as one that is not there.
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
    return without_defaults(model)


def without_defaults(message):
    for field, value in list(message.ListFields()):
        if field.message_type is not None:
            for each in value if field.is_repeated else [value]:
                without_defaults(each)
        elif not field.is_repeated and value == field.default_value:
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
