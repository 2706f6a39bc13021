"""Writes what ONNX and ONNX Runtime declare of their operators to src/worker/operator-schemas.json: names, types and
defaults, no texts. Needs Python with `onnx` and `onnxruntime`:

    python3 scripts/operator-schemas.py

`types` are sets of element types, which inputs and outputs name by their place. An operator is a list of its forms,
oldest first: operator set, inputs, outputs, attributes. An input is `name:types`, after the name `?` when it may be
left out and `*` when there may be many; an attribute is `type`, with `!` when it must be given or `=` and its default.
"""
import json
import re
from pathlib import Path

import onnx
import onnx.defs
from onnxruntime.capi.onnxruntime_pybind11_state import get_all_operator_schema

types = []
longest_list = 8


def type_index(names):
    short = [re.sub(r"\bfloat\b", "float32", re.sub(r"\bdouble\b", "float64", name)) for name in names]
    text = " ".join(sorted(re.sub(r"^tensor\((\w+)\)$", r"\1", name).replace(" ", "") for name in short))
    if text not in types:
        types.append(text)
    return types.index(text)


def parameters(formal, type_name, constraints):
    marks = {"Optional": "?", "Variadic": "*"}
    return " ".join(
        f"{each.name}{marks.get(str(each.option).split('.')[-1], '')}:"
        f"{type_index(constraints.get(type_name(each), [type_name(each)]))}"
        for each in formal
    )


def default_text(proto):
    value = onnx.helper.get_attribute_value(proto)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, (list, tuple)):
        shown = [each.decode() if isinstance(each, bytes) else f"{each:.7g}" for each in value]
        return f"[{', '.join(shown[:longest_list])}{', …' if len(shown) > longest_list else ''}]"
    return str(value) if isinstance(value, int) else None


def attribute(declared, default):
    text = str(declared.type).split(".")[-1].lower()
    if declared.required:
        return f"{text}!"
    shown = default_text(default) if default is not None and default.type else None
    return text if shown is None else f"{text}={shown}"


def parsed(serialized):
    proto = onnx.AttributeProto()
    proto.ParseFromString(serialized)
    return proto if serialized else None


def from_onnx(schema):
    constraints = {each.type_param_str: each.allowed_type_strs for each in schema.type_constraints}
    type_name = lambda each: each.type_str
    return [
        schema.since_version,
        parameters(schema.inputs, type_name, constraints),
        parameters(schema.outputs, type_name, constraints),
        {name: attribute(each, each.default_value) for name, each in sorted(schema.attributes.items())},
    ]


def from_runtime(schema):
    constraints = {each.type_param_str: each.allowed_type_strs for each in schema.type_constraints}
    type_name = lambda each: each.typeStr
    return [
        schema.since_version,
        parameters(schema.inputs, type_name, constraints),
        parameters(schema.outputs, type_name, constraints),
        {name: attribute(each, parsed(each._default_value)) for name, each in sorted(schema.attributes.items())},
    ]


forms = {}
for schema in onnx.defs.get_all_schemas_with_history():
    forms.setdefault(schema.domain, {}).setdefault(schema.name, []).append(from_onnx(schema))
for schema in get_all_operator_schema():
    if schema.domain == "com.microsoft":
        forms.setdefault(schema.domain, {}).setdefault(schema.name, []).append(from_runtime(schema))

compact = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
lines = ['{"types":[', ",\n".join(compact(each) for each in types), '],"domains":{']
domains = []
for domain, operators in sorted(forms.items()):
    rows = [f"{compact(name)}:{compact(sorted(each, key=lambda form: form[0]))}" for name, each in sorted(operators.items())]
    domains.append(f"{compact(domain)}:{{\n" + ",\n".join(rows) + "\n}")
path = Path(__file__).parent.parent / "src/worker/operator-schemas.json"
path.write_text("\n".join(lines) + "\n" + ",\n".join(domains) + "\n}}\n", encoding="utf-8")
