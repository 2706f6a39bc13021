"""Builds test/fixtures/node-tests.zip.gz from the node tests of the `onnx` package.

    pip install onnx && python scripts/make-node-tests.py

One entry a test: NAME/model.onnx, and where its data is small NAME/input_I.pb and NAME/output_I.pb as the package
serializes them. The data is a fact of the ONNX standard; the script runs rarely and its result is committed. The entries are stored and the whole is
compressed, since thousands of small files have much in common.
"""

import gzip
import io
import pathlib
import warnings
import zipfile

import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

MOST_DATA = 2 << 10  # bytes of inputs and outputs a test

warnings.simplefilter("ignore")
target = pathlib.Path(__file__).parent.parent / "test/fixtures/node-tests.zip.gz"
target.parent.mkdir(parents=True, exist_ok=True)


def serialized(value, info):
    """A tensor as the package writes it; None for sequences, optionals and maps."""
    if info.type.WhichOneof("value") != "tensor_type":
        return None
    if not isinstance(value, onnx.TensorProto):
        value = numpy_helper.from_array(value, info.name)
    value.name = info.name
    return value.SerializeToString(deterministic=True)


def entries(case):
    yield "model.onnx", case.model.SerializeToString(deterministic=True)
    if not case.data_sets:
        return
    inputs, outputs = case.data_sets[0]
    graph = case.model.graph
    data = []
    for kind, values, infos in (("input", inputs, graph.input), ("output", outputs, graph.output)):
        for index, (value, info) in enumerate(zip(values, infos)):
            data.append((f"{kind}_{index}.pb", serialized(value, info)))
    if all(each is not None for _, each in data) and sum(len(each) for _, each in data) <= MOST_DATA:
        yield from data


count = 0
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w") as archive:
    for case in sorted(collect_testcases(""), key=lambda case: case.name):
        for name, data in entries(case):
            archive.writestr(zipfile.ZipInfo(f"{case.name}/{name}", (1980, 1, 1, 0, 0, 0)), data)
        count += 1
target.write_bytes(gzip.compress(buffer.getvalue(), 9, mtime=0))
print(f"{count} tests, {target.stat().st_size} bytes")
