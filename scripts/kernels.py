"""Prints as JSON what element types the CPU kernels of the installed ONNX Runtime take, operator by operator.

[operator, [[since, [kernel, …]], …]]: `since` is the operator set from which on that version of the operator holds;
a kernel is {"i0": [types], "o0": [types]}, by the first input of each type that the operator has, or its first output,
without those that take every type that the operator does. From where on ONNX defines an operator by
others, it has one that takes everything: without a kernel it runs as those. Constant, which no kernel computes, is left out.
"""

import json
import sys

import onnx.defs
from onnxruntime.capi import _pybind_state as runtime

LAST = 2**31 - 1


def element(name):
    return name[len("tensor(") : -1] if name.startswith("tensor(") else None


def elements(names):
    return sorted({element(name) for name in names} - {None})


def runs_as_others_from(name, since):
    """The operator set from which on ONNX defines this version by other operators; none where it does not."""
    try:
        schema = onnx.defs.get_schema(name, since, "")
    except onnx.defs.SchemaError:
        return since
    versions = [*schema.function_opset_versions, *schema.context_dependent_function_opset_versions]
    return max(since, min(versions)) if versions else None


def fits(kernel, since):
    first, last = kernel.version_range
    return first == since or (first < since and last != LAST and last >= since)


def limits(kernel, schema):
    """The positions at which the kernel takes fewer types than the operator."""
    allowed = {each.type_param_str: elements(each.allowed_type_strs) for each in schema.type_constraints}
    found = {}
    seen = set()
    for letter, parameters in (("i", schema.inputs), ("o", schema.outputs)):
        for index, parameter in enumerate(parameters):
            taken = kernel.type_constraints.get(parameter.typeStr, kernel.type_constraints.get(parameter.name))
            if taken is None or parameter.typeStr in seen:
                continue
            seen.add(parameter.typeStr)
            if not set(allowed.get(parameter.typeStr, [element(parameter.typeStr)])) <= set(elements(taken)):
                found[f"{letter}{index}"] = elements(taken)
    return found


kernels = {}
for kernel in runtime.get_all_opkernel_def():
    if kernel.domain == "" and kernel.provider == "CPUExecutionProvider":
        kernels.setdefault(kernel.op_name, []).append(kernel)

operators = {}
for schema in runtime.get_all_operator_schema():
    if schema.domain != "" or schema.deprecated or schema.name == "Constant":
        continue
    since = schema.since_version
    found = [limits(each, schema) for each in kernels.get(schema.name, []) if fits(each, since)]
    versions = operators.setdefault(schema.name, {})
    versions[since] = [{}] if {} in found else found
    defined = runs_as_others_from(schema.name, since)
    if defined is not None:
        versions[defined] = [{}]

json.dump(sorted([name, sorted(versions.items())] for name, versions in operators.items()), sys.stdout)
